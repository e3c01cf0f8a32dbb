import { Store } from "@/ui/store";
import type { Intent, Intents } from "./layout";

/** What people moved and the platform has not confirmed yet, so that a card stays where it was dropped. */
export const intentsStore = new Store<Intents>(new Map());

export function intend(moves: readonly ({ id: string } & Intent)[]): void {
  const next = new Map(intentsStore.get());
  for (const { id, ...intent } of moves) next.set(id, intent);
  intentsStore.set(next);
}

export function forgetIntents(ids: readonly string[]): void {
  const next = new Map(intentsStore.get());
  for (const id of ids) next.delete(id);
  intentsStore.set(next);
}
