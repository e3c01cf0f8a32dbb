import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import type { Frame } from "@/live/frame";
import { apply } from "./apply";
import { emptyThread, logMax, messagesMax } from "./chat";
import { applyToThreads, type Threads } from "./chat_store";
import { applyHop, pruneHops, type Hops } from "./hops";
import { emptyOrg, withPicture } from "./org";
import { applyTask, pruneTasks, readableMs, type RecentTasks } from "./recent_tasks";

const ids = ["a", "b", "c"];
const eventsOfTenMinutes = 60_000;

it("ten busy minutes leave the page no larger than its bounds", () => {
  const begin = Date.parse("2026-01-01T00:00:00Z");
  let org = withPicture(emptyOrg, ids.map((id) => readWorkspace({ id, name: id, status: "online" })));
  let threads: Threads = new Map([["a", emptyThread]]);
  let hops: Hops = new Map();
  let recent: RecentTasks = new Map();
  for (let i = 0; i < eventsOfTenMinutes; i += 1) {
    const id = ids[i % 3] ?? "a";
    const at = begin + i * 10;
    const event = ["TASK_UPDATED", "AGENT_MESSAGE", "DELEGATION_SENT", "WORKSPACE_HEARTBEAT", "USER_MESSAGE", "WORKSPACE_UPDATED"][i % 6] ?? "";
    const payload = {
      current_task: `task ${i}`,
      message: `answer ${i}`,
      message_id: `m${i}`,
      content: `question ${i}`,
      target_id: "c",
      task_preview: `task ${i}`,
      delegation_id: `d${i}`,
      x: i,
      y: 1,
    };
    const frame = { event, workspace_id: id, at, payload, seq: i + 1, transient: event === "WORKSPACE_HEARTBEAT" } as Frame;
    org = apply(org, frame).org;
    threads = applyToThreads(threads, frame);
    hops = applyHop(hops, frame);
    recent = applyTask(recent, frame, at);
  }
  const end = begin + eventsOfTenMinutes * 10;
  expect(org.workspaces.size).toBe(ids.length);
  expect([...threads.keys()]).toEqual(["a"]);
  expect(threads.get("a")?.messages.length).toBeLessThanOrEqual(messagesMax);
  expect(threads.get("a")?.log.length).toBeLessThanOrEqual(logMax);
  expect(hops.size).toBeLessThanOrEqual(ids.length * ids.length);
  expect(pruneHops(hops, end + 2 * 3_600_000).size).toBe(0);
  expect(pruneTasks(recent, end + readableMs).size).toBe(0);
});
