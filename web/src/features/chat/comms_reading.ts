import { readAnswer, requestParts, type Part, type TaskState } from "@/api/a2a_answer";
import { errorText, requestText, textMember } from "@/api/a2a_text";
import type { ActivityRow } from "@/api/activity_api";
import { wayOfRow } from "@/model/way_address";

/** One thing one agent said to another, seen from one workspace. */
export interface Comm {
  id: string;
  peerId: string;
  way: "out" | "in";
  text: string;
  parts: readonly Part[];
  /** Of the task that an answer is. */
  taskState?: TaskState;
  at: number;
  status: "ok" | "queued" | "failed";
  error?: string;
  /** The address of the way of the message that it is of. */
  whole?: string;
}

const shownTypes = new Set(["a2a_send", "a2a_receive", "delegation"]);

function statusOf(row: ActivityRow): Comm["status"] {
  if (row.status === "error" || row.status === "failed" || row.status === "canceled") return "failed";
  return row.status === "queued" || row.status === "pending" || row.status === "dispatched" ? "queued" : "ok";
}

/** What the platform says about a message that it keeps for later is nobody's answer. */
const isReceipt = (body: unknown): boolean => textMember(body, "status") !== undefined && textMember(body, "result") === undefined;

const delegationOf = (row: ActivityRow): string | undefined =>
  textMember(row.request_body, "delegation_id") ?? textMember(row.response_body, "delegation_id");

/** Reads activity rows as talk between agents, oldest first. A row with an answer gives the question and the answer. */
export function readComms(rows: readonly ActivityRow[], self: string): Comm[] {
  const comms: Comm[] = [];
  const settled = new Set(rows.filter((row) => row.method === "delegate_result").map(delegationOf));
  for (const row of [...rows].reverse()) {
    const outward = row.source_id === self;
    const peerId = outward ? row.target_id : row.source_id;
    if (!shownTypes.has(row.activity_type) || row.method === "notify" || !peerId || peerId === self) continue;
    const at = Date.parse(row.created_at);
    const delegation = row.method === "delegate_result" ? undefined : delegationOf(row);
    const status = delegation !== undefined && settled.has(delegation) ? "ok" : statusOf(row);
    const error = row.error_detail ?? errorText(row.response_body);
    const asked = row.method === "delegate_result" ? "" : requestText(row.request_body) || (row.summary ?? "");
    const parts = row.method === "delegate_result" ? [] : requestParts(row.request_body);
    const answer = isReceipt(row.response_body) ? undefined : readAnswer(row.response_body, row.activity_type === "delegation" || row.method === "delegate_result" ? "nothing" : "data");
    const says = answer !== undefined && (answer.text !== "" || answer.parts.length > 0 || answer.state !== undefined);
    const failed = status === "failed" && error ? { error } : {};
    const address = wayOfRow(row);
    const whole = address === undefined ? {} : { whole: address };
    if (asked !== "") comms.push({ id: row.id, peerId, way: outward ? "out" : "in", text: asked, parts, at, status, ...failed, ...whole });
    if (says && status === "ok")
      comms.push({
        id: `${row.id}:answer`,
        peerId,
        // A result row stands in the feed of the one who asked, so it came in.
        way: row.method === "delegate_result" || outward ? "in" : "out",
        text: answer.text,
        parts: answer.parts,
        ...(answer.state ? { taskState: answer.state } : {}),
        at: at + (row.duration_ms ?? 0),
        status,
        ...whole,
      });
    else if (asked === "" && status === "failed") comms.push({ id: row.id, peerId, way: "in", text: "", parts: [], at, status, ...failed, ...whole });
  }
  return comms.sort((a, b) => a.at - b.at);
}

const hints: [RegExp, string][] = [
  [/time.?out|timed out|deadline/i, "It did not answer in time. It may still be working; look at its activity before asking again."],
  [/reset|broken pipe|eof|dropped/i, "The connection broke while it worked. Asking again is usually enough."],
  [/refused|unreachable|no url|not reachable|dns/i, "It cannot be reached at its address. Check that its process runs and its URL is right."],
  [/initiali[sz]/i, "It is stuck while starting. Restart it where it runs."],
  [/exception|traceback|panic/i, "Its program failed. Its own log says where."],
  [/access denied|hierarchy|not allowed/i, "They may not talk to each other: only parents, children and siblings may."],
  [/budget/i, "Its budget is used up."],
];

/** A plain-language reading of a delivery error. */
export function hintFor(error: string): string {
  return hints.find(([pattern]) => pattern.test(error))?.[1] ?? "Open the peer to see what state it is in.";
}
