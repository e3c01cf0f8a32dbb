import { answerText, errorText, requestMessageId, requestText, textMember } from "@/api/a2a_text";
import type { ActivityRow } from "@/api/activity_api";

/** Where a person's message stands. */
export type TurnState = "sending" | "delivered" | "queued" | "answered" | "failed" | "stopped";

export interface ChatMessage {
  id: string;
  role: "user" | "agent" | "system";
  text: string;
  at: number;
  /** For a person's message. */
  state?: TurnState;
  /** For a person's message: what the platform said about its place in the queue, or why it failed. */
  note?: string;
  /** For a person's message: it is not known whether the platform has it, so it may only be sent again under its id. */
  uncertain?: boolean;
  /** For a person's message: the activity row it became; agents name it when they answer. */
  rowId?: string;
  /** For an answer: the message it answers. */
  replyTo?: string;
}

export interface LogLine {
  kind: "task" | "out" | "in" | "error" | "note";
  text: string;
  peerId?: string;
  at: number;
  times: number;
}

export interface Thread {
  /** In order of time. */
  readonly messages: readonly ChatMessage[];
  /** What the agent did since the last message of the person. */
  readonly log: readonly LogLine[];
}

export const emptyThread: Thread = { messages: [], log: [] };
export const messagesMax = 500;
export const logMax = 20;
/** The same words from the same side within this time are one message. */
export const sameWordsMs = 3000;

const isOpen = (message: ChatMessage): boolean =>
  message.role === "user" && (message.state === "sending" || message.state === "delivered" || message.state === "queued");

/** The person's newest message that still waits for its answer. */
export function openTurn(thread: Thread): ChatMessage | undefined {
  return thread.messages.findLast(isOpen);
}

function ordered(messages: ChatMessage[]): readonly ChatMessage[] {
  return messages.sort((a, b) => a.at - b.at).slice(-messagesMax);
}

/** Adds a person's message and starts a new log; a known one only learns its row. */
export function withQuestion(thread: Thread, message: ChatMessage): Thread {
  const known = thread.messages.find((each) => each.id === message.id);
  if (known) {
    const { rowId } = message;
    if (rowId === undefined || known.rowId === rowId) return thread;
    return { ...thread, messages: thread.messages.map((each) => (each === known ? { ...known, rowId } : each)) };
  }
  return { messages: ordered([...thread.messages, message]), log: [] };
}

/** Changes where a person's message stands. An answered one stays answered: a late receipt does not reopen it. */
export function withTurn(thread: Thread, id: string, change: { state: TurnState; note?: string; uncertain?: boolean }): Thread {
  let changed = false;
  const messages = thread.messages.map((message) => {
    if (message.id !== id || message.state === "answered") return message;
    changed = true;
    const next = { ...message, ...change };
    if (change.note === undefined) delete next.note;
    if (change.uncertain === undefined) delete next.uncertain;
    return next;
  });
  return changed ? { ...thread, messages } : thread;
}

/**
 * Adds words of the agent, from whichever way they came first: the same id, or the same words within three seconds,
 * are shown once. Settles the message they answer; without a known one, the newest that waits.
 */
export function withAnswer(thread: Thread, answer: ChatMessage): Thread {
  const names = (message: ChatMessage) => message.id === answer.replyTo || message.rowId === answer.replyTo;
  const asked = answer.replyTo === undefined ? undefined : thread.messages.find((each) => each.role === "user" && names(each));
  const settled = asked ?? openTurn(thread);
  const base = settled ? withTurn(thread, settled.id, { state: "answered" }) : thread;
  const known = base.messages.some(
    (message) =>
      message.id === answer.id ||
      (message.role === answer.role && message.text === answer.text && Math.abs(message.at - answer.at) < sameWordsMs),
  );
  if (known || answer.text === "") return base;
  return { ...base, messages: ordered([...base.messages, settled ? { ...answer, replyTo: settled.id } : answer]) };
}

/** Adds a line to the log of the turn under way; the same line again raises its count. */
export function withLogLine(thread: Thread, line: Omit<LogLine, "times">): Thread {
  const last = thread.log.at(-1);
  if (last && last.kind === line.kind && last.text === line.text && last.peerId === line.peerId)
    return { ...thread, log: [...thread.log.slice(0, -1), { ...last, at: line.at, times: last.times + 1 }] };
  return { ...thread, log: [...thread.log, { ...line, times: 1 }].slice(-logMax) };
}

const isQueuedReceipt = (body: unknown): boolean => textMember(body, "status") === "queued";
const fromPlatform = (row: ActivityRow): boolean => row.data?.source === "self" || row.data?.source === "system";

function notifyMessage(row: ActivityRow, at: number): ChatMessage {
  const id = row.message_id ?? textMember(row.response_body, "message_id") ?? row.id;
  const replyTo = textMember(row.response_body, "reply_to") ?? textMember(row.request_body, "reply_to");
  return { id, role: "agent", text: answerText(row.response_body), at, ...(replyTo ? { replyTo } : {}) };
}

/** One activity row as the bubbles it stands for: the question, and its answer or error when it has one. */
function rowMessages(row: ActivityRow): ChatMessage[] {
  const at = Date.parse(row.created_at);
  if (row.method === "notify") return [notifyMessage(row, at)];
  const text = requestText(row.request_body);
  if (text === "" || fromPlatform(row)) return [];
  const id = requestMessageId(row.request_body) ?? row.message_id ?? row.id;
  const failure = row.status === "error" ? (row.error_detail ?? errorText(row.response_body)) : errorText(row.response_body);
  const reply = isQueuedReceipt(row.response_body) ? "" : answerText(row.response_body);
  const question: ChatMessage = { id, rowId: row.id, role: "user", text, at, state: reply || failure ? "answered" : "queued" };
  const answeredAt = at + (row.duration_ms ?? 0);
  if (failure) return [question, { id: `answer:${id}`, role: "system", text: failure, at: answeredAt, replyTo: id }];
  if (reply) return [question, { id: `answer:${id}`, role: "agent", text: reply, at: answeredAt, replyTo: id }];
  return [question];
}

/** Finds the question an announced answer belongs to: the one it names, the one recorded with its words, or the last before it. */
function questionOf(announced: ChatMessage, messages: readonly ChatMessage[]): string | undefined {
  const questions = messages.filter((each) => each.role === "user" && each.at <= announced.at);
  const named = questions.find((each) => each.id === announced.replyTo || each.rowId === announced.replyTo);
  if (announced.replyTo !== undefined && named) return named.id;
  const recorded = messages.find((each) => isRecorded(each) && each.text === announced.text && each.at <= announced.at);
  return recorded?.replyTo ?? questions.at(-1)?.id;
}

const isRecorded = (message: ChatMessage): boolean => message.id.startsWith("answer:");

/** A conversation from activity rows (any order). An answer that was also announced is shown once, at its announcement. */
export function threadFromRows(rows: readonly ActivityRow[]): readonly ChatMessage[] {
  const inOrder = [...rows].sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
  const messages = inOrder.flatMap(rowMessages);
  const announced = messages
    .filter((message) => message.role === "agent" && !isRecorded(message))
    .map((message) => {
      const replyTo = questionOf(message, messages);
      return replyTo === undefined ? message : { ...message, replyTo };
    });
  const settled = new Set(announced.map((message) => message.replyTo));
  const kept = messages
    .filter((message) => message.role !== "agent" || isRecorded(message))
    .filter((message) => !isRecorded(message) || !announced.some((each) => each.replyTo === message.replyTo && each.text === message.text))
    .map((message) => (message.role === "user" && settled.has(message.id) ? { ...message, state: "answered" as const } : message));
  return [...kept, ...announced].sort((a, b) => a.at - b.at);
}

/** Puts what was read from the platform under what this page saw happen: the platform's account wins, by id. */
export function withHistory(thread: Thread, history: readonly ChatMessage[]): Thread {
  const ids = new Set(history.map((message) => message.id));
  const onlyHere = thread.messages.filter(
    (message) =>
      !ids.has(message.id) &&
      !history.some(
        (each) =>
          each.role === message.role &&
          each.text === message.text &&
          (each.replyTo === message.replyTo || Math.abs(each.at - message.at) < sameWordsMs),
      ),
  );
  const mine = new Map(thread.messages.map((message) => [message.id, message]));
  const merged = history.map((message) => {
    const here = mine.get(message.id);
    // What the person saw settled or stopped here stays so, whatever the row says yet.
    if (here?.state && message.state === "queued") return { ...message, state: here.state, ...(here.note ? { note: here.note } : {}) };
    return message;
  });
  return { ...thread, messages: ordered([...merged, ...onlyHere]) };
}
