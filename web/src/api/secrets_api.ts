import { request } from "./request";

/** A secret as the platform lists it: that it exists, where, since when; never its value. */
export interface Secret {
  key: string;
  scope: "workspace" | "global";
  created_at: string;
  updated_at: string;
}

const base = (workspaceId: string | undefined) =>
  workspaceId === undefined ? "/settings/secrets" : `/workspaces/${encodeURIComponent(workspaceId)}/secrets`;

/** Without a workspace: the secrets every workspace gets. */
export const listSecrets = (workspaceId: string | undefined) => request<Secret[]>("GET", base(workspaceId));
export const saveSecret = (workspaceId: string | undefined, key: string, value: string) =>
  request("PUT", base(workspaceId), { body: { key, value } });
export const deleteSecret = (workspaceId: string | undefined, key: string) =>
  request("DELETE", `${base(workspaceId)}/${encodeURIComponent(key)}`);
