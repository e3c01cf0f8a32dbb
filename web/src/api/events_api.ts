import { request } from "./request";
import type * as wire from "./wire";

/** An event of the log as it is kept. */
export type PastEvent = Omit<wire.PastEvent, "payload"> & { payload: Record<string, unknown> };

/** The newest events, newest first. */
export const listEvents = (limit: number) => request<PastEvent[]>("GET", `/events?limit=${limit}`);
