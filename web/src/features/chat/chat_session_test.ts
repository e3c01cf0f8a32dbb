// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { acceptedNote, openTurn, type ChatMessage } from "@/model/chat";
import { applyToThread, changeThread, threadOf, threadsStore } from "@/model/chat_store";
import { callOff, readOn, resend, restoreUnconfirmed, send, stopWaiting } from "./chat_session";
import { growingStore } from "./growing";
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

const told = (result: unknown) => ({ jsonrpc: "2.0", id: "1", result });
const piece = (text: string) => told({ kind: "artifact-update", taskId: "t", append: true, artifact: { artifactId: "a", parts: [{ kind: "text", text }] } });
const completed = told({ kind: "status-update", taskId: "t", status: { state: "completed" }, final: true });
const numbered = (from: number, ...events: unknown[]) => events.map((event, at) => `id: ${from + at}\ndata: ${JSON.stringify(event)}\n\n`).join("");
const events = (text: string) => new Response(text, { headers: { "Content-Type": "text/event-stream" } });
/** Answers by method: what was asked is kept. */
function asked(answer: (method: string, times: number) => Response | Promise<Response>) {
  const calls: { method: string; id: string | undefined; after: string | undefined }[] = [];
  vi.stubGlobal("fetch", (_path: string, init: { body: string; headers: Record<string, string> }) => {
    const { method, params } = JSON.parse(init.body) as { method: string; params: { id?: string; message?: { messageId: string } } };
    calls.push({ method, id: params.id ?? params.message?.messageId, after: init.headers["Last-Event-ID"] });
    return Promise.resolve(answer(method, calls.filter((call) => call.method === method).length));
  });
  return calls;
}
const sentAs = (rowId: string) => {
  const { id, at } = first();
  changeThread("pm", (thread) =>
    applyToThread(thread, { event: "USER_MESSAGE", workspace_id: "pm", seq: 1, at, transient: false, payload: { message_id: id, content: "Hi", activity_id: rowId } }),
  );
};

it("shows an answer as it grows, without touching the conversation, and whole at its end", async () => {
  let more: ReadableStreamDefaultController<Uint8Array> | undefined;
  asked(() => new Response(new ReadableStream({ start: (controller) => void (more = controller) }), { headers: { "Content-Type": "text/event-stream" } }));
  const say = (text: string) => more?.enqueue(new TextEncoder().encode(text));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first().state).toBe("delivered"));
  const before = threadsStore.get();
  say(numbered(1, piece("Hel")));
  await vi.waitFor(() => expect(growingStore.get().get(first().id)?.open).toBe("Hel"));
  say(numbered(2, piece("lo")));
  await vi.waitFor(() => expect(growingStore.get().get(first().id)?.open).toBe("Hello"));
  expect(threadsStore.get()).toBe(before);
  say(numbered(3, completed));
  await vi.waitFor(() => expect(shown()).toEqual(["user:Hi:answered", "agent:Hello"]));
  expect(growingStore.get().size).toBe(0);
});

it("reads on where a connection broke off, and loses and repeats nothing", async () => {
  const calls = asked((_, times) => events(times === 1 ? numbered(1, piece("Hel")) : numbered(2, piece("lo"), completed)));
  send("pm", "Hi");
  await vi.waitFor(() => expect(shown()).toEqual(["user:Hi:answered", "agent:Hello"]), 3000);
  expect(calls).toEqual([
    { method: "message/stream", id: first().id, after: undefined },
    { method: "message/stream", id: first().id, after: "1" },
  ]);
});

it("lets go of a connection on which only the platform says that the message waits", async () => {
  const calls = asked(() => events(`data: ${JSON.stringify(told({ kind: "task", id: "row", status: { state: "submitted" } }))}\n\n`));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first().state).toBe("queued"));
  expect(calls).toHaveLength(1);
});

it("holds few connections: whose answer is not read here is told by its event", async () => {
  const open: AbortSignal[] = [];
  vi.stubGlobal("fetch", (_path: string, init: { signal: AbortSignal }) => {
    open.push(init.signal);
    return Promise.resolve(new Response(new ReadableStream({ start: () => undefined }), { headers: { "Content-Type": "text/event-stream" } }));
  });
  for (const text of ["one", "two", "three"]) {
    send("pm", text);
    await vi.waitFor(() => expect(messages().at(-1)?.state).toBe("delivered"));
  }
  expect(open.map((signal) => signal.aborted)).toEqual([true, false, false]);
  expect(shown()).toEqual(["user:one:delivered", "user:two:delivered", "user:three:delivered"]);
  for (const { id } of messages()) stopWaiting("pm", id);
});

it("reads on after a reload from what there is already", async () => {
  const standing = told({ kind: "task", id: "row", status: { state: "working" }, artifacts: [{ artifactId: "a", parts: [{ kind: "text", text: "Hel" }] }], metadata: { molecule: { standing: "leased" } } });
  const calls = asked(() => events(`data: ${JSON.stringify(standing)}\n\n${numbered(2, piece("lo"), completed)}`));
  changeThread("pm", (thread) => ({ ...thread, messages: [{ id: "m", role: "user", text: "Hi", at: 1, rowId: "row", state: "queued" }] }));
  readOn("pm");
  await vi.waitFor(() => expect(shown()).toEqual(["user:Hi:answered", "agent:Hello"]));
  expect(calls).toEqual([{ method: "tasks/resubscribe", id: "row", after: undefined }]);
});

it("calls a message off, and says what came of it", async () => {
  const canceled = { kind: "task", id: "row", status: { state: "canceled", message: { parts: [{ kind: "text", text: "it was canceled before its agent was given it" }] } }, metadata: { molecule: { standing: "canceled", since: "2030-01-01T00:00:00Z" } } };
  const calls = asked((method) => (method === "tasks/cancel" ? json(told(canceled)) : events(`data: ${JSON.stringify(told({ kind: "task", id: "row", status: { state: "submitted" } }))}\n\n`)));
  send("pm", "Hi");
  await vi.waitFor(() => expect(first().state).toBe("queued"));
  sentAs("row");
  await callOff("pm", first().id);
  expect(first()).toMatchObject({ state: "canceled", note: "it was canceled before its agent was given it" });
  expect(calls.at(-1)).toMatchObject({ method: "tasks/cancel", id: "row" });
  // Its event says the same and adds no answer of anybody.
  const { at, id } = first();
  changeThread("pm", (thread) =>
    applyToThread(thread, { event: "A2A_RESPONSE", workspace_id: "pm", seq: 2, at, transient: false, payload: { message_id: id, response_body: told(canceled) } }),
  );
  expect(shown()).toEqual(["user:Hi:canceled"]);
});

it("says why a message could not be called off, and goes on waiting", async () => {
  asked((method) =>
    method === "tasks/cancel"
      ? json({ jsonrpc: "2.0", id: "row", error: { code: -32002, message: "its agent has it, and there is no way to ask it to stop" } })
      : events(`data: ${JSON.stringify(told({ kind: "task", id: "row", status: { state: "submitted" } }))}\n\n`),
  );
  send("pm", "Hi");
  await vi.waitFor(() => expect(first().state).toBe("queued"));
  sentAs("row");
  await callOff("pm", first().id);
  expect(first().state).toBe("queued");
  expect(first().stop).toEqual({ refused: "Not stopped: its agent has it, and there is no way to ask it to stop. It goes on, and its answer appears here." });
  changeThread("pm", (thread) =>
    applyToThread(thread, { event: "A2A_RESPONSE", workspace_id: "pm", seq: 2, at: first().at, transient: false, payload: { message_id: first().id, response_body: { result: "late" } } }),
  );
  expect(first()).toMatchObject({ state: "answered" });
  expect(first().stop).toBeUndefined();
});

it("sends files along, keeps them over a reload and sends them again under the same id", async () => {
  const bodies: { params: { message: { messageId: string; parts: unknown[] } } }[] = [];
  vi.stubGlobal("fetch", (_path: string, init: { body: string }) => {
    bodies.push(JSON.parse(init.body) as (typeof bodies)[number]);
    return bodies.length < 2 ? Promise.reject(new TypeError("network")) : Promise.resolve(json({ result: "Hello" }));
  });
  const file = { kind: "file", name: "a.txt", type: "text/plain", size: 3, uri: "platform-pending:x/y" } as const;
  send("pm", "", { files: [file] });
  await vi.waitFor(() => expect(first().state).toBe("failed"));
  threadsStore.set(new Map());
  restoreUnconfirmed("pm");
  expect(first()).toMatchObject({ text: "", parts: [file] });
  resend("pm", first());
  await vi.waitFor(() => expect(first().state).toBe("answered"));
  const [one, again] = bodies.map(({ params }) => params.message);
  expect(one?.parts).toEqual([{ kind: "file", file: { name: "a.txt", mimeType: "text/plain", uri: file.uri }, metadata: { size: 3 } }]);
  expect(again).toEqual(one);
});
