import { Store } from "@/ui/store";
import type { LiveState } from "./connection";
import type { Frame } from "./frame";

/** The state of the page's one connection, for the toolbar. */
export const liveState = new Store<LiveState>("connecting");

type Listener = (frames: Frame[]) => void;
const listeners = new Set<Listener>();

/** Watches the events as they arrive, after the model has taken them in. */
export function onFrames(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const staleListeners = new Set<() => void>();

/** Told when what is made of events must be read anew: some will not come any more, or none come while pictures are polled. */
export function onStale(listener: () => void): () => void {
  staleListeners.add(listener);
  return () => staleListeners.delete(listener);
}

export function publishStale(): void {
  for (const listener of staleListeners) listener();
}

export function publishFrames(frames: Frame[]): void {
  for (const listener of listeners) listener(frames);
}
