import { Store } from "@/ui/store";
import type { Rect } from "./layout";

/** Short-lived marks on cards. Cards read their own by id, so that only the marked ones render. */
export interface Marks {
  selected: string | undefined;
  /** Chosen together with others, for what is done to all of them. */
  picked: ReadonlySet<string>;
  dropInto: string | undefined;
  /** Where the dragged card would stand in the one it is over. */
  landing: Rect | undefined;
  /** Being deleted: dimmed and locked. */
  leaving: ReadonlySet<string>;
  /** Its name is being written on its card. */
  renaming: string | undefined;
}

export const marksStore = new Store<Marks>({ selected: undefined, picked: new Set(), dropInto: undefined, landing: undefined, leaving: new Set(), renaming: undefined });

/** The card under the pointer, or that keys have reached. */
export const pointedStore = new Store<string | undefined>(undefined);

/** The card that keys have reached, or are on their way to: it is drawn wherever it is. */
export const reachedStore = new Store<string | undefined>(undefined);

/** The painted card under the pointer. */
export const underStore = new Store<string | undefined>(undefined);

/** The pointed card and those it has traffic with, while it has any. */
export const litStore = new Store<ReadonlySet<string>>(new Set());

export function mark(change: Partial<Marks>): void {
  const before = marksStore.get();
  if ((Object.keys(change) as (keyof Marks)[]).every((key) => before[key] === change[key])) return;
  marksStore.set({ ...before, ...change });
}

/** Adds a card to those picked, or takes it out again. The open one, if any, is the first of them. */
export function pick(id: string): void {
  const { picked, selected } = marksStore.get();
  const next = new Set(picked.size === 0 && selected !== undefined && selected !== id ? [selected] : picked);
  if (!next.delete(id)) next.add(id);
  mark({ picked: next });
}

export function pickAlso(ids: readonly string[]): void {
  if (ids.length > 0) mark({ picked: new Set([...marksStore.get().picked, ...ids]) });
}

/** True when there was something to let go. */
export function unpick(): boolean {
  if (marksStore.get().picked.size === 0) return false;
  mark({ picked: new Set() });
  return true;
}
