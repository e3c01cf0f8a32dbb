import { expect, it } from "vitest";
import type { Frame } from "@/live/frame";
import { applyHop, hopsMax, hopWindowMs, pruneHops, type Hops } from "./hops";

const told = (event: "DELEGATION_SENT" | "DELEGATION_FAILED", from: string, to: string, at: number, more = {}): Frame => ({
  event,
  workspace_id: from,
  payload: { target_id: to, ...more },
  seq: at,
  at,
  transient: false,
});
const sent = (from: string, to: string, at: number) => told("DELEGATION_SENT", from, to, at);

it("counts delegations by ordered pair and forgets them after an hour", () => {
  let hops: Hops = new Map();
  hops = applyHop(hops, sent("a", "b", 1000));
  hops = applyHop(hops, sent("a", "b", 2000));
  hops = applyHop(hops, sent("b", "a", 3000));
  hops = applyHop(hops, told("DELEGATION_FAILED", "a", "b", 4000));
  expect(hops.get("a>b")).toMatchObject({ count: 2, failed: 1, lastAt: 4000 });
  expect(hops.get("b>a")?.count).toBe(1);
  expect(pruneHops(hops, 4000)).toBe(hops);
  expect(pruneHops(hops, 4000 + hopWindowMs).size).toBe(0);
});

it("counts what was canceled apart from what failed", () => {
  let hops: Hops = new Map();
  for (const status of ["failed", "canceled", "canceled"]) hops = applyHop(applyHop(hops, sent("a", "b", 1000)), told("DELEGATION_FAILED", "a", "b", 2000, { status }));
  expect(hops.get("a>b")).toMatchObject({ count: 3, failed: 1, canceled: 2 });
  expect(pruneHops(applyHop(hops, sent("a", "b", hopWindowMs)), hopWindowMs).get("a>b")).toMatchObject({ count: 1, failed: 0, canceled: 0 });
});

it("says how many there were in the last hour, not since the page was opened", () => {
  let hops: Hops = new Map();
  for (let minute = 0; minute < 90; minute += 1) hops = applyHop(hops, sent("a", "b", minute * 60_000));
  expect(hops.get("a>b")?.count).toBe(60);
  expect(hops.get("a>b")?.minutes.length).toBe(60);
  expect(pruneHops(hops, 119 * 60_000).get("a>b")?.count).toBe(30);
});

it("keeps a bounded number of pairs, the quietest going first", () => {
  let hops: Hops = new Map();
  for (let i = 0; i <= hopsMax; i += 1) hops = applyHop(hops, sent("a", `to${i}`, i + 1));
  expect(hops.size).toBe(hopsMax);
  expect(hops.has("a>to0")).toBe(false);
});

it("ignores what goes nowhere", () => {
  const hops: Hops = new Map();
  expect(applyHop(hops, sent("a", "a", 1))).toBe(hops);
  expect(applyHop(hops, { ...sent("a", "b", 1), payload: {} })).toBe(hops);
});
