import { now } from "@/ui/clock";
import { Store } from "@/ui/store";
import type { LiveState } from "./connection";
import type { Frame } from "./frame";

/** The state of the page's one connection, for the toolbar. */
export const liveState = new Store<LiveState>("connecting");

/** When what is shown was last known to be so: while events come, always; else when the last picture was taken. */
export const knownAt = new Store<number>(now());

/** What the page's one connection can be asked for; filled in when it starts. */
export const connection = { reconnect: (): void => undefined };

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

/** Told when what was read may be read again: events come again, or pictures do in their place. */
export function onBack(listener: () => void): () => void {
  let last = liveState.get();
  const leaveState = liveState.subscribe(() => {
    const state = liveState.get();
    if (state === "live" && last !== "live") listener();
    last = state;
  });
  const leaveStale = onStale(listener);
  return () => {
    leaveStale();
    leaveState();
  };
}

export function publishStale(): void {
  for (const listener of staleListeners) listener();
}

export function publishFrames(frames: Frame[]): void {
  for (const listener of listeners) listener(frames);
}
