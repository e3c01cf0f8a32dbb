import { request } from "./request";
import type * as wire from "./wire";

/** An event of the log as it is kept. */
export type PastEvent = Omit<wire.PastEvent, "payload"> & { payload: Record<string, unknown> };

/** The newest events, newest first. */
export const listEvents = (limit: number) => request<PastEvent[]>("GET", `/events?limit=${limit}`);

/** Those of one workspace; goes on below the number `before`. */
export const listEventsOf = (workspaceId: string, limit: number, before?: number) =>
  request<PastEvent[]>("GET", `/events/${encodeURIComponent(workspaceId)}?limit=${limit}${before === undefined ? "" : `&before=${before}`}`);
