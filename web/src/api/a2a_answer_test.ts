import { describe, expect, it } from "vitest";
import { attachedFiles, plainName, readAnswer, requestParts, requestTask } from "./a2a_answer";

const pdf = { name: "report.pdf", mimeType: "application/pdf", uri: "https://example.org/report.pdf" };
const rpc = (result: unknown) => ({ jsonrpc: "2.0", id: "1", result });
const name = { id: "t", contextId: "c" };
const task = (state: string, more: object = {}) => rpc({ kind: "task", ...name, status: { state }, ...more });

describe("an answer without words", () => {
  it("gives the files of a task's artifacts, nested as 0.3 has them and flat as 1.0", () => {
    const nested = readAnswer(task("completed", { artifacts: [{ parts: [{ kind: "file", file: pdf }] }] }));
    expect(nested).toEqual({ text: "", state: "completed", task: name, parts: [{ kind: "file", name: "report.pdf", type: "application/pdf", uri: pdf.uri }] });
    const flat = readAnswer(rpc({ task: { ...name, status: { state: "TASK_STATE_COMPLETED" }, artifacts: [{ parts: [{ url: pdf.uri, filename: "report.pdf", mediaType: "application/pdf" }] }] } }));
    expect(flat).toEqual(nested);
    expect(readAnswer(rpc({ message: { parts: [{ file: { fileWithUri: pdf.uri, mimeType: "application/pdf" } }] } })).parts).toEqual(nested.parts);
  });
  it("tells the size of what came with it", () => {
    const { parts } = readAnswer(rpc({ parts: [{ kind: "file", file: { name: "a.bin", bytes: btoa("12345") } }, { raw: btoa("12"), filename: "b" }] }));
    expect(parts).toMatchObject([
      { name: "a.bin", size: 5, bytes: btoa("12345") },
      { name: "b", size: 2 },
    ]);
  });
  it("gives data as readable JSON", () => {
    expect(readAnswer(rpc({ parts: [{ kind: "data", data: { rows: [1] } }] })).parts).toEqual([{ kind: "data", json: '{\n  "rows": [\n    1\n  ]\n}' }]);
    expect(readAnswer(rpc({ parts: [{ data: false }] })).parts).toEqual([{ kind: "data", json: "false" }]);
  });
  it("gives the state of its task, however it is spelled", () => {
    for (const [said, state] of [
      ["submitted", "submitted"],
      ["working", "working"],
      ["input-required", "input-required"],
      ["TASK_STATE_INPUT_REQUIRED", "input-required"],
      ["auth-required", "auth-required"],
      ["failed", "failed"],
      ["rejected", "rejected"],
      ["cancelled", "canceled"],
      ["TASK_STATE_CANCELED", "canceled"],
      ["dreaming", "unknown"],
    ] as const)
      expect(readAnswer(task(said))).toEqual({ text: "", parts: [], state, task: name });
  });
  it("is shown as the data it is when nothing of it is understood", () => {
    expect(readAnswer(rpc({ surprise: 1 })).parts).toEqual([{ kind: "data", json: '{\n  "surprise": 1\n}' }]);
    expect(readAnswer(rpc({ kind: "message", parts: [] }))).toEqual({ text: "", parts: [] });
    expect(readAnswer(null)).toEqual({ text: "", parts: [] });
  });
});

it("gives words, files and data of one answer together", () => {
  const answer = readAnswer(rpc({ parts: [{ kind: "text", text: "Here" }, { kind: "file", file: pdf }, { kind: "data", data: {} }] }));
  expect(answer.text).toBe("Here");
  expect(answer.parts.map(({ kind }) => kind)).toEqual(["file", "data"]);
});

it("reads what a person sent and what a notification attaches", () => {
  expect(requestParts({ params: { message: { parts: [{ kind: "text", text: "see" }, { kind: "file", file: pdf }] } } })).toHaveLength(1);
  expect(attachedFiles([{ uri: "https://example.org/a/x.txt", name: "x.txt", size: 3 }, { uri: "https://example.org/a/y.txt?z=1" }, 7])).toEqual([
    { kind: "file", name: "x.txt", type: "", size: 3, uri: "https://example.org/a/x.txt" },
    { kind: "file", name: "y.txt", type: "", uri: "https://example.org/a/y.txt?z=1" },
  ]);
  expect(attachedFiles(undefined)).toEqual([]);
  expect(requestTask({ params: { message: { taskId: "t", contextId: "c", parts: [] } } })).toEqual(name);
  expect(requestTask({ params: { message: { contextId: "c", parts: [] } } })).toBeUndefined();
});

describe("a file's name", () => {
  it("is shown without what makes it look like another, and a long one with both ends", () => {
    expect(plainName("in\u202egnp.exe")).toBe("in_gnp.exe");
    expect(plainName("a\nb\u0000c\u2066d.txt")).toBe("a_b_c_d.txt");
    expect(plainName("größe 日本 👩‍👩‍👧.pdf")).toBe("größe 日本 👩‍👩‍👧.pdf");
    const long = plainName(`${"picture".repeat(40)}.png.exe`);
    expect(long.length).toBeLessThan(130);
    expect(long).toMatch(/^picture.*….*\.png\.exe$/);
  });
  it("is made plain wherever it comes from", () => {
    expect(readAnswer(rpc({ parts: [{ kind: "file", file: { name: "x\u202etxt", uri: "https://x.example/y" } }] })).parts).toMatchObject([{ name: "x_txt" }]);
    expect(attachedFiles([{ uri: "https://x.example/y", name: "x\u202etxt" }])).toMatchObject([{ name: "x_txt" }]);
  });
  it("has its size from where a message of this page says it", () => {
    expect(requestParts({ params: { message: { parts: [{ kind: "file", file: { name: "a", uri: "u" }, metadata: { size: 7 } }] } } })).toMatchObject([{ size: 7 }]);
  });
});
