import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { queuedNote } from "./chat_session";
import { writing } from "./composer";

const workspace = (more: Record<string, unknown>) => readWorkspace({ id: "w", name: "pm", runtime: "external", delivery_mode: "push", ...more });

it("lets a person write to who can read, and says why not otherwise", () => {
  expect(writing(workspace({ status: "online" }))).toEqual({ allowed: true });
  expect(writing(workspace({ status: "degraded" })).allowed).toBe(true);
  for (const status of ["offline", "paused", "provisioning", "awaiting_agent", "failed"]) {
    const { allowed, notice } = writing(workspace({ status }));
    expect(allowed).toBe(false);
    expect(notice).toBeTruthy();
  }
});

it("offers what helps, where something does", () => {
  const help = (more: Record<string, unknown>) => writing(workspace(more)).help;
  expect(help({ status: "paused" })).toBe("resume");
  expect(help({ status: "awaiting_agent" })).toBe("connect");
  expect(help({ status: "awaiting_agent", delivery_mode: "poll" })).toBe("connect");
  expect(help({ status: "failed", runtime: "langgraph" })).toBe("restart");
  expect(help({ status: "failed" })).toBeUndefined();
  expect(help({ status: "provisioning" })).toBeUndefined();
});

it("keeps a poll-mode agent writable while it is away, and says that it queues", () => {
  const { allowed, notice } = writing(workspace({ status: "offline", delivery_mode: "poll" }));
  expect(allowed).toBe(true);
  expect(notice).toContain("queued");
});

it("tells in words what a queued receipt means", () => {
  expect(queuedNote({ status: "queued", delivery_mode: "poll" })).toContain("inbox");
  expect(queuedNote({ status: "queued", queue_depth: 3 })).toContain("3 messages");
});
