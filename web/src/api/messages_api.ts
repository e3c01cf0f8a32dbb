import type { FilePart, TaskName } from "./a2a_answer";
import { requestEvents, type Streamed } from "./request";

export interface HistoryTurn {
  role: "user" | "agent";
  text: string;
}

export const endpointOf = (workspaceId: string): string => `/workspaces/${encodeURIComponent(workspaceId)}/a2a`;

/** Words, and files by their names; the size stands where both generations of the protocol have room for it. */
function partsOf(text: string, files: readonly FilePart[]): unknown[] {
  const named = files.map(({ name, type, size, uri }) => ({
    kind: "file",
    file: { name, mimeType: type, uri },
    ...(size === undefined ? {} : { metadata: { size } }),
  }));
  return text === "" && named.length > 0 ? named : [{ kind: "text", text }, ...named];
}

/**
 * Sends one message of a person to a workspace and reads its answer as it comes; abort the signal to stop reading (the
 * agent goes on). The same message id may be sent again safely: the platform accepts it once, and goes on behind the
 * event `after`. With a task it goes on with that one.
 */
export function sendMessage(
  workspaceId: string,
  message: { id: string; text: string; history: HistoryTurn[]; files?: readonly FilePart[]; task?: TaskName | undefined },
  signal: AbortSignal,
  after = 0,
): Promise<Streamed> {
  const body = {
    jsonrpc: "2.0",
    id: message.id,
    method: "message/stream",
    params: {
      message: {
        kind: "message",
        role: "user",
        messageId: message.id,
        parts: partsOf(message.text, message.files ?? []),
        ...(message.task ? { taskId: message.task.id, contextId: message.task.contextId } : {}),
      },
      metadata: { history: message.history },
    },
  };
  return requestEvents(endpointOf(workspaceId), body, signal, after);
}

/** Reads a message's answer as it comes, without sending the message again: first how it stands, then what comes of it. */
export function readTask(workspaceId: string, taskId: string, signal: AbortSignal, after = 0): Promise<Streamed> {
  const body = { jsonrpc: "2.0", id: taskId, method: "tasks/resubscribe", params: { id: taskId } };
  return requestEvents(endpointOf(workspaceId), body, signal, after);
}
