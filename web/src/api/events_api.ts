import { request } from "./request";

/** An event of the log as it is kept. */
export interface PastEvent {
  event_type: string;
  workspace_id: string | null;
  payload: Record<string, unknown>;
  created_at: string;
  seq?: number;
}

/** The newest events, newest first. */
export const listEvents = (limit: number) => request<PastEvent[]>("GET", `/events?limit=${limit}`);
