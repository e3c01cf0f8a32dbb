import { Store } from "@/ui/store";

/** Short-lived marks on cards. Cards read their own by id, so that only the marked ones render. */
export interface Marks {
  selected: string | undefined;
  dropInto: string | undefined;
  /** Being deleted: dimmed and locked. */
  leaving: ReadonlySet<string>;
}

export const marksStore = new Store<Marks>({ selected: undefined, dropInto: undefined, leaving: new Set() });

export function mark(change: Partial<Marks>): void {
  const before = marksStore.get();
  if ((Object.keys(change) as (keyof Marks)[]).every((key) => before[key] === change[key])) return;
  marksStore.set({ ...before, ...change });
}
