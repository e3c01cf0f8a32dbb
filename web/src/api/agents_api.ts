import { request } from "./request";
import type { AgentLog, AgentProcess, RuntimeOffers } from "./wire";

const at = (id: string) => `/workspaces/${encodeURIComponent(id)}`;

/** What this platform can start, and what each needs. */
export const listRuntimes = () => request<RuntimeOffers>("GET", "/runtimes");
export const readProcess = (id: string) => request<AgentProcess>("GET", `${at(id)}/process`);
export const readLog = (id: string, tail: number) => request<AgentLog>("GET", `${at(id)}/logs?tail=${tail}`);
/** What follows, as soon as there is something. */
export const followLog = (id: string, since: number, seconds: number, signal: AbortSignal) =>
  request<AgentLog>("GET", `${at(id)}/logs?since=${since}&wait=${seconds}`, { signal });
