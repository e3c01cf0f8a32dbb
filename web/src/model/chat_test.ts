import { describe, expect, it } from "vitest";
import type { ActivityRow } from "@/api/activity_api";
import type { Frame } from "@/live/frame";
import { emptyThread, logMax, openTurn, threadFromRows, withAnswer, withHistory, withLogLine, withQuestion, withTurn, type Thread } from "./chat";
import { applyToThread } from "./chat_store";

const t0 = Date.parse("2026-01-01T10:00:00Z");
const asked = (state: "sending" | "queued" = "sending"): Thread =>
  withQuestion(emptyThread, { id: "q1", role: "user", text: "Summarise", at: t0, state });
const texts = (thread: Thread) => thread.messages.map(({ role, text }) => `${role}:${text}`);

function frame(event: string, payload: Record<string, unknown>, at = t0 + 5000): Frame {
  return { event, workspace_id: "pm", payload, seq: 1, at, transient: false };
}
function row(change: Partial<ActivityRow>): ActivityRow {
  return {
    id: "row",
    workspace_id: "pm",
    activity_type: "a2a_receive",
    source_id: null,
    target_id: "pm",
    method: "message/send",
    summary: null,
    duration_ms: null,
    status: "ok",
    error_detail: null,
    created_at: new Date(t0).toISOString(),
    ...change,
  };
}
const question = (id: string, text: string) => ({ params: { message: { messageId: id, parts: [{ kind: "text", text }] } } });

describe("an answer", () => {
  it("that comes by HTTP and by event is shown once and settles its question", () => {
    const byHttp = withAnswer(asked(), { id: "answer:q1", role: "agent", text: "Done", at: t0 + 4000, replyTo: "q1" });
    const both = applyToThread(byHttp, frame("A2A_RESPONSE", { message_id: "q1", response_body: { result: { parts: [{ kind: "text", text: "Done" }] } } }));
    expect(texts(both)).toEqual(["user:Summarise", "agent:Done"]);
    expect(openTurn(both)).toBeUndefined();
  });
  it("announced by the agent settles the question that waits, though it names a row", () => {
    const thread = applyToThread(asked("queued"), frame("AGENT_MESSAGE", { message: "Done", message_id: "n1", reply_to: "some-row" }));
    expect(texts(thread)).toEqual(["user:Summarise", "agent:Done"]);
    expect(thread.messages[0]?.state).toBe("answered");
  });
  it("settles the question whose row it names, not the newest", () => {
    const first = applyToThread(asked("queued"), frame("USER_MESSAGE", { message_id: "q1", content: "Summarise", activity_id: "row1" }));
    const two = withQuestion(first, { id: "q2", role: "user", text: "More", at: t0 + 1000, state: "queued" });
    const thread = applyToThread(two, frame("AGENT_MESSAGE", { message: "Done", message_id: "n1", reply_to: "row1" }));
    expect(thread.messages.map(({ id, state }) => `${id} ${state ?? ""}`)).toEqual(["q1 answered", "q2 queued", "n1 "]);
    expect(openTurn(thread)?.id).toBe("q2");
  });
  it("in the same words within three seconds is one message, later it is another", () => {
    const first = applyToThread(asked(), frame("AGENT_MESSAGE", { message: "Done" }, t0 + 5000));
    const soon = applyToThread(first, { ...frame("AGENT_MESSAGE", { message: "Done" }, t0 + 7000), seq: 2 });
    expect(soon.messages).toHaveLength(2);
    const later = applyToThread(soon, { ...frame("AGENT_MESSAGE", { message: "Done" }, t0 + 60_000), seq: 3 });
    expect(later.messages).toHaveLength(3);
  });
  it("that is an error speaks as the platform", () => {
    const thread = applyToThread(asked(), frame("A2A_RESPONSE", { message_id: "q1", response_body: { error: { message: "It broke" } } }));
    expect(texts(thread)).toEqual(["user:Summarise", "system:It broke"]);
  });
  it("is not taken back by a receipt that arrives after it", () => {
    const answered = withAnswer(asked(), { id: "answer:q1", role: "agent", text: "Done", at: t0, replyTo: "q1" });
    expect(withTurn(answered, "q1", { state: "queued", note: "In line" })).toBe(answered);
  });
});

describe("history", () => {
  const rows = [
    row({ id: "r2", method: "notify", created_at: new Date(t0 + 9000).toISOString(), response_body: { result: "Three bullets", reply_to: "r1" } }),
    row({ id: "r1", request_body: question("q1", "Summarise"), response_body: { result: { parts: [{ kind: "text", text: "Three bullets" }] } } }),
  ];
  it("shows an answer that was recorded and announced once, at its announcement", () => {
    const messages = threadFromRows(rows);
    expect(messages.map(({ role, text }) => `${role}:${text}`)).toEqual(["user:Summarise", "agent:Three bullets"]);
    expect(messages[1]?.at).toBe(t0 + 9000);
    expect(messages[0]?.state).toBe("answered");
  });
  it("over what this page saw adds nothing twice", () => {
    const seen = applyToThread(asked("queued"), frame("AGENT_MESSAGE", { message: "Three bullets", message_id: "live-id", reply_to: "r1" }, t0 + 9010));
    expect(texts(withHistory(seen, threadFromRows(rows)))).toEqual(["user:Summarise", "agent:Three bullets"]);
  });
  it("gives each of two answers to its own question, though the first came last", () => {
    const at = (seconds: number) => ({ created_at: new Date(t0 + seconds * 1000).toISOString() });
    const messages = threadFromRows([
      row({ id: "r1", ...at(0), request_body: question("q1", "First"), response_body: { result: "One" } }),
      row({ id: "r2", ...at(1), request_body: question("q2", "Second") }),
      row({ id: "n1", ...at(5), method: "notify", response_body: { result: "One" } }),
    ]);
    expect(messages.map(({ text, state }) => `${text} ${state ?? ""}`)).toEqual(["First answered", "Second queued", "One "]);
  });
  it("gives a question without an answer as waiting", () => {
    const messages = threadFromRows([row({ request_body: question("q9", "Still there?"), response_body: { status: "queued", message_id: "q9" } })]);
    expect(messages).toMatchObject([{ id: "q9", role: "user", state: "queued" }]);
  });
  it("gives a failed one with the platform's words", () => {
    const messages = threadFromRows([row({ request_body: question("q9", "Hi"), status: "error", error_detail: "unreachable" })]);
    expect(messages.map(({ role, text }) => `${role}:${text}`)).toEqual(["user:Hi", "system:unreachable"]);
  });
  it("does not show the runtime's own triggers as a person's words", () => {
    expect(threadFromRows([row({ request_body: question("s", "delegation results"), data: { source: "system" } })])).toEqual([]);
  });
});

describe("the log of a turn", () => {
  it("starts anew with each question, counts repeats and keeps its last lines", () => {
    let thread = asked();
    for (let i = 0; i < 3; i += 1) thread = withLogLine(thread, { kind: "task", text: "Reading", at: t0 + i });
    expect(thread.log).toMatchObject([{ text: "Reading", times: 3 }]);
    for (let i = 0; i < logMax + 5; i += 1) thread = withLogLine(thread, { kind: "note", text: `line ${i}`, at: t0 + i });
    expect(thread.log).toHaveLength(logMax);
    expect(withQuestion(thread, { id: "q2", role: "user", text: "More", at: t0 + 99_000 }).log).toEqual([]);
  });
  it("is fed by tasks and delegations of this workspace", () => {
    const busy = applyToThread(asked(), frame("TASK_UPDATED", { current_task: "Choosing a peer" }));
    const sent = applyToThread(busy, frame("DELEGATION_SENT", { target_id: "r", task_preview: "Summarise" }));
    expect(sent.log).toMatchObject([
      { kind: "task", text: "Choosing a peer" },
      { kind: "out", peerId: "r", text: "Summarise" },
    ]);
  });
});
