import { describe, expect, it } from "vitest";
import type { ActivityRow } from "@/api/activity_api";
import type { Frame } from "@/live/frame";
import { answersApart, emptyThread, logMax, openTurn, threadFromRows, withAnswer, withHistory, withLogLine, withQuestion, withTurn, type Thread } from "./chat";
import { applyToThread } from "./chat_store";

const t0 = Date.parse("2026-01-01T10:00:00Z");
const asked = (state: "sending" | "queued" = "sending"): Thread =>
  withQuestion(emptyThread, { id: "q1", role: "user", text: "Summarise", at: t0, state });
const texts = (thread: Thread) => thread.messages.map(({ role, text }) => `${role}:${text}`);

function frame(event: string, payload: Record<string, unknown>, at = t0 + 5000): Frame {
  return { event, workspace_id: "pm", payload, seq: 1, at, transient: false } as Frame;
}
function row(change: Partial<ActivityRow>): ActivityRow {
  return {
    id: "row",
    seq: Date.parse(change.created_at ?? "") || t0,
    workspace_id: "pm",
    activity_type: "a2a_receive",
    type: "a2a_receive",
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
  it("is known by its id, never by its words: said twice it is shown twice", () => {
    const first = applyToThread(asked(), frame("AGENT_MESSAGE", { message: "Done", message_id: "n1" }, t0 + 5000));
    const again = applyToThread(first, frame("AGENT_MESSAGE", { message: "Done", message_id: "n2" }, t0 + 7000));
    expect(texts(again)).toEqual(["user:Summarise", "agent:Done", "agent:Done"]);
    expect(applyToThread(again, frame("AGENT_MESSAGE", { message: "Done", message_id: "n2" }, t0 + 7000)).messages).toHaveLength(3);
  });
  it("in the same words to two questions within three seconds is two answers", () => {
    for (const body of [{ result: "ok" }, { error: { message: "no" } }]) {
      const two = withQuestion(asked(), { id: "q2", role: "user", text: "More", at: t0 + 100, state: "sending" });
      const first = applyToThread(two, frame("A2A_RESPONSE", { message_id: "q1", response_body: body }, t0 + 200));
      const both = applyToThread(first, frame("A2A_RESPONSE", { message_id: "q2", response_body: body }, t0 + 300));
      expect(both.messages.map(({ id }) => id)).toEqual(["q1", "q2", "answer:q1", "answer:q2"]);
      expect(openTurn(both)).toBeUndefined();
    }
  });
  it("that the agent gives and also announces is shown once, once only", () => {
    const given = withAnswer(asked(), { id: "answer:q1", role: "agent", text: "Done", at: t0 + 4000, replyTo: "q1" });
    const announced = applyToThread(given, frame("AGENT_MESSAGE", { message: "Done", message_id: "n1" }, t0 + 4500));
    expect(texts(announced)).toEqual(["user:Summarise", "agent:Done"]);
    expect(applyToThread(announced, frame("AGENT_MESSAGE", { message: "Done", message_id: "n2" }, t0 + 5000)).messages).toHaveLength(3);
    const other = applyToThread(asked(), frame("AGENT_MESSAGE", { message: "Done", message_id: "n1" }, t0 + 4000));
    expect(texts(applyToThread(other, frame("A2A_RESPONSE", { message_id: "q1", response_body: { result: "Done" } })))).toEqual(["user:Summarise", "agent:Done"]);
  });
  it("without words says what it is: files, data, a state", () => {
    const file = { kind: "file", file: { name: "report.pdf", mimeType: "application/pdf", uri: "https://example.org/report.pdf" } };
    const body = { result: { kind: "task", status: { state: "input-required" }, artifacts: [{ parts: [file] }] } };
    const thread = applyToThread(asked(), frame("A2A_RESPONSE", { message_id: "q1", response_body: body }));
    expect(thread.messages[1]).toMatchObject({ id: "answer:q1", text: "", taskState: "input-required", parts: [{ name: "report.pdf" }] });
    expect(openTurn(thread)).toBeUndefined();
    const attached = applyToThread(thread, frame("AGENT_MESSAGE", { message: "see attached", message_id: "n1", attachments: [{ uri: "https://example.org/x.txt", name: "x.txt" }] }));
    expect(attached.messages[2]).toMatchObject({ text: "see attached", parts: [{ name: "x.txt" }] });
    const silent = applyToThread(asked(), frame("A2A_RESPONSE", { message_id: "q1", response_body: { result: { parts: [] } } }));
    expect(silent.messages).toHaveLength(2);
  });
  it("that is an error speaks as the platform", () => {
    const why = { kind: "message", role: "agent", messageId: "r1-status", parts: [{ kind: "text", text: "The disk is full" }] };
    const failed = { result: { kind: "task", id: "r1", contextId: "r1", status: { state: "failed", message: why } } };
    const told = applyToThread(asked("queued"), frame("A2A_RESPONSE", { message_id: "q1", response_body: failed }));
    const announced = applyToThread(told, frame("AGENT_MESSAGE", { message: "The disk is full", message_id: "n1", reply_to: "q1" }));
    expect(texts(announced)).toEqual(["user:Summarise", "agent:The disk is full"]);
    expect(announced.messages[1]?.taskState).toBe("failed");
    const thread = applyToThread(asked(), frame("A2A_RESPONSE", { message_id: "q1", response_body: { error: { message: "It broke" } } }));
    expect(texts(thread)).toEqual(["user:Summarise", "system:It broke"]);
  });
  it("of an agent that is at it gives way to what comes of that, at its time, and to nothing older", () => {
    const told = (state: string, at: number, text = "") => {
      const artifacts = text === "" ? [] : [{ artifactId: "a", parts: [{ kind: "text", text }] }];
      return frame("A2A_RESPONSE", { message_id: "q1", response_body: { result: { kind: "task", id: "t", status: { state }, artifacts } } }, at);
    };
    const begun = applyToThread(asked(), told("working", t0 + 1000));
    expect(begun.messages[1]).toMatchObject({ taskState: "working", text: "" });
    const later = withQuestion(begun, { id: "q2", role: "user", text: "And?", at: t0 + 5000, state: "queued" });
    const asks = applyToThread(later, told("input-required", t0 + 6000));
    expect(asks.messages.map(({ id, taskState }) => `${id} ${taskState ?? ""}`)).toEqual(["q1 ", "q2 ", "answer:q1 input-required"]);
    const done = applyToThread(asks, told("completed", t0 + 9000, "Three"));
    expect(done.messages.at(-1)).toEqual({ id: "answer:q1", replyTo: "q1", role: "agent", text: "Three", at: t0 + 9000, taskState: "completed", task: { id: "t" } });
    expect(done.messages.find(({ id }) => id === "q2")?.state).toBe("queued");
    expect(texts(applyToThread(done, told("working", t0 + 9500)))).toEqual(texts(done));
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
      row({ id: "r1", ...at(0), request_body: question("q1", "First"), response_body: { result: "One" }, duration_ms: 5000 }),
      row({ id: "r2", ...at(1), request_body: question("q2", "Second") }),
      row({ id: "n1", ...at(5), method: "notify", response_body: { result: "One" } }),
    ]);
    expect(messages.map(({ text, state }) => `${text} ${state ?? ""}`)).toEqual(["First answered", "Second queued", "One "]);
  });
  it("gives two polled questions with the same answer an answer each", () => {
    const at = (seconds: number) => ({ created_at: new Date(t0 + seconds * 1000).toISOString() });
    const said = { result: "ok" };
    const rows = [
      row({ id: "r1", ...at(0), request_body: question("q1", "First"), response_body: said, duration_ms: 1500 }),
      row({ id: "r2", ...at(1), request_body: question("q2", "Second"), response_body: said, duration_ms: 1000 }),
      row({ id: "n1", ...at(1.5), method: "notify", request_body: { reply_to: "r1" }, response_body: said }),
      row({ id: "n2", ...at(2), method: "notify", request_body: { reply_to: "r2" }, response_body: said }),
    ];
    expect(threadFromRows(rows).map(({ id, replyTo }) => `${id} ${replyTo ?? ""}`)).toEqual(["q1 ", "q2 ", "n1 q1", "n2 q2"]);
  });
  it("gives an answer without words as an answer, and files of both sides", () => {
    const pdf = { kind: "file", file: { name: "a.pdf", uri: "https://example.org/a.pdf" } };
    const messages = threadFromRows([
      row({ id: "r1", request_body: { params: { message: { messageId: "q1", parts: [pdf] } } }, response_body: { result: { status: { state: "submitted" } } } }),
      row({ id: "n1", method: "notify", created_at: new Date(t0 + 60_000).toISOString(), response_body: { result: "see attached", parts: [pdf] } }),
    ]);
    expect(messages.map(({ role, state, taskState, parts }) => [role, state, taskState, parts?.length])).toEqual([
      ["user", "answered", undefined, 1],
      ["agent", undefined, "submitted", undefined],
      ["agent", undefined, undefined, 1],
    ]);
  });
  it("stands in the platform's sequence, though its clock was set back", () => {
    const messages = threadFromRows([
      row({ id: "r2", seq: 2, created_at: new Date(t0 - 3_600_000).toISOString(), request_body: question("q2", "Second"), response_body: { result: "two" } }),
      row({ id: "r1", seq: 1, request_body: question("q1", "First"), response_body: { result: "one" } }),
    ]);
    expect(messages.map(({ text }) => text)).toEqual(["First", "one", "Second", "two"]);
  });
  it("gives a question without an answer as waiting", () => {
    const messages = threadFromRows([row({ request_body: question("q9", "Still there?"), response_body: { status: "queued", message_id: "q9" } })]);
    expect(messages).toMatchObject([{ id: "q9", role: "user", state: "queued" }]);
  });
  it("gives a failed one with the platform's words", () => {
    const messages = threadFromRows([row({ request_body: question("q9", "Hi"), status: "error", error_detail: "unreachable" })]);
    expect(messages.map(({ role, text }) => `${role}:${text}`)).toEqual(["user:Hi", "system:unreachable"]);
  });
  it("gives a task that failed as what the agent says, live and from its row", () => {
    const task = { result: { kind: "task", id: "t", status: { state: "failed" } } };
    const [, recorded] = threadFromRows([row({ request_body: question("q1", "Hi"), response_body: task, status: "error", error_detail: "the agent's task ended as failed" })]);
    const live = applyToThread(asked("sending"), frame("A2A_RESPONSE", { message_id: "q1", response_body: task }, t0 + 10)).messages[1];
    for (const answer of [recorded, live]) expect(answer).toMatchObject({ role: "agent", taskState: "failed" });
  });
  it("does not show the runtime's own triggers as a person's words", () => {
    expect(threadFromRows([row({ request_body: question("s", "delegation results"), data: { source: "system", text: "", source_id: null, peer_name: "", peer_role: "", agent_card_url: "" } })])).toEqual([]);
  });
});

describe("this page's clock", () => {
  const hour = 3_600_000;
  it("orders nothing: what happens now stands last until the platform gives its time", () => {
    const old = withHistory(emptyThread, threadFromRows([row({ request_body: question("q0", "Before"), response_body: { result: "yes" } })]));
    const sent = withQuestion(old, { id: "q1", role: "user", text: "Now", at: t0 - hour, estimated: true, state: "sending" });
    const answered = withAnswer(sent, { id: "answer:q1", role: "agent", text: "Done", at: t0 - hour, estimated: true, replyTo: "q1" });
    expect(texts(answered)).toEqual(["user:Before", "agent:yes", "user:Now", "agent:Done"]);
    const told = applyToThread(answered, frame("USER_MESSAGE", { message_id: "q1", content: "Now", activity_id: "r1" }, t0 + 1000));
    const both = applyToThread(told, frame("A2A_RESPONSE", { message_id: "q1", response_body: { result: "Done" } }, t0 + 2000));
    expect(texts(both)).toEqual(["user:Before", "agent:yes", "user:Now", "agent:Done"]);
    expect(both.messages.map(({ at, estimated }) => [at, estimated])).toEqual([
      [t0, undefined],
      [t0, undefined],
      [t0 + 1000, undefined],
      [t0 + 2000, undefined],
    ]);
  });
});

describe("a message whose request was interrupted", () => {
  const failed = withTurn(asked(), "q1", { state: "failed", note: "interrupted", uncertain: true });
  it("waits for its answer as soon as the platform is known to have it", () => {
    const told = applyToThread(failed, frame("USER_MESSAGE", { message_id: "q1", content: "Summarise", activity_id: "r1" }));
    expect(openTurn(told)).toMatchObject({ id: "q1", state: "queued" });
    const read = withHistory(failed, threadFromRows([row({ id: "r1", request_body: question("q1", "Summarise") })]));
    expect(openTurn(read)).toMatchObject({ id: "q1", state: "queued" });
  });
  it("stays stopped when the person stopped waiting", () => {
    const stopped = withTurn(asked(), "q1", { state: "stopped", uncertain: true });
    expect(openTurn(withHistory(stopped, threadFromRows([row({ id: "r1", request_body: question("q1", "Summarise") })])))).toBeUndefined();
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

it("tells which answers do not follow what they answer", () => {
  const user = (id: string) => ({ id, role: "user" as const, text: id, at: t0 });
  const agent = (id: string, replyTo?: string) => ({ id, role: "agent" as const, text: id, at: t0, ...(replyTo ? { replyTo } : {}) });
  const apart = (...messages: (ReturnType<typeof user> | ReturnType<typeof agent>)[]) => [...answersApart(messages)].map(([id, question]) => `${id}:${question.id}`);
  expect(apart(user("q1"), agent("a1", "q1"), agent("more", "q1"), user("q2"), agent("a2", "q2"))).toEqual([]);
  expect(apart(user("q1"), user("q2"), agent("a1", "q1"), agent("more", "q1"), agent("a2", "q2"))).toEqual(["a1:q1", "a2:q2"]);
  expect(apart(user("q1"), agent("unasked"), agent("a1", "q1"))).toEqual(["a1:q1"]);
  expect(apart(agent("a0", "older than what is here"))).toEqual([]);
});
