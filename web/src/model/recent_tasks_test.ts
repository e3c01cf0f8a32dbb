import { expect, it } from "vitest";
import type { Frame } from "@/live/frame";
import { applyTask, pruneTasks, readableMs, recentMax, type RecentTasks } from "./recent_tasks";

const task = (workspace_id: string, current_task: string): Frame => ({
  event: "TASK_UPDATED",
  workspace_id,
  payload: { current_task },
  seq: 1,
  at: 0,
  transient: false,
});

it("keeps a task readable for its time, though it ended at once", () => {
  let recent: RecentTasks = new Map();
  recent = applyTask(recent, task("r", "Reading"), 1000);
  recent = applyTask(recent, task("r", ""), 1005);
  expect(recent.get("r")?.text).toBe("Reading");
  expect(pruneTasks(recent, 1000 + readableMs - 1)).toBe(recent);
  expect(pruneTasks(recent, 1000 + readableMs).size).toBe(0);
});

it("shows the newest of several, and remembers a bounded number of workspaces", () => {
  let recent: RecentTasks = new Map();
  for (let i = 0; i < recentMax + 10; i += 1) recent = applyTask(recent, task(`w${i}`, "x"), 0);
  expect(recent.size).toBe(recentMax);
  expect(applyTask(recent, task("w1", "y"), 0).get("w1")?.text).toBe("y");
});
