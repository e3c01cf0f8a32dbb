import { Store } from "@/ui/store";
import { hopsStore, minuteMs, summed, type Hops } from "./hops";

/** The minute of the last hour that is looked at, since the epoch; undefined: the whole hour up to now. */
export const lookedAtStore = new Store<number | undefined>(undefined);

/** So many minutes up to the one that is looked at are shown together: one alone is mostly empty. */
export const lookedMinutes = 5;
/** The minutes that can be looked at. */
export const minutesShown = 60;

/** What was handed over in the minutes up to this one. */
export function hopsUpTo(hops: Hops, minute: number): Hops {
  const then = new Map<string, NonNullable<ReturnType<Hops["get"]>>>();
  for (const [key, hop] of hops) {
    const minutes = hop.minutes.filter((each) => each.minute <= minute && each.minute > minute - lookedMinutes);
    const last = minutes.at(-1);
    if (last) then.set(key, summed({ ...hop, lastAt: Math.min(hop.lastAt, (last.minute + 1) * minuteMs - 1) }, minutes));
  }
  return then;
}

/** Of each minute up to this one, the oldest first: how much was handed over, and how much of it failed. */
export function trafficByMinute(hops: Hops, minute: number): { sent: number; failed: number }[] {
  const all = Array.from({ length: minutesShown }, () => ({ sent: 0, failed: 0 }));
  for (const { minutes } of hops.values())
    for (const each of minutes) {
      const at = all[minutesShown - 1 - (minute - each.minute)];
      if (!at) continue;
      at.sent += each.sent;
      at.failed += each.failed;
    }
  return all;
}

/** The hops that are drawn: of the hour, or of the time that is looked at. */
export const drawnHopsStore = new Store<Hops>(hopsStore.get());

function draw(): void {
  const minute = lookedAtStore.get();
  drawnHopsStore.set(minute === undefined ? hopsStore.get() : hopsUpTo(hopsStore.get(), minute));
}
hopsStore.subscribe(draw);
lookedAtStore.subscribe(draw);
