import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { marksStore } from "@/canvas/marks";
import { orgStore } from "@/model/org";
import { copyAll } from "./copying";
import { graceMs } from "./leaving";
import { pause, remove, resume } from "./lifecycle";
import { newest, undoMax } from "./history";
import { describe as rename, extractAll, fold, move, nestAll, nudge } from "./placing";
import { FakePlatform } from "./platform_fixture";
import { beforeUndo, redoLast, undoLast, whenIdle } from "./undo";

let platform: FakePlatform;
beforeEach(() => {
  platform = new FakePlatform([
    { id: "a", x: 40, y: 40 },
    { id: "b", parent_id: "a", x: 56, y: 226 },
    { id: "c", parent_id: "a", x: 352, y: 226, status: "paused" },
    { id: "d", x: 696, y: 40 },
    { id: "e", x: 1024, y: 40 },
  ]);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("takes back a pause with all that it reached, and nobody who was paused before", async () => {
  await pause("a");
  expect(["a", "b", "c"].map((id) => platform.workspaces.get(id)?.status)).toEqual(["paused", "paused", "paused"]);
  await undoLast();
  expect(["a", "b", "c"].map((id) => platform.workspaces.get(id)?.status)).toEqual(["online", "online", "paused"]);
  await redoLast();
  expect(platform.workspaces.get("b")?.status).toBe("paused");
  await resume("a");
  await undoLast();
  expect(platform.workspaces.get("a")?.status).toBe("paused");
});

it("deletes after a time of grace, and not at all when that is taken back", async () => {
  vi.useFakeTimers();
  await remove("a");
  expect([...marksStore.get().leaving].toSorted()).toEqual(["a", "b", "c"]);
  await vi.advanceTimersByTimeAsync(graceMs - 100);
  expect(platform.workspaces.has("a")).toBe(true);
  await undoLast();
  expect(marksStore.get().leaving.size).toBe(0);
  await vi.advanceTimersByTimeAsync(graceMs * 2);
  expect(platform.workspaces.has("a")).toBe(true);
  await redoLast();
  await vi.advanceTimersByTimeAsync(graceMs + 100);
  expect([...platform.workspaces.keys()]).toEqual(["d", "e"]);
  expect([...orgStore.get().workspaces.keys()]).toEqual(["d", "e"]);
  // What is gone cannot be taken back any more.
  expect(await undoLast()).toBe(false);
});

it("deletes copies that are taken back before the page has seen them", async () => {
  vi.useFakeTimers();
  await copyAll(["d", "e"]);
  expect(platform.workspaces.size).toBe(7);
  expect(orgStore.get().workspaces.size).toBe(5);
  await undoLast();
  await vi.advanceTimersByTimeAsync(graceMs + 100);
  expect([...platform.workspaces.keys()]).toEqual(["a", "b", "c", "d", "e"]);
});

it("leaves what is gone out of what can be taken back", async () => {
  vi.useFakeTimers();
  move("d", { x: 700, y: 900 });
  await vi.advanceTimersByTimeAsync(0);
  await nestAll(["d", "e"], "b");
  await remove("e");
  await vi.advanceTimersByTimeAsync(graceMs + 100);
  expect(await undoLast()).toBe(true);
  expect(platform.workspaces.get("d")).toMatchObject({ parent_id: null, x: 700, y: 900 });
  expect(await undoLast()).toBe(true);
  expect(platform.workspaces.get("d")).toMatchObject({ x: 696, y: 40 });
});

it("keeps a bounded number of steps, and forgets what was taken back when something else is done", async () => {
  for (let count = 0; count < undoMax + 5; count += 1) await fold("a", count % 2 === 0);
  let undone = 0;
  while (await undoLast()) undone += 1;
  expect(undone).toBe(undoMax);
  await fold("a", !platform.workspaces.get("a")?.collapsed);
  expect(await redoLast()).toBe(false);
});

/** Numbers that are the same for the same seed. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

it("gives back the exact state with every step taken back, and again with every step done again", { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 25; seed += 1) {
    platform = new FakePlatform(
      Array.from({ length: 9 }, (_, index) => ({ id: `w${index}`, x: 40 + (index % 4) * 328, y: 40 + Math.floor(index / 4) * 260, parent_id: index > 5 ? `w${index - 6}` : null })),
    );
    const next = chance(seed);
    const any = () => `w${next(9)}`;
    const states = [platform.places()];
    for (let step = 0; step < 20; step += 1) {
      const top = newest();
      const id = any();
      const kind = next(6);
      if (kind === 0) await nestAll([id], any());
      else if (kind === 1) await nestAll([id, any()], any());
      else if (kind === 2) await extractAll([id], { x: next(1500), y: next(1500) });
      else if (kind === 3) await fold(id, next(2) === 0);
      else if (kind === 4) await rename(id, { name: `n${step}` });
      else if (next(2) === 0) move(id, { x: next(1500), y: next(1500) });
      else nudge(id, { x: next(60), y: next(60) });
      for (const hand of beforeUndo) hand();
      await whenIdle();
      if (newest() !== top) states.push(platform.places());
    }
    for (const state of states.toReversed().slice(1)) {
      await undoLast();
      expect(platform.places(), `seed ${seed}`).toEqual(state);
    }
    for (const state of states.slice(1)) {
      await redoLast();
      expect(platform.places(), `seed ${seed}`).toEqual(state);
    }
  }
});
