import { expect, it } from "vitest";
import type { ActivityRow } from "@/api/activity_api";
import { hintFor, readComms } from "./comms_reading";

let minute = 0;
function row(change: Partial<ActivityRow>): ActivityRow {
  minute += 1;
  return {
    id: `row${minute}`,
    seq: minute,
    workspace_id: "pm",
    activity_type: "a2a_receive",
    type: "a2a_receive",
    source_id: null,
    target_id: null,
    method: null,
    summary: null,
    duration_ms: null,
    status: "ok",
    error_detail: null,
    created_at: new Date(minute * 60_000).toISOString(),
    ...change,
  };
}

it("reads a delegation and its result as a question out and an answer in", () => {
  const asked = row({ activity_type: "delegation", method: "delegate", source_id: "pm", target_id: "r", status: "dispatched", request_body: { task: "Read it", delegation_id: "d" } });
  const answered = row({ method: "delegate_result", source_id: "r", target_id: "pm", request_body: { delegation_id: "d" }, response_body: { text: "It says hello", delegation_id: "d" } });
  expect(readComms([asked], "pm")).toMatchObject([{ way: "out", peerId: "r", text: "Read it", status: "queued" }]);
  expect(readComms([answered, asked], "pm")).toMatchObject([
    { way: "out", peerId: "r", text: "Read it", status: "ok" },
    { way: "in", peerId: "r", text: "It says hello" },
  ]);
});

it("leaves out what a person said and what the workspace told a person", () => {
  expect(readComms([row({ method: "notify", response_body: { result: "hi" } }), row({ request_body: { task: "x" } })], "pm")).toEqual([]);
});

it("shows what agents say without words", () => {
  const file = { kind: "file", file: { name: "a.pdf", uri: "https://example.org/a.pdf" } };
  const asked = row({
    activity_type: "a2a_send",
    source_id: "pm",
    target_id: "r",
    request_body: { params: { message: { parts: [{ kind: "text", text: "Read it" }, file] } } },
    response_body: { result: { status: { state: "input-required" } } },
  });
  expect(readComms([asked], "pm")).toMatchObject([
    { way: "out", text: "Read it", parts: [{ name: "a.pdf" }] },
    { way: "in", text: "", parts: [], taskState: "input-required" },
  ]);
});

it("explains a failure by its words", () => {
  const failed = row({ activity_type: "a2a_send", source_id: "pm", target_id: "r", status: "error", error_detail: "connection refused", summary: "send" });
  const [comm] = readComms([failed], "pm");
  expect(comm).toMatchObject({ status: "failed", error: "connection refused" });
  expect(hintFor("connection refused")).toContain("cannot be reached");
  expect(hintFor("deadline exceeded")).toContain("in time");
});
