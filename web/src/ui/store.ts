import { useSyncExternalStore } from "react";

/** A value that changes by replacement, with everyone who watches it. */
export class Store<S> {
  #value: S;
  readonly #listeners = new Set<() => void>();

  constructor(initial: S) {
    this.#value = initial;
  }

  get = (): S => this.#value;

  /** Replaces the value; the same value again wakes nobody. */
  set = (next: S): void => {
    if (Object.is(next, this.#value)) return;
    this.#value = next;
    for (const listener of this.#listeners) listener();
  };

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** Reads a part of a store and re-renders only when that part is a different value. */
export function useSelected<S, T>(store: Store<S>, select: (value: S) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}
