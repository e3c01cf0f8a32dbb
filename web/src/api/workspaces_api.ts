import { request, requestWithHeaders } from "./request";
import { readWorkspace, type Connection, type Peer, type Workspace } from "./workspace";

type Raw = Record<string, unknown>;
const at = (id: string) => `/workspaces/${encodeURIComponent(id)}`;

/** Every live workspace, and the log position this list contains (0 when the platform does not say). */
export async function listWorkspaces(signal?: AbortSignal): Promise<{ workspaces: Workspace[]; seq: number }> {
  const { value, headers } = await requestWithHeaders<Raw[]>("GET", "/workspaces", signal ? { signal } : {});
  return { workspaces: value.map(readWorkspace), seq: Number(headers.get("X-Molecule-Seq") ?? 0) || 0 };
}

export async function getWorkspace(id: string): Promise<Workspace> {
  return readWorkspace(await request<Raw>("GET", at(id)));
}

export interface NewWorkspace {
  name: string;
  role?: string;
  tier: number;
  parent_id?: string;
  runtime: string;
  delivery_mode?: string;
  canvas?: { x: number; y: number };
}

export interface CreatedWorkspace {
  id: string;
  status: string;
  connection?: Connection;
}

export const createWorkspace = (body: NewWorkspace) => request<CreatedWorkspace>("POST", "/workspaces", { body });

export type WorkspaceChange = Partial<Pick<Workspace, "name" | "role" | "tier" | "parent_id" | "collapsed" | "x" | "y">>;

export const changeWorkspace = (id: string, body: WorkspaceChange) => request<Raw>("PATCH", at(id), { body });
export const deleteWorkspace = (id: string) => request<{ cascade_deleted: number }>("DELETE", `${at(id)}?confirm=true`);
export const pauseWorkspace = (id: string) => request<{ paused_count: number }>("POST", `${at(id)}/pause`);
export const resumeWorkspace = (id: string) => request<{ resumed_count: number }>("POST", `${at(id)}/resume`);
export const restartWorkspace = (id: string) => request<Raw>("POST", `${at(id)}/restart`);
export const listPeers = (id: string) => request<Peer[]>("GET", `/registry/${encodeURIComponent(id)}/peers`);

export const readConnection = async (id: string) =>
  (await request<{ connection: Connection }>("GET", `${at(id)}/external/connection`)).connection;
/** Ends every token of the workspace at once and answers with the one new token. */
export const rotateConnection = async (id: string) =>
  (await request<{ connection: Connection }>("POST", `${at(id)}/external/rotate`)).connection;
