import { describe, expect, it } from "vitest";
import { answerText, errorText, requestMessageId, requestText } from "./a2a_text";

describe("the text of an answer", () => {
  it("joins every text part and every artifact, in either tagging", () => {
    const result = {
      parts: [{ kind: "text", text: "one" }, { type: "text", text: "two" }, { text: "three" }, { kind: "data", data: {} }],
      artifacts: [{ parts: [{ kind: "text", text: "four" }] }],
    };
    expect(answerText({ jsonrpc: "2.0", id: "1", result })).toBe("one\n\ntwo\n\nthree\n\nfour");
  });
  it("is found in a task's status message, a plain result and a delegation's text", () => {
    expect(answerText({ result: { status: { state: "completed", message: { parts: [{ kind: "text", text: "done" }] } } } })).toBe("done");
    expect(answerText({ status: "ok", result: "fine" })).toBe("fine");
    expect(answerText({ text: "summary", delegation_id: "d" })).toBe("summary");
  });
  it("is empty for shapes without words", () => {
    for (const body of [undefined, null, 7, [], {}, { status: "queued" }, { result: { parts: "no" } }]) expect(answerText(body)).toBe("");
  });
});

describe("a request", () => {
  const body = { jsonrpc: "2.0", method: "message/send", params: { message: { messageId: "m1", parts: [{ kind: "text", text: "hi" }] } } };
  it("gives its words and its sender's id", () => {
    expect(requestText(body)).toBe("hi");
    expect(requestMessageId(body)).toBe("m1");
  });
  it("gives the task of a delegation", () => {
    expect(requestText({ task: "read it", delegation_id: "d" })).toBe("read it");
  });
});

it("reads an error as a sentence or as a JSON-RPC object", () => {
  expect(errorText({ error: "no" })).toBe("no");
  expect(errorText({ error: { code: -32000, message: "broken" } })).toBe("broken");
  expect(errorText({ result: {} })).toBeUndefined();
});
