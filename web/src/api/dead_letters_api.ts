import { request } from "./request";
import type { DeadLetter, DeadLetterDecided, DeadLetterPage } from "./wire";

export interface LetterQuery {
  workspace?: string;
  /** Those that somebody has decided about, instead of those that wait for it. */
  decided?: boolean;
  limit?: number;
  /** Letters below this number. */
  before?: number;
}

/** Messages that ended without anybody's word, newest first. */
export function listDeadLetters({ workspace, decided, limit, before }: LetterQuery): Promise<DeadLetterPage> {
  const search = new URLSearchParams();
  if (workspace !== undefined) search.set("workspace_id", workspace);
  if (decided) search.set("state", "decided");
  if (limit !== undefined) search.set("limit", String(limit));
  if (before !== undefined) search.set("before_seq", String(before));
  return request<DeadLetterPage>("GET", `/dead-letters?${search}`);
}

export type Verdict = "resend" | "drop";

/** Decides about a letter, once; `resend` makes a new message of the same sender of it. */
export const decideDeadLetter = (letter: Pick<DeadLetter, "id">, verdict: Verdict, reason: string) =>
  request<DeadLetterDecided>("POST", `/dead-letters/${encodeURIComponent(letter.id)}/${verdict}`, { body: { reason } });

/** Bytes of a reason. */
export const reasonMax = 1000;
