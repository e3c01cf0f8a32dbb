import { answerText, requestText, textMember } from "@/api/a2a_text";
import type { ActivityRow } from "@/api/activity_api";
import { standingWords, type StandingWord } from "@/api/tasks_api";
import type { QueueItem } from "@/api/wire";

/** A message as the feed and the mailbox tell it. */
export interface Told {
  row: ActivityRow;
  item: QueueItem;
}

/** One message on the way: who asked whom, when, and what came of it. */
export interface Step {
  id: string;
  depth: number;
  /** Null: a person. */
  from: string | null;
  to: string;
  text: string;
  answer: string;
  error: string | undefined;
  standing: StandingWord;
  /** Deliveries that the agent may have seen. */
  attempts: number;
  expiresAt: number | undefined;
  startedAt: number;
  /** Undefined: it is not over. */
  endedAt: number | undefined;
  /** Its way to a conversation with a delegation. */
  delegated: boolean;
}

export interface Way {
  /** In the order of a tree that is read from its root: each before what was sent because of it. */
  steps: readonly Step[];
  /** The one that was asked for. */
  asked: string;
  startedAt: number;
  /** Undefined: something is not over. */
  endedAt: number | undefined;
  /** Not all are shown. */
  more: boolean;
}

export const delegationOf = (row: ActivityRow): string | undefined =>
  textMember(row.request_body, "delegation_id") ?? textMember(row.response_body, "delegation_id");

const ended: ReadonlySet<StandingWord> = new Set<StandingWord>(["answered", "refused", "expired", "removed", "dead_letter", "canceled"]);

function stepOf({ row, item }: Told, depth: number): Step {
  const standing = standingWords.find((word) => word === item.standing) ?? "seen";
  const startedAt = Date.parse(row.created_at);
  const expiresAt = Date.parse(item.expires_at ?? "");
  const over = ended.has(standing) || row.mail === "settled" || row.mail === "dead";
  return {
    id: row.id,
    depth,
    from: row.source_id,
    to: row.workspace_id,
    text: requestText(row.request_body) || (row.summary ?? ""),
    answer: answerText(row.response_body ?? item.response_body),
    error: row.error_detail ?? item.last_error ?? undefined,
    standing,
    attempts: item.attempts,
    expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
    startedAt,
    endedAt: over ? startedAt + (row.duration_ms ?? 0) : undefined,
    delegated: requestText(row.request_body) !== "" && textMember(metadataOf(row), "delegation_id") !== undefined,
  };
}

function metadataOf(row: ActivityRow): unknown {
  const params = (row.request_body as { params?: { metadata?: unknown; message?: { metadata?: unknown } } } | undefined)?.params;
  return params?.metadata ?? params?.message?.metadata;
}

/** Puts messages that belong together in the order of their tree; siblings by time. */
export function buildWay(told: readonly Told[], asked: string, more: boolean): Way {
  const ids = new Set(told.map(({ row }) => row.id));
  const below = new Map<string | undefined, Told[]>();
  for (const each of [...told].sort((a, b) => a.row.seq - b.row.seq)) {
    const parent = each.row.parent_id !== undefined && ids.has(each.row.parent_id) ? each.row.parent_id : undefined;
    below.set(parent, [...(below.get(parent) ?? []), each]);
  }
  const steps: Step[] = [];
  const walk = (parent: string | undefined, depth: number) => {
    for (const each of below.get(parent) ?? []) {
      steps.push(stepOf(each, depth));
      walk(each.row.id, depth + 1);
    }
  };
  walk(undefined, 0);
  const ends = steps.map(({ endedAt }) => endedAt);
  return {
    steps,
    asked,
    startedAt: Math.min(...steps.map(({ startedAt }) => startedAt)),
    endedAt: ends.includes(undefined) ? undefined : Math.max(...ends.map((at) => at ?? 0)),
    more,
  };
}

/** Where a step lies on the way's time, in parts of the whole; one that is not over reaches to `now`. */
export function span(way: Way, step: Step, now: number): { from: number; length: number } {
  const end = way.endedAt ?? Math.max(now, way.startedAt + 1);
  const whole = Math.max(1, end - way.startedAt);
  const from = Math.min(1, Math.max(0, (step.startedAt - way.startedAt) / whole));
  const until = Math.min(1, Math.max(from, ((step.endedAt ?? now) - way.startedAt) / whole));
  return { from, length: until - from };
}

/** Which message is meant: one of a workspace by its id, or the one that carries a delegation to it. */
export interface WayAddress {
  workspace: string;
  message?: string;
  delegation?: string;
}

export const writeWay = ({ workspace, message, delegation }: WayAddress): string => [workspace, message ?? "", delegation ?? ""].join(".");

export function readWay(text: string): WayAddress | undefined {
  const [workspace = "", message = "", delegation = ""] = text.split(".");
  if (workspace === "" || (message === "" && delegation === "")) return undefined;
  return { workspace, ...(message ? { message } : {}), ...(delegation ? { delegation } : {}) };
}

/** The address of what a row of activity is about, where it is about a message. */
export function wayOfRow(row: ActivityRow): string | undefined {
  if (row.mail !== undefined) return writeWay({ workspace: row.workspace_id, message: row.id });
  const delegation = delegationOf(row);
  const carrier = row.method === "delegate_result" ? row.source_id : row.target_id;
  if (delegation !== undefined && carrier) return writeWay({ workspace: carrier, delegation });
  const letter = row.activity_type === "dead_letter" ? textMember(row.request_body, "dead_letter") : undefined;
  return letter === undefined ? undefined : writeWay({ workspace: row.workspace_id, message: letter });
}
