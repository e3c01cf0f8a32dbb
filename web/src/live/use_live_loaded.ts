import { useEffect } from "react";
import { useLoaded, type Loaded } from "@/ui/use_loaded";
import { onBack } from "./live_bus";

/** As `useLoaded`, and read anew by itself once the platform is there again after it was not: no panel waits for a Retry then. */
export function useLiveLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const loaded = useLoaded(load);
  const { reload } = loaded;
  useEffect(() => onBack(() => void reload()), [reload]);
  return loaded;
}
