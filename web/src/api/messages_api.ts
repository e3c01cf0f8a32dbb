import { request } from "./request";

export interface HistoryTurn {
  role: "user" | "agent";
  text: string;
}

/**
 * Sends one message of a person to a workspace. Waits as long as the agent works; abort the signal to stop waiting
 * (the agent goes on). The same message id may be sent again safely: the platform accepts it once.
 */
export function sendMessage(
  workspaceId: string,
  message: { id: string; text: string; history: HistoryTurn[] },
  signal: AbortSignal,
): Promise<unknown> {
  return request<unknown>("POST", `/workspaces/${encodeURIComponent(workspaceId)}/a2a`, {
    timeoutMs: 0,
    signal,
    body: {
      jsonrpc: "2.0",
      id: message.id,
      method: "message/send",
      params: {
        message: {
          kind: "message",
          role: "user",
          messageId: message.id,
          parts: [{ kind: "text", text: message.text }],
        },
        metadata: { history: message.history },
      },
    },
  });
}
