import { expect, it } from "vitest";
import { answerText } from "@/api/a2a_text";
import { heldMax, StreamedAnswer } from "./streamed_answer";

const event = (result: unknown) => ({ jsonrpc: "2.0", id: "1", result });
const piece = (text: string, more: object = {}) =>
  event({ kind: "artifact-update", taskId: "t", contextId: "c", append: true, artifact: { artifactId: "a", parts: [{ kind: "text", text }] }, ...more });
const status = (state: string, more: object = {}) => event({ kind: "status-update", taskId: "t", contextId: "c", status: { state }, final: false, ...more });
const said = (answer: StreamedAnswer) => answer.growing.blocks.map((block) => block.text).join("") + answer.growing.open;

it("grows piece by piece and ends as the answer that one request would have brought", () => {
  const answer = new StreamedAnswer();
  expect(answer.begun).toBe(false);
  expect(answer.take(event({ kind: "task", id: "t", contextId: "c", status: { state: "working" }, history: [{ a: 1 }] }))).toBe("goes on");
  for (const word of ["Hel", "lo ", "there"]) expect(answer.take(piece(word))).toBe("goes on");
  expect(said(answer)).toBe("Hello there");
  expect(answer.take(status("completed", { final: true }))).toBe("over");
  expect(answerText(answer.body)).toBe("Hello there");
  expect(answer.body).toMatchObject({ result: { kind: "task", id: "t", contextId: "c", status: { state: "completed" } } });
});

it("tells what the agent says about its work, beside the answer", () => {
  const answer = new StreamedAnswer();
  answer.take(status("working", { status: { state: "working", message: { parts: [{ kind: "text", text: "Reading the file" }] } } }));
  expect(answer.growing).toMatchObject({ says: "Reading the file", state: "working", open: "" });
});

it("keeps artifacts apart, and draws anew what changes before the end", () => {
  const answer = new StreamedAnswer();
  const of = (artifactId: string, text: string, append = false) => piece(text, { append, artifact: { artifactId, parts: [{ kind: "text", text }] } });
  answer.take(of("a", "One"));
  answer.take(of("b", "Two"));
  expect(said(answer)).toBe("One\n\nTwo");
  answer.take(of("a", " and a half", true));
  expect(said(answer)).toBe("One and a half\n\nTwo");
  answer.take(of("b", "Three"));
  expect(said(answer)).toBe("One and a half\n\nThree");
  expect(answerText(answer.body)).toBe("One and a half\n\nThree");
});

it("is over with a message, an error, or a task that halts", () => {
  const over = (last: unknown) => {
    const answer = new StreamedAnswer();
    return [answer.take(last), answer.body];
  };
  const message = event({ kind: "message", parts: [{ kind: "text", text: "ok" }] });
  expect(over(message)).toEqual(["over", message]);
  const error = { jsonrpc: "2.0", id: "1", error: { code: -32603, message: "no" } };
  expect(over(error)).toEqual(["over", error]);
  expect(over(status("input-required"))[0]).toBe("over");
  expect(over(event({ id: "t", status: { state: "completed" } }))[0]).toBe("over");
});

it("goes on with what was there already when it is read from the middle", () => {
  const answer = new StreamedAnswer();
  const so_far = { artifactId: "a", parts: [{ kind: "text", text: "Hel" }, { kind: "text", text: "lo" }], metadata: { molecule_appended: true } };
  answer.take(event({ kind: "task", id: "t", status: { state: "working" }, artifacts: [so_far] }));
  answer.take(piece(", you"));
  expect(said(answer)).toBe("Hello, you");
});

it("holds no more than its bound", () => {
  const answer = new StreamedAnswer();
  const long = "x".repeat(100_000);
  for (let i = 0; i < 50; i += 1) answer.take(piece(long));
  expect(answer.cut).toBe(true);
  expect(said(answer).length).toBeLessThan(heldMax);
});
