import type { FilePart } from "@/api/a2a_answer";
import { forget, onRemembered, recall, remember, remembered } from "@/ui/remembered";

export interface KeptDraft {
  text: string;
  pasted?: readonly string[];
  /** What the platform has of its files. */
  files: readonly { file: FilePart; at: number }[];
  /** What it did not have when the page was left. */
  left: readonly { name: string; size: number }[];
  /** When it was changed last. */
  at: number;
}

/** Drafts kept, the newest, and the characters of all of them: a browser gives a platform a few megabytes. */
export const draftsMax = 50;
export const draftCharactersMax = 1_000_000;

const prefix = "draft.";
const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";

function isFile(value: unknown): boolean {
  const each = value as { file?: Partial<FilePart>; at?: unknown } | null;
  return isNumber(each?.at) && each.file?.kind === "file" && isText(each.file.name) && isText(each.file.type) && isText(each.file.uri);
}

function isLeft(value: unknown): boolean {
  const each = value as { name?: unknown; size?: unknown } | null;
  return isText(each?.name) && isNumber(each.size);
}

function isDraft(value: unknown): value is KeptDraft {
  const each = value as Partial<KeptDraft> | null;
  if (!isText(each?.text) || !isNumber(each.at)) return false;
  if (each.pasted !== undefined && !(Array.isArray(each.pasted) && each.pasted.every(isText))) return false;
  return Array.isArray(each.files) && each.files.every(isFile) && Array.isArray(each.left) && each.left.every(isLeft);
}

/** All drafts of this browser by workspace, newest first. */
export function keptDrafts(): [string, KeptDraft][] {
  return remembered(prefix)
    .flatMap((key): [string, KeptDraft][] => {
      const kept = recall(key, isDraft);
      return kept ? [[key.slice(prefix.length), kept]] : [];
    })
    .sort(([, a], [, b]) => b.at - a.at);
}

export function keepDraft(workspaceId: string, draft: KeptDraft): void {
  remember(prefix + workspaceId, draft);
  let characters = 0;
  for (const [index, [id, { text, pasted = [] }]] of keptDrafts().entries()) {
    characters += pasted.reduce((sum, each) => sum + each.length, text.length);
    if (index >= draftsMax || (characters > draftCharactersMax && id !== workspaceId)) dropDraft(id);
  }
}

export const dropDraft = (workspaceId: string): void => forget(prefix + workspaceId);

export function dropAllDrafts(): void {
  for (const key of remembered(prefix)) forget(key);
}

/** Calls back when another tab changed a draft, or sent it. */
export function onDraftElsewhere(changed: (workspaceId: string, draft: KeptDraft | undefined) => void): () => void {
  return onRemembered((key) => {
    if (key?.startsWith(prefix)) changed(key.slice(prefix.length), recall(key, isDraft));
  });
}
