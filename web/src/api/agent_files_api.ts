import { ApiError } from "./api_error";
import { refusal, request, requestWithHeaders } from "./request";
import { addressOf } from "./root";
import type { AgentConfig, AgentConfigProblem, AgentConfigSaved, AgentFile, AgentFileDeleted, AgentFileSaved, AgentFileText } from "./wire";

export type Root = "/workspace" | "/configs" | "/home";

/** A path below a root, as it stands in an address: names that are no UTF-8 have no other form. */
export type FileAddress = string;

const at = (id: string) => `/workspaces/${encodeURIComponent(id)}`;
export const addressOfPath = (path: string): FileAddress => path.split("/").map(encodeURIComponent).join("/");
const inRoot = (root: Root) => `?root=${encodeURIComponent(root)}`;

/** A page of what is directly in a directory, and the cursor of the next where there is more. */
export async function listFiles(id: string, root: Root, path: FileAddress, cursor?: string): Promise<{ files: AgentFile[]; cursor: string | undefined }> {
  const below = path === "" ? "" : `&path=${path}`;
  const from = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const { value, headers } = await requestWithHeaders<AgentFile[]>("GET", `${at(id)}/files${inRoot(root)}${below}${from}`);
  return { files: value, cursor: headers.get("X-Next-Cursor") ?? undefined };
}
export const readFile = (id: string, root: Root, path: FileAddress) => request<AgentFileText>("GET", `${at(id)}/files/${path}${inRoot(root)}`);
export const writeFile = (id: string, root: Root, path: FileAddress, content: string, guard: { ifVersion?: string | undefined; ifAbsent?: boolean }) =>
  request<AgentFileSaved>("PUT", `${at(id)}/files/${path}${inRoot(root)}`, { body: { content }, ...guard });
export const deleteFile = (id: string, root: Root, path: FileAddress) =>
  request<AgentFileDeleted>("DELETE", `${at(id)}/files/${path}${inRoot(root)}&recursive=true`);
/** Where a file of any kind is downloaded. */
export const downloadAddress = (id: string, root: Root, path: FileAddress) => addressOf(`${at(id)}/file-bytes/${path}${inRoot(root)}`);

/** Sends a file of any kind up; in the place of what is there only if `replace`. */
export async function uploadInto(id: string, root: Root, path: FileAddress, file: File, replace: boolean): Promise<void> {
  let response: Response;
  try {
    response = await fetch(downloadAddress(id, root, path), {
      method: "PUT",
      credentials: "same-origin",
      headers: { "Content-Type": "application/octet-stream", ...(replace ? {} : { "If-None-Match": "*" }) },
      body: file,
    });
  } catch {
    throw new ApiError(0, "unreachable", "The connection broke off before the platform had it.");
  }
  if (response.ok) return;
  let body: unknown = null;
  try {
    body = await response.json();
  } catch {
    // What it is then is said by its status.
  }
  throw refusal(response.status, body);
}

export const readConfig = (id: string) => request<AgentConfig>("GET", `${at(id)}/config`);
export const saveConfig = (id: string, text: string, ifVersion: string | undefined) =>
  request<AgentConfigSaved>("PUT", `${at(id)}/config`, { body: { text }, ifVersion });
export const changeConfig = (id: string, changes: Record<string, unknown>, ifVersion: string | undefined) =>
  request<AgentConfigSaved>("PATCH", `${at(id)}/config`, { body: changes, ifVersion });

/** What keeps an agent from going by a configuration that was refused; nothing for other refusals. */
export function configProblems(error: unknown): AgentConfigProblem[] | undefined {
  if (!(error instanceof ApiError) || error.code !== "config_invalid") return undefined;
  return Array.isArray(error.body.problems) ? (error.body.problems as AgentConfigProblem[]) : [];
}
