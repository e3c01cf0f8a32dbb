import { request } from "./request";
import type { PastEvent } from "./wire";

export interface PastQuery {
  /** Events of this workspace alone. */
  workspace?: string | undefined;
  limit: number;
  /** Events below this number. */
  before?: number | undefined;
}

/** Events of the log, newest first. */
export const listPastEvents = ({ workspace, limit, before }: PastQuery, signal?: AbortSignal): Promise<PastEvent[]> =>
  request<PastEvent[]>("GET", `/events${workspace === undefined ? "" : `/${encodeURIComponent(workspace)}`}?limit=${limit}${before === undefined ? "" : `&before=${before}`}`, signal ? { signal } : {});
