// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { acceptedNote, openTurn, type ChatMessage } from "@/model/chat";
import { applyToThread, changeThread, threadOf, threadsStore } from "@/model/chat_store";
import { resend, restoreUnconfirmed, send, stopWaiting } from "./chat_session";
import { unconfirmed } from "./outbox";

type Answer = Response | Error | "never";

function platform(...answers: Answer[]) {
  const sent: { id: string; text: string; history: unknown[] }[] = [];
  vi.stubGlobal("fetch", (_path: string, init: { body: string; signal: AbortSignal | null }) => {
    const { params } = JSON.parse(init.body) as { params: { message: { messageId: string; parts: { text: string }[] }; metadata: { history: unknown[] } } };
    sent.push({ id: params.message.messageId, text: params.message.parts[0]?.text ?? "", history: params.metadata.history });
    const next = answers.shift();
    if (next === "never") return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    return next instanceof Response ? Promise.resolve(next) : Promise.reject(next ?? new Error("asked too often"));
  });
  return sent;
}
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const messages = (): readonly ChatMessage[] => threadOf(threadsStore.get(), "pm").messages;
const shown = () => messages().map(({ role, text, state }) => `${role}:${text}${state ? `:${state}` : ""}`);
function first(): ChatMessage {
  const [message] = messages();
  if (!message) throw new Error("nothing was sent");
  return message;
}

beforeEach(() => {
  threadsStore.set(new Map());
  sessionStorage.clear();
});
afterEach(() => vi.unstubAllGlobals());

it("shows the answer that comes with the request", async () => {
  platform(json({ jsonrpc: "2.0", id: "1", result: { parts: [{ kind: "text", text: "Hello" }] } }));
  send("pm", "Hi");
  expect(shown()).toEqual(["user:Hi:sending"]);
  await vi.waitFor(() => expect(shown()).toEqual(["user:Hi:answered", "agent:Hello"]));
});

it("keeps the turn open when the message was queued, and says where it waits", async () => {
  platform(json({ queued: true, status: "queued", queue_depth: 2, message: "busy; it waits" }, 202));
  send("pm", "Hi");
  await vi.waitFor(() => expect(openTurn(threadOf(threadsStore.get(), "pm"))?.state).toBe("queued"));
  expect(first().note).toContain("busy; it waits");
});

it("sends a message that may have arrived again under its own id", async () => {
  const sent = platform(new TypeError("network"), json({ result: "Hello" }));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first().state).toBe("failed"));
  resend("pm", first());
  await vi.waitFor(() => expect(shown()).toEqual(["user:Hi:answered", "agent:Hello"]));
  expect(sent[1]?.id).toBe(sent[0]?.id);
});

it("sends every message again under its own id, also one that was answered with a failure", async () => {
  const sent = platform(json({ error: "the agent failed", code: "agent_failed" }, 502), json({ result: "Hello" }));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first()).toMatchObject({ state: "failed", note: "the agent failed" }));
  resend("pm", first());
  await vi.waitFor(() => expect(shown()).toEqual(["user:Hi:answered", "agent:Hello"]));
  expect(sent[1]?.id).toBe(sent[0]?.id);
});

it("takes the word of something on the way for no word of the platform", async () => {
  platform(new Response("<h1>504 Gateway Time-out</h1>", { status: 504 }));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first()).toMatchObject({ state: "failed", uncertain: true }));
  expect(first().note).toContain("safe");
});

it("goes on waiting when the request broke off and the platform has the message", async () => {
  const refuse: { now?: (error: Error) => void } = {};
  vi.stubGlobal("fetch", () => new Promise((_, reject) => (refuse.now = reject)));
  send("pm", "Hi");
  const { id } = first();
  const at = first().at + 5;
  changeThread("pm", (thread) =>
    applyToThread(thread, { event: "USER_MESSAGE", workspace_id: "pm", seq: 1, at, transient: false, payload: { message_id: id, content: "Hi", activity_id: "row" } }),
  );
  refuse.now?.(new TypeError("network"));
  await vi.waitFor(() => expect(first()).toMatchObject({ state: "queued", note: acceptedNote }));
});

it("keeps the id of an unconfirmed message over a reload, until the platform is seen to have it", async () => {
  const sent = platform(new TypeError("network"), json({ result: "Hello" }));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first().state).toBe("failed"));
  // A reload.
  threadsStore.set(new Map());
  restoreUnconfirmed("other");
  expect(messages()).toEqual([]);
  restoreUnconfirmed("pm");
  expect(first()).toMatchObject({ id: sent[0]?.id, text: "Hi", state: "failed", uncertain: true });
  resend("pm", first());
  await vi.waitFor(() => expect(shown()).toEqual(["user:Hi:answered", "agent:Hello"]));
  expect(sent[1]?.id).toBe(sent[0]?.id);
  expect(unconfirmed()).toEqual([]);
});

it("cuts the history it sends along between characters", async () => {
  const sent = platform(json({ result: "ok" }), json({ result: "ok" }));
  send("pm", `${"x".repeat(3999)}🦊 end`);
  await vi.waitFor(() => expect(messages()).toHaveLength(2));
  send("pm", "More");
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  expect((sent[1]?.history[0] as { text: string }).text).toBe("x".repeat(3999));
});

it("shows an answer without words as what it is", async () => {
  platform(json({ result: { status: { state: "input-required" } } }), json({ result: { parts: [{ kind: "data", data: { a: 1 } }] } }));
  send("pm", "Hi");
  await vi.waitFor(() => expect(messages()[1]).toMatchObject({ role: "agent", text: "", taskState: "input-required" }));
  send("pm", "More");
  await vi.waitFor(() => expect(messages()[3]).toMatchObject({ role: "agent", parts: [{ kind: "data" }] }));
});

it("says in words that the budget is used up", async () => {
  platform(json({ error: "workspace budget limit exceeded" }, 402));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first().note).toContain("budget"));
});

it("stops waiting when asked, and an answer that comes later is still welcome", async () => {
  platform("never");
  send("pm", "Hi");
  stopWaiting("pm", first().id);
  await vi.waitFor(() => expect(first().state).toBe("stopped"));
  expect(openTurn(threadOf(threadsStore.get(), "pm"))).toBeUndefined();
});

it("sends what was said before along, without failures", async () => {
  const sent = platform(json({ result: "Hello" }), json({ result: "Again" }));
  send("pm", "Hi");
  await vi.waitFor(() => expect(messages()).toHaveLength(2));
  send("pm", "More");
  await vi.waitFor(() => expect(messages()).toHaveLength(4));
  expect(sent[1]?.history).toEqual([
    { role: "user", text: "Hi" },
    { role: "agent", text: "Hello" },
  ]);
});
