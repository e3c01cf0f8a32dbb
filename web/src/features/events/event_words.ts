import type { EventName } from "@/live/frame";

export type EventKind = "status" | "trouble" | "work" | "message" | "access";

/** The kinds an event may be looked for by. */
export const kindWords: Record<EventKind, string> = {
  status: "Status and changes",
  trouble: "Trouble",
  work: "Work",
  message: "Messages",
  access: "Tokens, tickets, secrets",
};

/** Each type in words, as the end of a sentence about the workspace, and its kind. */
const known: Record<EventName, [EventKind, string]> = {
  WORKSPACE_PROVISIONING: ["status", "was made or is starting"],
  WORKSPACE_AWAITING_AGENT: ["status", "waits for its agent"],
  WORKSPACE_ONLINE: ["status", "is online"],
  WORKSPACE_DEGRADED: ["trouble", "is degraded"],
  WORKSPACE_LATE: ["trouble", "is late: a heartbeat is missing"],
  WORKSPACE_OFFLINE: ["trouble", "is offline"],
  WORKSPACE_PAUSED: ["status", "is paused"],
  WORKSPACE_HIBERNATED: ["status", "sleeps"],
  WORKSPACE_PROVISION_FAILED: ["trouble", "could not be started"],
  WORKSPACE_UPDATED: ["status", "was changed"],
  WORKSPACE_REMOVED: ["status", "was deleted"],
  WORKSPACE_HEARTBEAT: ["status", "sent a heartbeat"],
  AGENT_REFUSED: ["trouble", "somebody was refused as its agent"],
  TASK_UPDATED: ["work", "told what it is at"],
  AGENT_CARD_UPDATED: ["status", "has another agent card"],
  EXTERNAL_CREDENTIALS_ROTATED: ["access", "was given a new token for all old ones"],
  SECRET_CHANGED: ["access", "has a changed secret"],
  TICKET_MADE: ["access", "is to be joined by ticket"],
  TICKET_REDEEMED: ["access", "was joined by ticket"],
  TICKET_REFUSED: ["trouble", "a ticket was refused"],
  TICKET_REVOKED: ["access", "a ticket was revoked"],
  AGENT_KEY_REMOVED: ["access", "its agent’s key was taken away"],
  TERMINAL_OPENED: ["access", "a terminal of it was opened"],
  TERMINAL_CLOSED: ["access", "a terminal of it was closed"],
  TOKEN_MADE: ["access", "was given another token"],
  TOKEN_REVOKED: ["access", "had a token revoked"],
  ORG_KEY_MADE: ["access", "an organisation key was made"],
  ORG_KEY_REVOKED: ["access", "an organisation key was revoked"],
  ACTIVITY_LOGGED: ["work", "did something, as its activity tells"],
  USER_MESSAGE: ["message", "was written to"],
  AGENT_MESSAGE: ["message", "wrote"],
  A2A_RESPONSE: ["message", "answered"],
  DELEGATION_SENT: ["work", "handed work over"],
  DELEGATION_STATUS: ["work", "work handed over moved on"],
  DELEGATION_COMPLETE: ["work", "work handed over is done"],
  DELEGATION_FAILED: ["trouble", "work handed over came to nothing"],
};

/** What an event is, also where a newer platform has types that this page does not know. */
export function eventWords(type: string): { kind: EventKind; words: string } {
  const [kind, words] = known[type as EventName] ?? ["status", type.toLowerCase().replaceAll("_", " ")];
  return { kind, words };
}
