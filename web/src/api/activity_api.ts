import { request, requestWithHeaders } from "./request";
import type { Activity, QueueItem } from "./wire";

/** One row of a workspace's activity feed. */
export type ActivityRow = Activity;

export interface ActivityQuery {
  type?: string;
  source?: "canvas" | "agent";
  limit?: number;
  /** Rows below this number. */
  before_seq?: number;
  /** Rows before this time. */
  before_ts?: string;
  /** Rows behind this one, oldest first. */
  since_id?: string;
  /** Rows of the last so many seconds, oldest first. */
  since_secs?: number;
  /** Rows from or to this workspace. */
  peer_id?: string;
}

interface ActivityAnswer {
  rows: ActivityRow[];
  /** The search stopped before it was through: where it goes on. */
  goesOn: number | undefined;
}

/** One answer: newest first, at most `limit` rows, and fewer where they are large or rare. */
async function listActivity(workspaceId: string, query: ActivityQuery, signal?: AbortSignal): Promise<ActivityAnswer> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") search.set(name, String(value));
  const path = `/workspaces/${encodeURIComponent(workspaceId)}/activity?${search}`;
  const { value, headers } = await requestWithHeaders<ActivityRow[]>("GET", path, signal ? { signal } : {});
  return { rows: value, goesOn: Number(headers.get("X-Molecule-Before-Seq") ?? 0) || undefined };
}

/** Some rows, in the order that the query makes; one answer, however few it brings. */
export const readActivityRows = async (workspaceId: string, query: ActivityQuery, signal?: AbortSignal): Promise<ActivityRow[]> =>
  (await listActivity(workspaceId, query, signal)).rows;

/** A message as its mailbox tells it. */
export const readMessageItem = (workspaceId: string, id: string, signal?: AbortSignal) =>
  request<QueueItem>("GET", `/workspaces/${encodeURIComponent(workspaceId)}/a2a/queue/${encodeURIComponent(id)}`, signal ? { signal } : {});

/** Answers that one page is put together from before it is shown as it is. */
export const answersMax = 4;

export interface ActivityPage {
  rows: ActivityRow[];
  /** There may be older rows. */
  more: boolean;
}

/** A page of `limit` rows, newest first. The platform ends an answer early where rows are large; only an empty one that does not say where to go on is the end. */
export async function readActivityPage(workspaceId: string, query: ActivityQuery & { limit: number }, signal?: AbortSignal): Promise<ActivityPage> {
  const rows: ActivityRow[] = [];
  let before = query.before_seq;
  for (let answers = 0; answers < answersMax;) {
    const rest = { ...query, limit: query.limit - rows.length, ...(before === undefined ? {} : { before_seq: before }) };
    const found = await listActivity(workspaceId, rest, signal);
    rows.push(...found.rows);
    if (found.rows.length === 0 && found.goesOn === undefined) return { rows, more: false };
    if (rows.length >= query.limit) break;
    // An answer that brought nothing is none: what is sought lies further back.
    if (found.rows.length > 0) answers += 1;
    before = found.goesOn ?? rows.at(-1)?.seq;
  }
  return { rows, more: true };
}
