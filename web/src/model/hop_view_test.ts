import { afterEach, expect, test } from "vitest";
import type { Frame } from "@/live/frame";
import { drawnHopsStore, hopsUpTo, lookedAtStore, minutesShown, trafficByMinute } from "./hop_view";
import { applyHop, hopsStore, minuteMs, type Hops } from "./hops";

const sent = (from: string, to: string, minute: number, event = "DELEGATION_SENT") =>
  ({ event, workspace_id: from, payload: { target_id: to }, at: minute * minuteMs + 5, seq: 1, transient: false }) as unknown as Frame;
const after = (...frames: Frame[]) => frames.reduce<Hops>(applyHop, new Map());
const hops = after(sent("a", "b", 100), sent("a", "b", 103), sent("a", "b", 130), sent("b", "c", 129), sent("b", "c", 130, "DELEGATION_FAILED"));

afterEach(() => {
  lookedAtStore.set(undefined);
  hopsStore.set(new Map());
});

test("what is looked at is the traffic of the minutes before, with its own counts and age", () => {
  const then = hopsUpTo(hops, 104);
  expect([...then.keys()]).toEqual(["a>b"]);
  expect(then.get("a>b")).toMatchObject({ count: 2, failed: 0 });
  expect(then.get("a>b")?.lastAt).toBeLessThan(104 * minuteMs);
  expect(hopsUpTo(hops, 105).get("a>b")?.count).toBe(1);
  expect([...hopsUpTo(hops, 115).keys()]).toEqual([]);
  expect(hopsUpTo(hops, 130).get("b>c")).toMatchObject({ count: 1, failed: 1 });
});

test("each minute tells how much there was", () => {
  const minutes = trafficByMinute(hops, 130);
  expect(minutes).toHaveLength(minutesShown);
  expect(minutes.at(-1)).toEqual({ sent: 1, failed: 1 });
  expect(minutes.at(-2)).toEqual({ sent: 1, failed: 0 });
  expect(minutes.reduce((sum, each) => sum + each.sent, 0)).toBe(4);
  expect(trafficByMinute(hops, 130 + minutesShown).every(({ sent: count }) => count === 0)).toBe(true);
});

test("what is drawn follows what is looked at, and what comes meanwhile does not show there", () => {
  hopsStore.set(hops);
  expect(drawnHopsStore.get()).toBe(hops);
  lookedAtStore.set(104);
  expect([...drawnHopsStore.get().keys()]).toEqual(["a>b"]);
  hopsStore.set(applyHop(hops, sent("c", "a", 131)));
  expect([...drawnHopsStore.get().keys()]).toEqual(["a>b"]);
  lookedAtStore.set(undefined);
  expect(drawnHopsStore.get().size).toBe(3);
});
