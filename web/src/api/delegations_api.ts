import { request } from "./request";
import type { Delegation } from "./wire";

/** Calls off what a workspace has delegated, with all that was asked because of it; it is over at once. */
export const cancelDelegation = (workspaceId: string, id: string): Promise<Delegation> =>
  request<Delegation>("POST", `/workspaces/${encodeURIComponent(workspaceId)}/delegations/${encodeURIComponent(id)}/cancel`);
