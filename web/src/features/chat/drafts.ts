import { now } from "@/ui/clock";
import { cutText } from "@/ui/cut_text";
import { Store } from "@/ui/store";
import { attachedAgain, nextKey, stillKept, type Attached } from "./attached";
import { inserted, isLong, type Pasted } from "./pasted";
import { dropAllDrafts, dropDraft, keepDraft, keptDrafts, onDraftElsewhere, type KeptDraft } from "./kept_drafts";

export interface Draft {
  text: string;
  /** Long texts beside the field, in the order they were pasted. */
  pasted: readonly Pasted[];
  /** What goes along, in the order it was attached. */
  files: readonly Attached[];
  /** Grows when the page puts words there itself: then the field takes the focus. */
  offered: number;
}

const noWords = { text: "" };
const noDraft: Draft = { text: "", pasted: [], files: [], offered: 0 };
/** A draft is written down when nothing was changed for so long, and when the page is left. */
const settleMs = 300;
const leftWords = "The page was left before the platform had it. Attach it again.";

function filesOf({ files, left }: KeptDraft): readonly Attached[] {
  const kept = files.map(({ file, at }) => attachedAgain(file, at));
  const lost = left.map(({ name, size }): Attached => ({ key: nextKey(), name, size, is: "failed", why: leftWords, again: false }));
  return [...stillKept(kept, now()), ...lost];
}

const asPasted = (text: string): Pasted => ({ key: nextKey(), text });

/** A text that is too long for the field stands beside it, wherever it comes from. */
function wordsOf({ text, pasted = [] }: { text: string; pasted?: readonly string[] }): Pick<Draft, "text" | "pasted"> {
  return isLong(text) ? { text: "", pasted: [text, ...pasted].map(asPasted) } : { text, pasted: pasted.map(asPasted) };
}

/** Unsent words and files by workspace. They outlive the page, and are the same in all tabs of a browser. */
export const draftsStore = new Store<ReadonlyMap<string, Draft>>(
  new Map(keptDrafts().map(([id, kept]) => [id, { ...wordsOf(kept), files: filesOf(kept), offered: 0 }])),
);

export const draftOf = (drafts: ReadonlyMap<string, Draft>, workspaceId: string): Draft => drafts.get(workspaceId) ?? noDraft;

/** Changed and not written down yet. */
const unsettled = new Map<string, ReturnType<typeof setTimeout>>();

function settle(workspaceId: string, leaving = false): void {
  clearTimeout(unsettled.get(workspaceId));
  unsettled.delete(workspaceId);
  const { text, pasted, files } = draftOf(draftsStore.get(), workspaceId);
  const kept = files.flatMap((each) => (each.is === "kept" ? [{ file: each.file, at: each.at }] : []));
  const left = leaving ? files.flatMap(({ is, name, size }) => (is === "kept" ? [] : [{ name, size }])) : [];
  if (text === "" && pasted.length + kept.length + left.length === 0) dropDraft(workspaceId);
  else keepDraft(workspaceId, { text, pasted: pasted.map((each) => each.text), files: kept, left, at: now() });
}

function show(workspaceId: string, change: Partial<Draft>): void {
  const drafts = draftsStore.get();
  draftsStore.set(new Map(drafts).set(workspaceId, { ...draftOf(drafts, workspaceId), ...change }));
}

function put(workspaceId: string, change: Partial<Draft>): void {
  show(workspaceId, change);
  clearTimeout(unsettled.get(workspaceId));
  unsettled.set(workspaceId, setTimeout(() => settle(workspaceId), settleMs));
}

/** What stands in the field is another text now. A long text that came in between goes beside it. */
export function draft(workspaceId: string, text: string): void {
  if (!isLong(text)) return put(workspaceId, { text });
  const before = draftOf(draftsStore.get(), workspaceId);
  const { kept, added } = inserted(before.text, text);
  put(workspaceId, isLong(kept) ? { text: "", pasted: [...before.pasted, asPasted(text)] } : { text: kept, pasted: [...before.pasted, asPasted(added)] });
}

export function paste(workspaceId: string, text: string): void {
  put(workspaceId, { pasted: [...draftOf(draftsStore.get(), workspaceId).pasted, asPasted(text)] });
}

export function unpaste(workspaceId: string, key: number): void {
  put(workspaceId, { pasted: draftOf(draftsStore.get(), workspaceId).pasted.filter((each) => each.key !== key) });
}

/** All words of the message, to be elsewhere from now on: nothing of them is left here. */
export const dropWords = (workspaceId: string): void => put(workspaceId, { text: "", pasted: [] });

/** What does not settle is no change that has to outlive the page. */
export function changeFiles(workspaceId: string, change: (before: readonly Attached[]) => readonly Attached[], settles = true): void {
  (settles ? put : show)(workspaceId, { files: change(draftOf(draftsStore.get(), workspaceId).files) });
}

/** Puts words and files there to be sent as a new message, after those that stand there. */
export function offer(workspaceId: string, text: string, files: readonly Attached[] = []): void {
  const before = draftOf(draftsStore.get(), workspaceId);
  const joined = before.text === "" || text === "" ? before.text + text : `${before.text}\n${text}`;
  const words = isLong(joined) ? { text: before.text, pasted: [...before.pasted, asPasted(text)] } : { text: joined };
  put(workspaceId, { ...words, files: [...before.files, ...files], offered: before.offered + 1 });
}

/** A quote is a reminder; the agent has the whole. */
const quotedMax = 300;

/** Words as a quote, with room below it for what is said to them. */
export function quoted(words: string): string {
  const beginning = cutText(words, quotedMax);
  return `${beginning.trim().replaceAll(/^/gm, "> ")}${beginning.length < words.length ? "…" : ""}\n\n`;
}

/** It was sent: nothing of it is a draft any more, at once and in every tab. */
export function clearDraft(workspaceId: string): void {
  put(workspaceId, { text: "", pasted: [], files: [] });
  settle(workspaceId);
}

export const anyDraft = (): boolean =>
  [...draftsStore.get().values()].some(({ text, pasted, files }) => text.trim() !== "" || pasted.length + files.length > 0);

/** Nobody who uses this browser next is to read what was never sent. */
export function forgetAllDrafts(): void {
  for (const timer of unsettled.values()) clearTimeout(timer);
  unsettled.clear();
  draftsStore.set(new Map());
  dropAllDrafts();
}

if (typeof window !== "undefined") {
  window.addEventListener("pagehide", () => {
    for (const [id, { files }] of draftsStore.get()) if (unsettled.has(id) || files.some(({ is }) => is !== "kept")) settle(id, true);
  });
  onDraftElsewhere((workspaceId, kept) => {
    // What is being written here is newer.
    if (unsettled.has(workspaceId)) return;
    const { files, offered } = draftOf(draftsStore.get(), workspaceId);
    const own = files.filter(({ is }) => is !== "kept");
    const there = kept ? filesOf({ ...kept, left: [] }) : [];
    draftsStore.set(new Map(draftsStore.get()).set(workspaceId, { ...wordsOf(kept ?? noWords), files: [...there, ...own], offered }));
  });
}
