import { afterEach, expect, test, vi } from "vitest";
import type { Frame } from "./frame";
import { mayAsk, Questions } from "./questions";

const question = (id: string) => ({ id, seq: 1, workspace_id: "w", state: "input-required", since: "", summary: "", task_id: "t", context_id: "c" });
const answers = (...pages: unknown[]) => {
  const fetch = vi.fn(async () => new Response(JSON.stringify(pages.shift())));
  vi.stubGlobal("fetch", fetch);
  return fetch;
};
afterEach(() => vi.unstubAllGlobals());

const frame = (event: string, payload: unknown = {}) => ({ event, workspace_id: "w", at: 0, payload, seq: 1, transient: false }) as Frame;

test("what was answered here is not asked again, though the platform still lists it", async () => {
  const page = { items: [question("a"), question("b")], next_before_seq: null };
  answers(page, page, { items: [question("c"), question("a")], next_before_seq: null });
  const questions = new Questions();
  await questions.load();
  questions.settle("a");
  expect(questions.state.get().questions.map(({ id }) => id)).toEqual(["b"]);
  await questions.load();
  expect(questions.state.get().questions.map(({ id }) => id)).toEqual(["b"]);
  await questions.load();
  expect(questions.state.get().questions.map(({ id }) => id)).toEqual(["c"]);
});

test("only what may end with a question is a reason to ask", () => {
  expect(mayAsk(frame("A2A_RESPONSE"))).toBe(true);
  expect(mayAsk(frame("ACTIVITY_LOGGED", { activity_type: "a2a_receive", source_id: null, status: "ok" }))).toBe(true);
  expect(mayAsk(frame("ACTIVITY_LOGGED", { activity_type: "a2a_receive", source_id: null, status: "pending" }))).toBe(false);
  expect(mayAsk(frame("ACTIVITY_LOGGED", { activity_type: "a2a_receive", source_id: "x", status: "ok" }))).toBe(false);
  expect(mayAsk(frame("WORKSPACE_HEARTBEAT"))).toBe(false);
});
