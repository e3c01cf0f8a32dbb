import { Store } from "@/ui/store";

/** A secret is typed somewhere and not saved: whoever closes its place asks first. */
export const unsavedStore = new Store(false);
