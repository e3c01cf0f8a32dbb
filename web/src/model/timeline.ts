import { answerText, fields, requestText, textMember } from "@/api/a2a_text";
import type { WorkspaceStatus } from "@/api/wire";
import type { LogEvent } from "@/live/log_feed";
import { statusWords } from "./selectors";
import { writeWay } from "./way_address";

export type Told = LogEvent;

export const timelineKinds = ["lifecycle", "messages", "delegations", "tasks", "configuration", "access", "logs"] as const;
export type TimelineKind = (typeof timelineKinds)[number];

/** Somebody in an entry: a workspace by its id, or a person. */
export type Party = { id: string } | "person";

/** One line of the timeline: who did what, to whom, and the words of it. */
export interface Entry {
  seq: number;
  at: number;
  kind: TimelineKind;
  who: Party | undefined;
  says: string;
  to: Party | undefined;
  text: string;
  failed: boolean;
  /** Nothing failed, and all is not well. */
  unwell: boolean;
  tookMs: number | undefined;
  /** The address of the way of the message it is about. */
  way: string | undefined;
  /** The message or report that it is about, where that has more than the event told. */
  activity: { workspace: string; id: string } | undefined;
  told: Told;
}

type Part = Partial<Entry> & Pick<Entry, "kind" | "says">;

const party = (id: unknown): Party => (typeof id === "string" && id !== "" ? { id } : "person");
const number = (value: unknown): number | undefined => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
const percent = (value: unknown): string => `${Math.round((number(value) ?? 0) * 100)} %`;
const status = (value: unknown): string | undefined => (typeof value === "string" && value in statusWords ? statusWords[value as WorkspaceStatus].toLowerCase() : undefined);

const changed: Readonly<Record<string, string>> = { name: "name", role: "role", tier: "tier", runtime: "runtime", url: "address", parent_id: "team", workspace_dir: "folder", workspace_access: "access to its folder", delivery_mode: "delivery" };

/** What somebody changed of a workspace; nothing where it only moved on the canvas. */
function updated({ payload }: Told): Part | undefined {
  const members = Object.keys(payload).flatMap((key) => changed[key] ?? []);
  if (members.length === 0) return undefined;
  const team = "parent_id" in payload && members.length === 1;
  if (team && payload.parent_id === null) return { kind: "configuration", says: "left its team" };
  if (team) return { kind: "configuration", says: "moved to the team of", to: party(payload.parent_id) };
  const name = textMember(payload, "name");
  return { kind: "configuration", says: `has another ${members.join(", ")}`, text: name ?? textMember(payload, "role") ?? "" };
}

function activity(told: Told): Part | undefined {
  const { payload } = told;
  const type = textMember(payload, "activity_type") ?? "";
  const words = textMember(payload, "summary") ?? "";
  const id = textMember(payload, "activity_id") ?? "";
  const error = textMember(payload, "error_detail");
  const failed = payload.status === "error" || payload.status === "failed" || type === "error";
  const about = { activity: { workspace: told.workspace ?? "", id }, failed };
  switch (type) {
    case "a2a_receive": {
      // What the platform tells a person or a delegating agent has an event of its own.
      if (payload.method === "notify" || payload.method === "delegate_result") return undefined;
      const kind = payload.source_id === null ? "messages" : "delegations";
      const way = writeWay({ workspace: told.workspace ?? "", message: id });
      if (payload.response_body === undefined && payload.duration_ms === undefined && error === undefined && "request_body" in payload)
        return { ...about, kind, who: party(payload.source_id), says: "asked", to: party(payload.target_id), text: requestText(payload.request_body) || words, way };
      if ("summary" in payload && payload.response_body === undefined && payload.duration_ms === undefined)
        return { ...about, kind, who: party(payload.source_id), says: "asked", to: party(payload.target_id), text: words, way };
      return { ...about, kind, says: failed ? "did not answer" : "answered", to: party(payload.source_id), text: error ?? answerText(payload.response_body), tookMs: number(payload.duration_ms), way };
    }
    case "delegation":
    case "a2a_send":
      return undefined;
    case "task_update":
      return { ...about, kind: "tasks", says: "reported", text: error ?? words };
    case "dead_letter": {
      const letter = textMember(fields(payload.request_body), "dead_letter");
      return { ...about, kind: "messages", says: "has a dead letter decided", text: words, ...(letter ? { way: writeWay({ workspace: told.workspace ?? "", message: letter }) } : {}) };
    }
    default:
      return { ...about, kind: "logs", says: failed ? "reported an error" : (logWords[type] ?? "noted"), text: error ?? words };
  }
}

const logWords: Readonly<Record<string, string>> = { agent_log: "logged", memory_write: "remembered", skill_promotion: "learned a skill" };

/** The way of the message that carries a delegation. */
function delegated(told: Told, part: Part): Part {
  const { payload } = told;
  const [to, delegation] = [textMember(payload, "target_id"), textMember(payload, "delegation_id")];
  return { to: party(payload.target_id), ...(to && delegation ? { way: writeWay({ workspace: to, delegation }) } : {}), ...part };
}

const ticketName = (payload: Told["payload"]): string => textMember(payload, "name") ?? textMember(payload, "role") ?? "";

const keyWords = (payload: Told["payload"]): string =>
  `${textMember(payload, "name") || textMember(payload, "prefix") || ""} (${textMember(payload, "scope") ?? ""}), by ${textMember(payload, "by") ?? ""}`;

const tokenWords = (payload: Told["payload"]): string => `${textMember(payload, "label") || textMember(payload, "prefix") || ""}, by ${textMember(payload, "by") ?? ""}`;

function partOf(told: Told): Part | undefined {
  const { payload } = told;
  const lifecycle = (says: string, more: Partial<Entry> = {}): Part => ({ kind: "lifecycle", says, ...more });
  switch (told.event) {
    case "WORKSPACE_PROVISIONING":
      return lifecycle(textMember(payload, "name") === undefined ? "is starting" : "was set up", { text: textMember(payload, "role") ?? "" });
    case "WORKSPACE_AWAITING_AGENT":
      return lifecycle("waits for its agent");
    case "WORKSPACE_ONLINE": {
      const before = status(payload.recovered_from);
      if (before !== undefined) return lifecycle(`is online again, after it was ${before}`);
      return lifecycle("agent_card" in payload ? "is online: its agent registered" : "is online");
    }
    case "WORKSPACE_DEGRADED":
      return lifecycle(payload.runtime_state === "wedged" ? "is degraded: it is stuck" : `is degraded: ${percent(payload.error_rate)} of its work fails`, { text: textMember(payload, "sample_error") ?? "", failed: true });
    case "WORKSPACE_LATE":
      return lifecycle("is late: its heartbeat did not come", { unwell: true });
    case "WORKSPACE_OFFLINE":
      return lifecycle("went offline", { unwell: true });
    case "WORKSPACE_PAUSED":
      return lifecycle("was paused");
    case "WORKSPACE_HIBERNATED":
      return lifecycle("was put to sleep");
    case "WORKSPACE_PROVISION_FAILED":
      return lifecycle("could not be started", { text: textMember(payload, "error") ?? "", failed: true });
    case "WORKSPACE_REMOVED":
      return lifecycle("was removed", { text: number(payload.cascade_deleted) ? `and ${number(payload.cascade_deleted)} in its team` : "" });
    case "WORKSPACE_UPDATED":
      return updated(told);
    case "AGENT_CARD_UPDATED":
      return { kind: "configuration", says: "has a new agent card" };
    case "TASK_UPDATED": {
      const task = textMember(payload, "current_task");
      return task === undefined ? undefined : { kind: "tasks", says: "works on", text: task };
    }
    case "EXTERNAL_CREDENTIALS_ROTATED":
      return { kind: "access", says: "had its tokens replaced" };
    case "SECRET_CHANGED":
      return { kind: "access", says: payload.scope === "global" || told.workspace === null ? "A secret of everybody changed" : "had a secret changed", text: textMember(payload, "key") ?? "" };
    case "TICKET_MADE":
      return { kind: "access", says: "A join ticket was made", text: ticketName(payload) };
    case "TICKET_REDEEMED":
      return { kind: "access", says: "joined with a ticket", text: textMember(payload, "address") ?? "" };
    case "TICKET_REFUSED":
      return { kind: "access", says: "A join ticket was refused", text: textMember(payload, "address") ?? "", failed: true };
    case "TICKET_REVOKED":
      return { kind: "access", says: "A join ticket was revoked" };
    case "AGENT_KEY_REMOVED":
      return { kind: "access", says: "had its agent's key forgotten" };
    case "TERMINAL_OPENED":
      return { kind: "access", says: "had a terminal opened", text: textMember(payload, "who") ?? "" };
    case "TERMINAL_CLOSED":
      return { kind: "access", says: "had a terminal closed", text: textMember(payload, "reason") ?? textMember(payload, "who") ?? "" };
    case "TOKEN_MADE":
      return { kind: "access", says: "was given another token", text: tokenWords(payload) };
    case "TOKEN_REVOKED":
      return { kind: "access", says: "had a token revoked", text: tokenWords(payload) };
    case "ORG_KEY_MADE":
      return { kind: "access", says: "A key was made", text: keyWords(payload) };
    case "ORG_KEY_REVOKED":
      return { kind: "access", says: "A key was revoked", text: keyWords(payload) };
    case "ACTIVITY_LOGGED":
      return activity(told);
    case "AGENT_MESSAGE":
      return { kind: "messages", says: "told", to: "person", text: textMember(payload, "message") ?? "" };
    case "DELEGATION_SENT":
      // What a message carries is told with that.
      return "task_id" in payload ? undefined : delegated(told, { kind: "delegations", says: "handed work to", text: textMember(payload, "task_preview") ?? "" });
    case "DELEGATION_COMPLETE":
      return delegated(told, { kind: "delegations", says: "has the result of", text: textMember(payload, "response_preview") ?? "" });
    case "DELEGATION_FAILED":
      return delegated(told, { kind: "delegations", says: payload.status === "canceled" ? "called off what it asked of" : "got no result of", text: textMember(payload, "error") ?? "", failed: payload.status !== "canceled" });
    case "WORKSPACE_HEARTBEAT":
    case "USER_MESSAGE":
    case "A2A_RESPONSE":
    case "DELEGATION_STATUS":
      return undefined;
    default:
      return { kind: "logs", says: told.event.toLowerCase().replaceAll("_", " ") };
  }
}

/** What an event says to people; undefined where another event says the same, or it says nothing. */
export function entryOf(told: Told): Entry | undefined {
  const part = partOf(told);
  if (!part) return undefined;
  return { seq: told.seq, at: told.at, who: told.workspace === null ? undefined : { id: told.workspace }, to: undefined, text: "", failed: false, unwell: false, tookMs: undefined, way: undefined, activity: undefined, told, ...part };
}

/** Names that events brought along, for workspaces that are no more. */
export function namesIn(events: readonly Told[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { workspace, payload, event } of events) {
    const name = event.startsWith("WORKSPACE_") ? textMember(payload, "name") : undefined;
    // Newest first: the first that is met is the last it had.
    if (workspace !== null && name !== undefined && !names.has(workspace)) names.set(workspace, name);
  }
  return names;
}

export interface TimelineQuery {
  find: string;
  /** Empty: all; "failed": what failed, of any kind. */
  show: string;
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export type NameOf = (id: string) => string;

export const partyName = (someone: Party, nameOf: NameOf): string => (someone === "person" ? "you" : nameOf(someone.id));

/** A text with names where it has ids. */
export const named = (text: string, nameOf: NameOf): string => text.replace(uuid, nameOf);

/** An entry as one sentence. */
export function sentence(entry: Entry, nameOf: NameOf): string {
  const who = entry.who === undefined ? "" : entry.who === "person" ? "You" : nameOf(entry.who.id);
  const words = [who, entry.says, entry.to === undefined ? "" : partyName(entry.to, nameOf)].filter((each) => each !== "").join(" ");
  return entry.text === "" ? words : `${words}: ${named(entry.text, nameOf)}`;
}

/** The entries that are asked for, in their order. */
export function chosen(entries: readonly Entry[], { find, show }: TimelineQuery, nameOf: NameOf): readonly Entry[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && show === "") return entries;
  return entries.filter((entry) => {
    if (show === "failed" ? !entry.failed : show !== "" && entry.kind !== show) return false;
    if (words.length === 0) return true;
    const text = sentence(entry, nameOf).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
