import type { Frame } from "@/live/frame";
import { Store } from "@/ui/store";

/** Delegations from one workspace to another in the last hour. */
export interface Hop {
  key: string;
  from: string;
  to: string;
  count: number;
  failed: number;
  canceled: number;
  lastAt: number;
  /** The same by minute, oldest first, so that what is older than the window can be taken off again. */
  minutes: readonly Minute[];
}

interface Minute {
  minute: number;
  sent: number;
  failed: number;
  canceled: number;
}

export type Hops = ReadonlyMap<string, Hop>;

export const hopWindowMs = 60 * 60_000;
export const minuteMs = 60_000;
/** A hop younger than this is drawn as moving. */
export const hopHotMs = 5 * 60_000;
/** Pairs kept; the quietest gives way. */
export const hopsMax = 200;

export const hopsStore = new Store<Hops>(new Map());

const isFresh = ({ minute }: Minute, now: number): boolean => now - minute * minuteMs < hopWindowMs;

/** A pair with the counts of these minutes. */
export function summed(hop: Pick<Hop, "key" | "from" | "to" | "lastAt">, minutes: readonly Minute[]): Hop {
  let [count, failed, canceled] = [0, 0, 0];
  for (const each of minutes) {
    count += each.sent;
    failed += each.failed;
    canceled += each.canceled;
  }
  return { ...hop, minutes, count, failed, canceled };
}

/** The hops after one event: a delegation sent counts, one that failed or was canceled marks its pair. */
export function applyHop(hops: Hops, frame: Frame): Hops {
  if (frame.event !== "DELEGATION_SENT" && frame.event !== "DELEGATION_FAILED") return hops;
  const to = frame.payload.target_id;
  if (typeof to !== "string" || to === "" || frame.workspace_id === "" || to === frame.workspace_id) return hops;
  const what = frame.event === "DELEGATION_SENT" ? "sent" : frame.payload.status === "canceled" ? "canceled" : "failed";
  const key = `${frame.workspace_id}>${to}`;
  const before = hops.get(key);
  const minute = Math.floor(frame.at / minuteMs);
  const minutes = new Map((before?.minutes ?? []).map((each) => [each.minute, each]));
  const here = minutes.get(minute) ?? { minute, sent: 0, failed: 0, canceled: 0 };
  minutes.set(minute, { ...here, [what]: here[what] + 1 });
  const lastAt = Math.max(before?.lastAt ?? 0, frame.at);
  const inWindow = [...minutes.values()].filter((each) => isFresh(each, lastAt)).sort((x, y) => x.minute - y.minute);
  const next = new Map(hops).set(key, summed({ key, from: frame.workspace_id, to, lastAt }, inWindow));
  if (next.size > hopsMax) {
    const quietest = [...next.values()].reduce((a, b) => (a.lastAt <= b.lastAt ? a : b));
    next.delete(quietest.key);
  }
  return next;
}

/** Takes off what is older than the window, and pairs that were quiet through it; the same map when nothing was. */
export function pruneHops(hops: Hops, now: number): Hops {
  let changed = false;
  const kept = new Map<string, Hop>();
  for (const [key, hop] of hops) {
    const minutes = hop.minutes.filter((each) => isFresh(each, now));
    if (minutes.length === hop.minutes.length) kept.set(key, hop);
    else {
      changed = true;
      if (minutes.length > 0) kept.set(key, summed(hop, minutes));
    }
  }
  return changed ? kept : hops;
}
