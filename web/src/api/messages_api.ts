import type { TaskName } from "./a2a_answer";
import { requestEvents, type Streamed } from "./request";

export interface HistoryTurn {
  role: "user" | "agent";
  text: string;
}

export const endpointOf = (workspaceId: string): string => `/workspaces/${encodeURIComponent(workspaceId)}/a2a`;

/**
 * Sends one message of a person to a workspace and reads its answer as it comes; abort the signal to stop reading (the
 * agent goes on). The same message id may be sent again safely: the platform accepts it once, and goes on behind the
 * event `after`. With a task it goes on with that one.
 */
export function sendMessage(
  workspaceId: string,
  message: { id: string; text: string; history: HistoryTurn[]; task?: TaskName | undefined },
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
        parts: [{ kind: "text", text: message.text }],
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
