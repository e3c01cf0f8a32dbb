import { request } from "./request";

/** One row of a workspace's activity feed. */
export interface ActivityRow {
  id: string;
  /** What orders rows; a time does not, since clocks are set. */
  seq: number;
  workspace_id: string;
  activity_type: string;
  source_id: string | null;
  target_id: string | null;
  method: string | null;
  summary: string | null;
  duration_ms: number | null;
  status: string;
  error_detail: string | null;
  created_at: string;
  message_id?: string;
  request_body?: unknown;
  response_body?: unknown;
  tool_trace?: unknown;
  data?: { source?: string; text?: string; peer_name?: string; source_id?: string };
}

export interface ActivityQuery {
  type?: string;
  source?: "canvas" | "agent";
  limit?: number;
  /** Rows below this number. */
  before_seq?: number;
}

/** One answer: newest first, at most `limit` rows, and fewer where they are large. */
function listActivity(workspaceId: string, query: ActivityQuery, signal?: AbortSignal): Promise<ActivityRow[]> {
  const search = new URLSearchParams();
  if (query.type) search.set("type", query.type);
  if (query.source) search.set("source", query.source);
  if (query.limit) search.set("limit", String(query.limit));
  if (query.before_seq !== undefined) search.set("before_seq", String(query.before_seq));
  const path = `/workspaces/${encodeURIComponent(workspaceId)}/activity?${search}`;
  return request<ActivityRow[]>("GET", path, signal ? { signal } : {});
}

/** Answers that one page is put together from before it is shown as it is. */
export const answersMax = 4;

export interface ActivityPage {
  rows: ActivityRow[];
  /** There may be older rows. */
  more: boolean;
}

/** A page of `limit` rows, newest first. The platform ends an answer early where rows are large; only an empty one is the end. */
export async function readActivityPage(workspaceId: string, query: ActivityQuery & { limit: number }, signal?: AbortSignal): Promise<ActivityPage> {
  const rows: ActivityRow[] = [];
  for (let answers = 0; answers < answersMax; answers += 1) {
    const last = rows.at(-1);
    const rest = { ...query, limit: query.limit - rows.length, ...(last ? { before_seq: last.seq } : {}) };
    const found = await listActivity(workspaceId, rest, signal);
    rows.push(...found);
    if (found.length === 0) return { rows, more: false };
    if (rows.length >= query.limit) break;
  }
  return { rows, more: true };
}
