import { request } from "./request";

/** One row of a workspace's activity feed. */
export interface ActivityRow {
  id: string;
  seq?: number;
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
  before_ts?: string;
}

/** Newest first, at most `limit` rows. */
export function listActivity(workspaceId: string, query: ActivityQuery, signal?: AbortSignal): Promise<ActivityRow[]> {
  const search = new URLSearchParams();
  if (query.type) search.set("type", query.type);
  if (query.source) search.set("source", query.source);
  if (query.limit) search.set("limit", String(query.limit));
  if (query.before_ts) search.set("before_ts", query.before_ts);
  const path = `/workspaces/${encodeURIComponent(workspaceId)}/activity?${search}`;
  return request<ActivityRow[]>("GET", path, signal ? { signal } : {});
}
