import { attachedFiles, readAnswer, readArtifacts, requestParts, requestTask, type Answer, type Part, type TaskName, type TaskState } from "@/api/a2a_answer";
import { answerText, errorText, requestMessageId, requestText, textMember } from "@/api/a2a_text";
import type { ActivityRow } from "@/api/activity_api";

/** Where a person's message stands. */
export type TurnState = "sending" | "delivered" | "queued" | "answered" | "failed" | "stopped" | "canceled";

export interface ChatMessage {
  id: string;
  role: "user" | "agent" | "system";
  text: string;
  /** Files and data beside the words. */
  parts?: readonly Part[];
  /** Of the task that an answer is. */
  taskState?: TaskState;
  /** The task that an answer is, or that a person's message goes on with. */
  task?: TaskName;
  at: number;
  /** Only the beginning is here; the activity row has all of it. */
  truncated?: boolean;
  /** The time is this page's own guess; the platform's replaces it when it comes. */
  estimated?: boolean;
  /** Its place, where that is not its time: the platform's clock may have been set back since. */
  order?: number;
  /** For a person's message. */
  state?: TurnState;
  /** For a person's message: what the platform said about its place in the queue, or why it failed. */
  note?: string;
  /** For a person's message: it is not known whether the platform has it. */
  uncertain?: boolean;
  /** For a person's message: it is being called off, or why it could not be. */
  stop?: "asked" | { refused: string };
  /** For a person's message: the activity row it became; agents name it when they answer. */
  rowId?: string;
  /** For an answer: the message it answers. */
  replyTo?: string;
  /** For an answer that came with its request: the agent also announced it. */
  announced?: boolean;
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
export const messagesMax = 6000;
export const logMax = 20;
/** An answer that an agent gives and announces without naming its question is one message within this time. */
export const twinMs = 3000;
export const acceptedNote = "The connection was interrupted, but the platform has the message. Its answer appears here.";

const isOpen = (message: ChatMessage): boolean =>
  message.role === "user" && (message.state === "sending" || message.state === "delivered" || message.state === "queued");

/** The person's messages that still wait for their answers, oldest first. */
export const openTurns = (messages: readonly ChatMessage[]): readonly ChatMessage[] => messages.filter(isOpen);

/** Answers that do not follow what they answer: between them stands something else. Each with its question. */
export function answersApart(messages: readonly ChatMessage[]): ReadonlyMap<string, ChatMessage> {
  const questions = new Map<string, ChatMessage>();
  const apart = new Map<string, ChatMessage>();
  let answered: string | undefined;
  for (const message of messages) {
    if (message.role === "user") questions.set(message.id, message);
    const question = message.role === "user" ? message : questions.get(message.replyTo ?? "");
    if (question && message !== question && question.id !== answered) apart.set(message.id, question);
    answered = question?.id;
  }
  return apart;
}

/** The person's newest message that still waits for its answer. */
export function openTurn(thread: Thread): ChatMessage | undefined {
  return thread.messages.findLast(isOpen);
}

const orderOf = (message: ChatMessage): number => message.order ?? message.at;

function ordered(messages: ChatMessage[]): readonly ChatMessage[] {
  return messages.sort((a, b) => orderOf(a) - orderOf(b)).slice(-messagesMax);
}

/** What happens now stands after all that is there, whatever any clock says. */
function placedLast(thread: Thread, message: ChatMessage): ChatMessage {
  const last = thread.messages.at(-1);
  return last && orderOf(last) > orderOf(message) ? { ...message, order: orderOf(last) } : message;
}

/** The platform's time instead of this page's guess. */
function withTimeOf(known: ChatMessage, told: ChatMessage): ChatMessage {
  if (!known.estimated || told.estimated) return known;
  const next = { ...known, at: told.at };
  delete next.estimated;
  delete next.order;
  return next;
}

/** Its agent goes on, or asks for something first. */
const isUnfinished = ({ taskState }: ChatMessage): boolean => taskState !== undefined && !["completed", "failed", "rejected", "canceled"].includes(taskState);

/** What came of the work that its agent was at, now and not when it was taken up. */
function withEndOf(known: ChatMessage, told: ChatMessage): ChatMessage {
  const { at, role, text, parts, taskState, task, note, truncated } = told;
  const { id, replyTo, announced } = known;
  const kept = { id, ...(replyTo ? { replyTo } : {}), ...(announced ? { announced } : {}), ...(known.task ? { task: known.task } : {}) };
  const says = { ...(parts ? { parts } : {}), ...(taskState ? { taskState } : {}), ...(task ? { task } : {}), ...(note ? { note } : {}), ...(truncated ? { truncated } : {}) };
  return { ...kept, role, text, at, ...says };
}

/** All of it instead of its beginning. */
function withAllOf(known: ChatMessage, told: ChatMessage): ChatMessage {
  if (!known.truncated || told.truncated) return known;
  const { text, parts, taskState } = told;
  const next = { ...known, text, ...(parts ? { parts } : {}), ...(taskState ? { taskState } : {}) };
  delete next.truncated;
  return next;
}

/** It became known that the platform has this message, whatever became of the request that carried it. */
function accepted(message: ChatMessage): ChatMessage {
  if (message.state !== "failed" || !message.uncertain) return message;
  const next: ChatMessage = { ...message, state: "queued", note: acceptedNote };
  delete next.uncertain;
  return next;
}

function replaced(thread: Thread, known: ChatMessage, next: ChatMessage): Thread {
  if (next === known) return thread;
  return { ...thread, messages: ordered(thread.messages.map((each) => (each === known ? next : each))) };
}

/** Adds a person's message and starts a new log; a known one only learns its row and its time. */
export function withQuestion(thread: Thread, message: ChatMessage): Thread {
  const known = thread.messages.find((each) => each.id === message.id);
  if (known) {
    const { rowId } = message;
    const learns = rowId === undefined || known.rowId === rowId ? known : accepted({ ...known, rowId });
    return replaced(thread, known, withTimeOf(learns, message));
  }
  return { messages: ordered([...thread.messages, placedLast(thread, message)]), log: [] };
}

export type Stop = NonNullable<ChatMessage["stop"]>;
export interface TurnChange {
  state: TurnState;
  note?: string;
  uncertain?: boolean;
  stop?: Stop;
}

const isEnd = (state: TurnState | undefined): boolean => state === "answered" || state === "canceled";

/** Changes where a person's message stands. What has ended stays so: a late receipt does not reopen it. */
export function withTurn(thread: Thread, id: string, change: TurnChange): Thread {
  let changed = false;
  const messages = thread.messages.map((message) => {
    if (message.id !== id || isEnd(message.state)) return message;
    changed = true;
    const next = { ...message, ...change };
    if (change.note === undefined) delete next.note;
    if (change.uncertain === undefined) delete next.uncertain;
    if (isEnd(change.state)) delete next.stop;
    return next;
  });
  return changed ? { ...thread, messages } : thread;
}

/** Says that a message is being called off, or why it could not be; what has ended needs neither. */
export function withStop(thread: Thread, id: string, stop: Stop): Thread {
  const known = thread.messages.find((message) => message.id === id);
  return known?.state && !isEnd(known.state) ? replaced(thread, known, { ...known, stop }) : thread;
}

/** Nobody's answer: the message was called off. What the agent had made until then is shown, with why it ended. */
const isCanceled = (answer: ChatMessage): boolean => answer.taskState === "canceled";
const canceledAs = ({ note }: ChatMessage): TurnChange => ({ state: "canceled", ...(note ? { note } : {}) });
const isRecorded = (message: ChatMessage): boolean => message.id.startsWith("answer:");
const saysNothing = (message: ChatMessage): boolean =>
  message.text === "" && !message.parts?.length && (message.taskState === undefined || isCanceled(message));
const saysTheSame = (a: ChatMessage, b: ChatMessage): boolean =>
  a.role === b.role && a.text === b.text && (a.parts?.length ?? 0) === (b.parts?.length ?? 0);

/** What an answer was shown as before, if it was: under its id, or as what is said of the same question in another way. */
function shownBefore(thread: Thread, answer: ChatMessage, question: ChatMessage | undefined): ChatMessage | undefined {
  const byId = thread.messages.find((message) => message.id === answer.id);
  if (byId || question)
    return byId ?? thread.messages.find((message) => message.replyTo === question?.id && saysTheSame(message, answer));
  // Announced without a question, when none waits: it may be the answer that has just come with its request, once.
  return thread.messages.findLast(
    (message) => isRecorded(message) && !message.announced && saysTheSame(message, answer) && Math.abs(message.at - answer.at) < twinMs,
  );
}

/**
 * Adds an answer of the agent, from whichever way it came first: it is known by its id and by the question it answers,
 * and the same words given to another question are another answer. Settles the message it answers; without a known one,
 * the newest that waits.
 */
export function withAnswer(thread: Thread, answer: ChatMessage): Thread {
  const names = (message: ChatMessage) => message.id === answer.replyTo || message.rowId === answer.replyTo;
  const asked = answer.replyTo === undefined ? undefined : thread.messages.find((each) => each.role === "user" && names(each));
  const settled = asked ?? openTurn(thread);
  if (settled && isCanceled(answer) && saysNothing(answer)) return withTurn(thread, settled.id, canceledAs(answer));
  const base = settled ? withTurn(thread, settled.id, isCanceled(answer) ? canceledAs(answer) : { state: "answered" }) : thread;
  const known = shownBefore(base, answer, settled);
  if (known && isUnfinished(known) && isRecorded(answer) && (known.estimated || answer.at >= known.at) && !(saysTheSame(known, answer) && known.taskState === answer.taskState))
    return replaced(base, known, placedLast(base, withEndOf(known, answer)));
  if (known) {
    const announced = isRecorded(known) && !isRecorded(answer) && !known.announced;
    return replaced(base, known, withAllOf(withTimeOf(announced ? { ...known, announced } : known, answer), answer));
  }
  if (saysNothing(answer) && !isRecorded(answer)) return base;
  const placed = placedLast(base, settled ? { ...answer, replyTo: settled.id } : answer);
  return { ...base, messages: ordered([...base.messages, placed]) };
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

/** The members of a message that say what an answer says. */
export function contentOf({ text, parts, state, task }: Answer): Pick<ChatMessage, "text" | "parts" | "taskState" | "task"> {
  return { text, ...(parts.length > 0 ? { parts } : {}), ...(state ? { taskState: state } : {}), ...(task ? { task } : {}) };
}

/** What is announced by an event: words, and files beside them. */
export function announcement(text: string, attachments: unknown): Pick<ChatMessage, "text" | "parts"> {
  return contentOf({ text, parts: attachedFiles(attachments) });
}

/** An answer as the body of an activity row or of an event has it. */
export function answerOf(questionId: string, body: unknown, failed?: string): Omit<ChatMessage, "at"> {
  const answer = readAnswer(body);
  // A task that failed is what the agent says, whatever the platform makes of it.
  const failure = answer.state === undefined ? (failed ?? errorText(body)) : undefined;
  const base = { id: `answer:${questionId}`, replyTo: questionId };
  if (answer.state === "canceled" && failure === undefined) {
    const made = readArtifacts(body);
    // Its words without artifacts say why it ended, which stands at the question.
    return { ...base, role: "agent", ...contentOf({ ...made, state: "canceled" }), ...(made.text === "" && answer.text !== "" ? { note: answer.text } : {}) };
  }
  return failure === undefined ? { ...base, role: "agent", ...contentOf(answer) } : { ...base, role: "system", text: failure };
}

function notifyMessage(row: ActivityRow, at: number): ChatMessage {
  const id = row.message_id ?? textMember(row.response_body, "message_id") ?? row.id;
  const replyTo = textMember(row.response_body, "reply_to") ?? textMember(row.request_body, "reply_to");
  const { parts } = readAnswer(row.response_body);
  return { id, role: "agent", ...contentOf({ text: answerText(row.response_body), parts }), at, ...(replyTo ? { replyTo } : {}) };
}

/** One activity row as the bubbles it stands for: the question, and its answer or error when it has one. */
function rowMessages(row: ActivityRow): ChatMessage[] {
  const at = Date.parse(row.created_at);
  if (row.method === "notify") return [notifyMessage(row, at)];
  const text = requestText(row.request_body);
  const parts = requestParts(row.request_body);
  if ((text === "" && parts.length === 0) || fromPlatform(row)) return [];
  const id = requestMessageId(row.request_body) ?? row.message_id ?? row.id;
  const failed = row.status === "error" ? (row.error_detail ?? errorText(row.response_body)) : undefined;
  // A body is an answer even if it has no words; only a receipt says that the answer is still to come.
  const answered = (failed ?? undefined) !== undefined || (row.response_body !== undefined && row.response_body !== null && !isQueuedReceipt(row.response_body));
  const task = requestTask(row.request_body);
  const question: ChatMessage = { id, rowId: row.id, role: "user", ...contentOf({ text, parts, ...(task ? { task } : {}) }), at, state: answered ? "answered" : "queued" };
  if (row.status === "canceled") Object.assign(question, { state: "canceled", ...(row.error_detail ? { note: row.error_detail } : {}) });
  if (!answered) return [question];
  const answer: ChatMessage = { ...answerOf(id, row.response_body, failed ?? undefined), at: at + (row.duration_ms ?? 0) };
  return row.status === "canceled" && saysNothing(answer) ? [question] : [question, answer];
}

/** Finds the question an announced answer belongs to: the one it names, the one recorded with its words, or the last before it. */
function questionOf(announced: ChatMessage, messages: readonly ChatMessage[]): string | undefined {
  const questions = messages.filter((each) => each.role === "user" && orderOf(each) <= orderOf(announced));
  const named = announced.replyTo === undefined ? undefined : questions.find((each) => each.id === announced.replyTo || each.rowId === announced.replyTo);
  if (announced.replyTo !== undefined) return named?.id;
  const recorded = messages.find((each) => isRecorded(each) && saysTheSame(each, announced) && Math.abs(each.at - announced.at) < twinMs);
  return recorded?.replyTo ?? questions.at(-1)?.id;
}

/** The messages of rows in the order of the platform's sequence, which its clock may not follow. */
function messagesInOrder(rows: readonly ActivityRow[]): ChatMessage[] {
  let latest = Number.NEGATIVE_INFINITY;
  return [...rows]
    .sort((a, b) => a.seq - b.seq)
    .flatMap((row) => {
      const messages = rowMessages(row);
      const at = messages[0]?.at ?? latest;
      const late = Math.max(0, latest - at);
      latest = Math.max(latest, at);
      return late === 0 ? messages : messages.map((message) => ({ ...message, order: message.at + late }));
    });
}

/** A conversation from activity rows (any order). An answer that was also announced is shown once, at its announcement. */
export function threadFromRows(rows: readonly ActivityRow[]): readonly ChatMessage[] {
  const messages = messagesInOrder(rows);
  const announced = messages
    .filter((message) => message.role === "agent" && !isRecorded(message))
    .map((message) => {
      const replyTo = questionOf(message, messages);
      return replyTo === undefined ? message : { ...message, replyTo };
    });
  const settled = new Set(announced.map((message) => message.replyTo));
  const kept = messages
    .filter((message) => message.role !== "agent" || isRecorded(message))
    .filter((message) => !isRecorded(message) || !announced.some((each) => each.replyTo === message.replyTo && saysTheSame(each, message)))
    .map((message) => (message.role === "user" && settled.has(message.id) ? { ...message, state: "answered" as const } : message));
  return [...kept, ...announced].sort((a, b) => orderOf(a) - orderOf(b));
}

/** The answers that ask for more, each as long as nobody went on with its task. */
export function askedFor(messages: readonly ChatMessage[]): ReadonlySet<string> {
  const asked = new Map<string, string>();
  for (const { id, role, task, taskState, replyTo } of messages) {
    const key = task?.id ?? replyTo ?? id;
    asked.delete(key);
    if (role === "agent" && (taskState === "input-required" || taskState === "auth-required")) asked.set(key, id);
  }
  return new Set(asked.values());
}

/** Without what the platform has and what is older: between that and what was read, messages may be missing. */
export function withoutOlder(thread: Thread, oldest: number): Thread {
  const onlyHere = (message: ChatMessage) => message.state === "sending" || message.state === "failed" || message.state === "stopped";
  const messages = thread.messages.filter((message) => message.at >= oldest || onlyHere(message));
  return messages.length === thread.messages.length ? thread : { ...thread, messages };
}

/** Puts what was read from the platform under what this page saw happen: the platform's account wins, by id. */
export function withHistory(thread: Thread, history: readonly ChatMessage[]): Thread {
  const ids = new Set(history.map((message) => message.id));
  const sameAnswer = (a: ChatMessage, b: ChatMessage) => a.replyTo !== undefined && a.replyTo === b.replyTo && saysTheSame(a, b);
  // An event of a platform that gives its announcements no id is known by nothing else.
  const sameUnnamed = (a: ChatMessage, b: ChatMessage) => a.id.startsWith("event:") && saysTheSame(a, b) && Math.abs(a.at - b.at) < twinMs;
  const onlyHere = thread.messages.filter(
    (message) => !ids.has(message.id) && !history.some((each) => sameAnswer(message, each) || sameUnnamed(message, each)),
  );
  const mine = new Map(thread.messages.map((message) => [message.id, message]));
  const merged = history.map((message) => {
    const here = mine.get(message.id);
    if (!here?.state || message.state !== "queued") return message;
    // What the person saw settled or stopped here stays so, whatever the row says yet.
    const { state, note } = accepted(here);
    return { ...message, ...(state ? { state } : {}), ...(note ? { note } : {}) };
  });
  return { ...thread, messages: ordered([...merged, ...onlyHere]) };
}
