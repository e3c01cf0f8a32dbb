import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openTurn, type ChatMessage } from "@/model/chat";
import { threadOf, threadsStore } from "@/model/chat_store";
import { resend, send, stopWaiting } from "./chat_session";

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

beforeEach(() => threadsStore.set(new Map()));
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

it("sends a message that was answered with a failure again as a new one", async () => {
  const sent = platform(json({ error: "the agent failed", code: "agent_failed" }, 502), json({ result: "Hello" }));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first().state).toBe("failed"));
  resend("pm", first());
  await vi.waitFor(() => expect(shown()).toEqual(["user:Hi:failed", "user:Hi:answered", "agent:Hello"]));
  expect(sent[1]?.id).not.toBe(sent[0]?.id);
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
