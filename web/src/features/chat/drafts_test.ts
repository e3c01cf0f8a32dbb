// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";
import type { FilePart } from "@/api/a2a_answer";
import { now } from "@/ui/clock";
import { attachedAgain, unsentMaxMs } from "./attached";
import { draftCharactersMax, draftsMax, keepDraft, keptDrafts } from "./kept_drafts";

const file: FilePart = { kind: "file", name: "a.txt", type: "text/plain", size: 3, uri: "platform-pending:x/y" };

/** The module as a page has it that was just opened. */
async function page() {
  vi.resetModules();
  const all = await import("./drafts");
  return { ...all, of: (id: string) => all.draftOf(all.draftsStore.get(), id) };
}
const leave = () => window.dispatchEvent(new Event("pagehide"));

beforeEach(() => {
  localStorage.clear();
  vi.useRealTimers();
});

it("keeps words and files over a reload, and says which files were not there yet", async () => {
  const before = await page();
  before.draft("pm", "half a thought");
  before.changeFiles("pm", () => [attachedAgain(file, now()), { key: 7, name: "long.bin", size: 9, is: "going", share: 0.5 }]);
  leave();
  const after = await page();
  expect(after.of("pm").text).toBe("half a thought");
  expect(after.of("pm").files).toMatchObject([
    { is: "kept", name: "a.txt", file },
    { is: "failed", name: "long.bin", size: 9, again: false },
  ]);
});

it("writes a draft down a moment after it was changed, also while files are on their way", async () => {
  vi.useFakeTimers();
  const { draft, changeFiles } = await page();
  draft("pm", "words");
  for (let i = 0; i < 10; i += 1) {
    changeFiles("pm", () => [{ key: 7, name: "long.bin", size: 9, is: "going", share: i / 10 }], false);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(keptDrafts()).toMatchObject([["pm", { text: "words", files: [], left: [] }]]);
});

it("has nothing left of what was sent, in any tab", async () => {
  const here = await page();
  here.draft("pm", "words");
  leave();
  here.clearDraft("pm");
  expect(keptDrafts()).toEqual([]);
  expect((await page()).of("pm").text).toBe("");
});

it("shows what another tab wrote or sent, unless something newer is being written here", async () => {
  const there = (id: string, text: string | undefined) => {
    if (text === undefined) localStorage.removeItem(`molecule.draft.${id}`);
    else keepDraft(id, { text, files: [{ file, at: now() }], left: [], at: 1 });
    window.dispatchEvent(new StorageEvent("storage", { key: `molecule.draft.${id}` }));
  };
  const { of, draft, changeFiles } = await page();
  there("pm", "from there");
  expect(of("pm")).toMatchObject({ text: "from there", files: [{ name: "a.txt" }] });
  changeFiles("pm", (files) => [...files, { key: 7, name: "own.bin", size: 9, is: "going", share: 0 }], false);
  there("pm", undefined);
  expect(of("pm")).toMatchObject({ text: "", files: [{ name: "own.bin" }] });
  draft("pm", "newer");
  there("pm", "older");
  expect(of("pm").text).toBe("newer");
});

it("says of a file that waited for more than a day that it is gone", async () => {
  keepDraft("pm", { text: "", files: [{ file, at: now() - unsentMaxMs - 60_000 }], left: [], at: 1 });
  expect((await page()).of("pm").files).toMatchObject([{ is: "failed", name: "a.txt", again: false }]);
});

it("keeps the newest drafts, within bounds, and drops all of them when asked to", async () => {
  for (let i = 0; i < draftsMax + 5; i += 1) keepDraft(`w${i}`, { text: "x", files: [], left: [], at: i });
  expect(keptDrafts()).toHaveLength(draftsMax);
  expect(keptDrafts()[0]?.[0]).toBe(`w${draftsMax + 4}`);
  keepDraft("huge", { text: "x".repeat(draftCharactersMax), files: [], left: [], at: 1000 });
  expect(keptDrafts().map(([id]) => id)).toEqual(["huge"]);
  const { forgetAllDrafts, of } = await page();
  expect(of("huge").pasted).toHaveLength(1);
  forgetAllDrafts();
  expect(of("huge").pasted).toEqual([]);
  expect(keptDrafts()).toEqual([]);
});

it("takes nothing for a draft that is none", async () => {
  for (const [id, text] of [["a", "no json"], ["b", '"x"'], ["c", '{"text":"x","at":1,"files":[{}],"left":[]}'], ["d", '{"text":1}']] as const) localStorage.setItem(`molecule.draft.${id}`, text);
  expect(keptDrafts()).toEqual([]);
  const { of } = await page();
  expect(of("a").text).toBe("");
});

it("quotes the beginning of what was said, line by line", async () => {
  const { quoted } = await page();
  expect(quoted("one\ntwo\n")).toBe("> one\n> two\n\n");
  expect(quoted("x".repeat(400))).toBe(`> ${"x".repeat(300)}…\n\n`);
});

it("puts a long text beside the field, however it comes, and keeps it there", async () => {
  const long = "word ".repeat(5000);
  const before = await page();
  before.draft("pm", "ab");
  before.draft("pm", `a${long}b`);
  expect(before.of("pm")).toMatchObject({ text: "ab", pasted: [{ text: long }] });
  before.paste("pm", "second");
  before.offer("pm", long);
  leave();
  const after = await page();
  expect(after.of("pm")).toMatchObject({ text: "ab", pasted: [{ text: long }, { text: "second" }, { text: long }] });
  for (const { key } of after.of("pm").pasted) after.unpaste("pm", key);
  after.dropWords("pm");
  leave();
  expect(keptDrafts()).toEqual([]);
});
