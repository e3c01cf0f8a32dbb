import { request } from "./request";
import type { NewSecret, Secret, SecretSaved } from "./wire";

const base = (workspaceId: string | undefined) =>
  workspaceId === undefined ? "/settings/secrets" : `/workspaces/${encodeURIComponent(workspaceId)}/secrets`;

/** Without a workspace: the secrets every workspace gets. */
export const listSecrets = (workspaceId: string | undefined) => request<Secret[]>("GET", base(workspaceId));
export const saveSecret = (workspaceId: string | undefined, key: string, value: string) =>
  request<SecretSaved>("PUT", base(workspaceId), { body: { key, value } satisfies NewSecret });
export const deleteSecret = (workspaceId: string | undefined, key: string) =>
  request<SecretSaved>("DELETE", `${base(workspaceId)}/${encodeURIComponent(key)}`);
