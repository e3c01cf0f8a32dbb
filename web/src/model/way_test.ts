import { expect, it } from "vitest";
import type { TaskNode } from "@/api/wire";
import { span, wayOf } from "./way";

const begin = Date.parse("2030-01-01T10:00:00Z");
const at = (seconds: number) => new Date(begin + seconds * 1000).toISOString();
const node = (id: string, depth: number, from: number, until?: number, more: Partial<TaskNode> = {}): TaskNode => ({
  id,
  depth,
  kind: depth === 0 ? "message" : "delegation",
  state: until === undefined ? "working" : "completed",
  standing: until === undefined ? "seen" : "answered",
  created_at: at(from),
  since: at(until ?? from),
  ...(until === undefined ? {} : { ended_at: at(until) }),
  workspace_id: `w${id}`,
  name: id,
  source_id: depth === 0 ? null : "w",
  summary: `ask ${id}`,
  ...more,
});

it("is the tree of a task, from its first message to its last end", () => {
  const way = wayOf([node("a", 0, 1, 9), node("b", 1, 2, 5), node("c", 2, 3, 4)], "b", false);
  expect(way.steps.map(({ id, depth }) => [id, depth])).toEqual([["a", 0], ["b", 1], ["c", 2]]);
  expect(way.steps[0]).toMatchObject({ from: null, to: "wa", toName: "a", text: "ask a", standing: "answered", endedAt: begin + 9000 });
  expect([way.startedAt, way.endedAt, way.asked]).toEqual([begin + 1000, begin + 9000, "b"]);
});

it("says what was said, and not again to whom", () => {
  const text = (summary: string) => wayOf([node("pm", 0, 0, 1, { summary })], "pm", false).steps[0]?.text;
  expect(text("message/send → pm: look: here")).toBe("look: here");
  expect(text("say → pm: hello, as I → pm: did")).toBe("hello, as I → pm: did");
  expect(text("I go a → pm: b")).toBe("I go a → pm: b");
  expect(text("message/send → other: x")).toBe("message/send → other: x");
});

it("is not over as long as one message is not", () => {
  const way = wayOf([node("a", 0, 0, 0.5), node("b", 1, 1)], "a", false);
  expect(way.endedAt).toBeUndefined();
  const [first, last] = way.steps;
  if (!first || !last) throw new Error("two steps");
  expect(span(way, first, begin + 2000)).toEqual({ from: 0, length: 0.25 });
  expect(span(way, last, begin + 2000)).toEqual({ from: 0.5, length: 0.5 });
});

it("takes the time of its word for the end where none is told, and an unknown word for one that goes on", () => {
  const [ended, strange] = wayOf([node("a", 0, 1, undefined, { standing: "expired", since: at(7) }), node("b", 1, 1, undefined, { standing: "dreaming" })], "a", false).steps;
  expect(ended).toMatchObject({ standing: "expired", endedAt: begin + 7000 });
  expect(strange).toMatchObject({ standing: "seen", endedAt: undefined });
});

it("says what became of a task whose agent answered that it is at it, from then until its end", () => {
  const early = { standing: "answered", ended_at: at(1) };
  const [working, asks, unknown, canceled, failed, completed] = wayOf(
    [
      node("a", 0, 0, 1, { standing: "seen", state: "working" }),
      node("b", 1, 0, 1, { standing: "seen", state: "input-required" }),
      node("u", 1, 0, 1, { standing: "seen", state: "unknown" }),
      node("c", 1, 0, 9, { ...early, state: "canceled" }),
      node("d", 1, 0, 9, { ...early, state: "failed" }),
      node("e", 1, 0, 9, { ...early, state: "completed" }),
    ],
    "a",
    false,
  ).steps;
  expect(working).toMatchObject({ standing: "seen", endedAt: undefined });
  expect(asks).toMatchObject({ standing: "asks", endedAt: begin + 1000 });
  expect(unknown).toMatchObject({ standing: "seen", endedAt: begin + 1000 });
  expect(canceled).toMatchObject({ standing: "canceled", endedAt: begin + 9000 });
  expect(failed).toMatchObject({ standing: "failed", endedAt: begin + 9000 });
  expect(completed).toMatchObject({ standing: "answered", endedAt: begin + 9000 });
});
