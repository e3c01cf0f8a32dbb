import { expect, test } from "vitest";
import { beatBars, beatsMs, withBeats, workspacesMax, type Beats } from "./beats";
import type { Frame } from "./frame";

const beat = (workspace_id: string, at: number, active_tasks = 0) => ({ event: "WORKSPACE_HEARTBEAT", workspace_id, at, payload: { active_tasks }, seq: 1, transient: true }) as Frame;

test("heartbeats are remembered for a while, and other events are not", () => {
  const none: Beats = new Map();
  expect(withBeats(none, [{ ...beat("a", 1), event: "WORKSPACE_LATE" } as Frame])).toBe(none);
  const some = withBeats(withBeats(none, [beat("a", 0), beat("b", 5)]), [beat("a", beatsMs + 1, 2)]);
  expect(some.get("a")).toEqual([{ at: beatsMs + 1, tasks: 2 }]);
  expect(some.get("b")).toHaveLength(1);
});

test("who has been silent for long makes room for others, and who goes on keeps its place", () => {
  const full = withBeats(new Map(), Array.from({ length: workspacesMax }, (_, index) => beat(`w${index}`, 0)));
  const later = withBeats(full, [beat("late", 1), beat("w0", 2)]);
  expect(later.has("late")).toBe(false);
  expect(later.get("w0")).toHaveLength(2);
  expect([...withBeats(later, [beat("late", beatsMs + 1)]).keys()]).toEqual(["w0", "late"]);
});

test("bars tell the most work of each part of the time, and where nothing came", () => {
  const now = 2 * beatsMs;
  expect(beatBars([{ at: now - beatsMs + 1, tasks: 1 }, { at: now, tasks: 0 }, { at: now - 1, tasks: 3 }, { at: 0, tasks: 9 }], now, 4)).toEqual([1, undefined, undefined, 3]);
});
