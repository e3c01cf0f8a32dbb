import { request, requestWithHeaders } from "./request";
import type {
  ConnectionAnswer,
  Done,
  NewWorkspace,
  Paused,
  Restarted,
  Resumed,
  WorkspaceChange,
  WorkspaceMade,
  WorkspaceRemoved,
  WorkspaceUpdated,
} from "./wire";
import { readWorkspace, type Peer, type Workspace } from "./workspace";

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

/** `command` is what runs for each message, of the runtime "command". */
export const createWorkspace = (body: NewWorkspace & { command?: string }) => request<WorkspaceMade>("POST", "/workspaces", { body });
export const changeWorkspace = (id: string, body: WorkspaceChange) => request<WorkspaceUpdated>("PATCH", at(id), { body });
export const deleteWorkspace = (id: string) => request<WorkspaceRemoved>("DELETE", `${at(id)}?confirm=true`);
export const pauseWorkspace = (id: string) => request<Paused>("POST", `${at(id)}/pause`);
export const resumeWorkspace = (id: string) => request<Resumed>("POST", `${at(id)}/resume`);
export const restartWorkspace = (id: string) => request<Restarted>("POST", `${at(id)}/restart`);
/** Speaks for an agent: what it says of itself is this from now on. */
export const changeCard = (id: string, agent_card: Record<string, unknown>) => request<Done>("POST", "/registry/update-card", { body: { id, agent_card } });
export const listPeers = (id: string) => request<Peer[]>("GET", `/registry/${encodeURIComponent(id)}/peers`);

export const readConnection = async (id: string) =>
  (await request<ConnectionAnswer>("GET", `${at(id)}/external/connection`)).connection;
/** Ends every token of the workspace at once and answers with the one new token. */
export const rotateConnection = async (id: string) =>
  (await request<ConnectionAnswer>("POST", `${at(id)}/external/rotate`)).connection;
