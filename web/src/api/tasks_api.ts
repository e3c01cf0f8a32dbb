import { errorText, fields, textMember } from "./a2a_text";
import { readAnswer, type TaskState } from "./a2a_answer";
import { ApiError } from "./api_error";
import { endpointOf } from "./messages_api";
import { request } from "./request";
import type { TaskTree } from "./wire";

/** Where a message stands, in the platform's words. */
export const standingWords = ["waiting", "leased", "seen", "answered", "refused", "expired", "removed", "dead_letter", "canceled"] as const;
export type StandingWord = (typeof standingWords)[number];

/** How a message stands, as the platform and its agent say. */
export interface Standing {
  word: StandingWord;
  /** As A2A has it. */
  state: TaskState;
  /** Milliseconds since the epoch. */
  since: number;
  /** The agent's words, or the platform's where it has none. */
  says: string;
  /** Deliveries that the agent may have seen. */
  attempts?: number;
  expiresAt?: number;
  /** Why this is not the agent's newest word. */
  note?: string;
}

/** Reads a task as tasks/get and tasks/cancel tell it. Undefined where there is no standing in it. */
export function readStanding(task: unknown): Standing | undefined {
  const told = fields(fields(fields(task)?.metadata)?.molecule);
  const word = standingWords.find((each) => each === told?.standing);
  if (!told || word === undefined) return undefined;
  const expiresAt = Date.parse(textMember(told, "expires_at") ?? "");
  const note = textMember(told, "note");
  return {
    word,
    state: readAnswer(task, "nothing").state ?? "unknown",
    since: Date.parse(textMember(told, "since") ?? ""),
    says: readAnswer(fields(fields(task)?.status)?.message, "nothing").text,
    ...(typeof told.attempts === "number" ? { attempts: told.attempts } : {}),
    ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
    ...(note === undefined ? {} : { note }),
  };
}

async function ask(workspaceId: string, method: string, params: Record<string, unknown>, signal?: AbortSignal): Promise<unknown> {
  const body = { jsonrpc: "2.0", id: method, method, params };
  const answer = await request<unknown>("POST", endpointOf(workspaceId), { body, ...(signal ? { signal } : {}) });
  const error = fields(answer)?.error;
  // What A2A has a number for is an answer and no refusal of HTTP.
  if (error !== undefined) throw new ApiError(200, `a2a_${String(fields(error)?.code)}`, errorText(answer) ?? "The platform did not say why.");
  return fields(answer)?.result;
}

const call = (workspaceId: string, method: string, id: string, signal?: AbortSignal) => ask(workspaceId, method, { id }, signal);

/** How a message stands; asks its agent where that goes on with it. */
export const getTask = (workspaceId: string, id: string, signal?: AbortSignal) => call(workspaceId, "tasks/get", id, signal);

/** Tasks told at once, the newest. */
const listedMax = 100;

/** The tasks that an agent has and has not ended: what only waits for it, and what waits for somebody else, is not among them. */
export async function tasksUnderWay(workspaceId: string): Promise<string[]> {
  const found: string[] = [];
  for (const status of ["working", "submitted"]) {
    const page = fields(await ask(workspaceId, "tasks/list", { status, pageSize: listedMax, historyLength: 0 }));
    for (const task of Array.isArray(page?.tasks) ? (page.tasks as unknown[]) : []) {
      const id = textMember(task, "id");
      if (id !== undefined && readStanding(task)?.word !== "waiting") found.push(id);
    }
  }
  return found;
}

/** Calls a message off: the task as it stands then. Refused with `a2a_-32002` where it cannot be stopped. */
export const cancelTask = (workspaceId: string, id: string) => call(workspaceId, "tasks/cancel", id);
export const notCancelable = "a2a_-32002";

/** A task and what was asked because of it, each behind its parent; goes on behind `after`. */
export function readTaskTree(workspaceId: string, id: string, { limit, after }: { limit: number; after?: string | undefined }, signal?: AbortSignal): Promise<TaskTree> {
  const query = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) });
  return request<TaskTree>("GET", `/workspaces/${encodeURIComponent(workspaceId)}/tasks/${encodeURIComponent(id)}/tree?${query}`, signal ? { signal } : {});
}
