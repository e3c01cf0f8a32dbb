import { useSyncExternalStore } from "react";

export interface Toast {
  id: number;
  tone: "info" | "success" | "error";
  text: string;
  /** How often it was said in a row. */
  times: number;
  action?: { label: string; run: () => void };
}

/** At most this many at once; the oldest gives way. */
const shownMax = 5;
/** Of those that only say that something went well, and leave by themselves. */
const passingMax = 2;
const lifetimeMs = 4000;
const actionLifetimeMs = 10_000;

const isPassing = ({ tone, action }: Toast): boolean => tone !== "error" && !action;

/** Those that stay when another one comes. */
function kept(all: readonly Toast[]): readonly Toast[] {
  const passing = all.filter(isPassing).slice(-passingMax);
  return all.filter((each) => !isPassing(each) || passing.includes(each)).slice(-shownMax);
}

let toasts: readonly Toast[] = [];
let nextId = 1;
const timers = new Map<number, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();

function publish(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/**
 * Shows a toast and gives its number. Errors stay until dismissed; others leave by themselves, later with an action. What
 * is shown already is not shown a second time: it is counted there. One with an action is always a toast of its own.
 */
export function toast(tone: Toast["tone"], text: string, action?: Toast["action"]): number {
  const same = action ? undefined : toasts.find((each) => each.tone === tone && each.text === text && !each.action);
  const id = same?.id ?? nextId++;
  if (same) publish(toasts.map((each) => (each === same ? { ...same, times: same.times + 1 } : each)));
  else publish(kept([...toasts, { id, tone, text, times: 1, ...(action ? { action } : {}) }]));
  if (tone !== "error") {
    clearTimeout(timers.get(id));
    timers.set(id, setTimeout(() => dismissToast(id), action ? actionLifetimeMs : lifetimeMs));
  }
  return id;
}

/** Takes every toast away. */
export function dismissAll(): void {
  for (const { id } of toasts) dismissToast(id);
}

export function dismissToast(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  if (toasts.some((each) => each.id === id)) publish(toasts.filter((each) => each.id !== id));
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}
