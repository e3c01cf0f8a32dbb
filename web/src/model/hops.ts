import type { Frame } from "@/live/frame";
import { Store } from "@/ui/store";

/** Delegations from one workspace to another in the last hour. */
export interface Hop {
  key: string;
  from: string;
  to: string;
  count: number;
  failed: number;
  lastAt: number;
}

export type Hops = ReadonlyMap<string, Hop>;

export const hopWindowMs = 60 * 60_000;
/** A hop younger than this is drawn as moving. */
export const hopHotMs = 5 * 60_000;
/** Pairs kept; the quietest gives way. */
export const hopsMax = 200;

export const hopsStore = new Store<Hops>(new Map());

/** The hops after one event: a delegation sent counts, a failed one marks its pair. */
export function applyHop(hops: Hops, frame: Frame): Hops {
  const to = frame.payload.target_id;
  if (typeof to !== "string" || to === "" || frame.workspace_id === "" || to === frame.workspace_id) return hops;
  const sent = frame.event === "DELEGATION_SENT";
  const failed = frame.event === "DELEGATION_FAILED";
  if (!sent && !failed) return hops;
  const key = `${frame.workspace_id}>${to}`;
  const before = hops.get(key) ?? { key, from: frame.workspace_id, to, count: 0, failed: 0, lastAt: 0 };
  const next = new Map(hops).set(key, {
    ...before,
    count: before.count + (sent ? 1 : 0),
    failed: before.failed + (failed ? 1 : 0),
    lastAt: Math.max(before.lastAt, frame.at),
  });
  if (next.size > hopsMax) {
    const quietest = [...next.values()].reduce((a, b) => (a.lastAt <= b.lastAt ? a : b));
    next.delete(quietest.key);
  }
  return next;
}

/** Drops what is older than the window; the same map when nothing was. */
export function pruneHops(hops: Hops, now: number): Hops {
  const fresh = [...hops].filter(([, hop]) => now - hop.lastAt < hopWindowMs);
  return fresh.length === hops.size ? hops : new Map(fresh);
}
