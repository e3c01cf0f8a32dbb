import { useSyncExternalStore } from "react";

export interface Toast {
  id: number;
  tone: "info" | "success" | "error";
  text: string;
  action?: { label: string; run: () => void };
}

/** At most this many at once; the oldest gives way. */
const shownMax = 5;
const lifetimeMs = 4000;
const actionLifetimeMs = 10_000;

let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function publish(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Shows a toast and gives its number. Errors stay until dismissed; others leave by themselves, later with an action. */
export function toast(tone: Toast["tone"], text: string, action?: Toast["action"]): number {
  const id = nextId++;
  publish([...toasts, { id, tone, text, ...(action ? { action } : {}) }].slice(-shownMax));
  if (tone !== "error") setTimeout(() => dismissToast(id), action ? actionLifetimeMs : lifetimeMs);
  return id;
}

export function dismissToast(id: number): void {
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
