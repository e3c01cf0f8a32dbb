import type { FilePart, TaskName } from "@/api/a2a_answer";
import { textMember } from "@/api/a2a_text";
import { readActivityPage } from "@/api/activity_api";
import { ApiError, messageOf } from "@/api/api_error";
import { newMessageId } from "@/api/message_id";
import { readTask, sendMessage, type HistoryTurn } from "@/api/messages_api";
import { cancelTask, notCancelable, readStanding } from "@/api/tasks_api";
import { acceptedNote, answerOf, openTurns, withAnswer, withQuestion, withStop, withTurn, type ChatMessage, type Stop, type TurnChange } from "@/model/chat";
import { changeThread, threadOf, threadsStore } from "@/model/chat_store";
import { now } from "@/ui/clock";
import { cutText } from "@/ui/cut_text";
import { isUncertain, readAnswerTo, type Read } from "./answer_reading";
import { keep, letGo, letGoOfConfirmed, unconfirmed } from "./outbox";
import { begin, confirm, end, isUnderWay, leave, readingsMax } from "./under_way";

const historyTurns = 20;
const historyTextMax = 4000;
const safeNote = "Sending it again is safe: it is accepted only once.";
const leftNote = `The page was left before the platform had confirmed this message. ${safeNote}`;
const stoppedNote = "You stopped waiting. If an answer comes, it appears here.";
const waitsNote = "It waits for its agent, which cannot take it now. The answer appears here.";
/** Rows looked through for a message whose row no event told. */
const rowsSearched = 50;

function historyOf(workspaceId: string): HistoryTurn[] {
  return threadOf(threadsStore.get(), workspaceId)
    .messages.flatMap(({ role, text }) => (role === "system" || text === "" ? [] : [{ role, text: cutText(text, historyTextMax) }]))
    .slice(-historyTurns);
}

/** What the platform said about a message it keeps for later, in words for the person who wrote it. */
export function queuedNote(body: unknown): string {
  const mode = textMember(body, "delivery_mode");
  if (mode === "poll") return "In its inbox. The agent picks it up when it next looks.";
  if (mode === "push-async") return "The agent is still at it. Its answer appears here when it is done.";
  const depth = typeof body === "object" && body !== null ? (body as Record<string, unknown>).queue_depth : undefined;
  const place = typeof depth === "number" && depth > 1 ? ` There are ${depth} messages in line.` : "";
  return `${textMember(body, "message") ?? "Queued: the agent is busy and will answer later."}${place}`;
}

function refusalNote(error: unknown): string {
  if (error instanceof ApiError && error.status === 402)
    return "The budget of this workspace is used up. Raise its limit to go on.";
  if (isUncertain(error)) return `${messageOf(error)} ${safeNote}`;
  return messageOf(error);
}

/** Where a message stands whose request failed. */
function failureOf(workspaceId: string, messageId: string, error: unknown): TurnChange {
  const uncertain = isUncertain(error);
  if (uncertain && turnOf(workspaceId, messageId)?.rowId !== undefined) return { state: "queued", note: acceptedNote };
  return { state: "failed", note: refusalNote(error), ...(uncertain ? { uncertain } : {}) };
}

const turnOf = (workspaceId: string, messageId: string): ChatMessage | undefined =>
  threadOf(threadsStore.get(), workspaceId).messages.find(({ id }) => id === messageId);

const change = (workspaceId: string, messageId: string, turn: TurnChange) =>
  changeThread(workspaceId, (thread) => withTurn(thread, messageId, turn));

function isWaitedFor(workspaceId: string, messageId: string): boolean {
  const turn = turnOf(workspaceId, messageId);
  return turn !== undefined && openTurns([turn]).length > 0;
}

/** What reading an answer came to, for the conversation. */
function settle(workspaceId: string, messageId: string, read: Read, stop: AbortController): void {
  switch (read.is) {
    case "waits":
      return change(workspaceId, messageId, { state: "queued", note: waitsNote });
    case "answer":
      if (textMember(read.body, "status") === "queued") return change(workspaceId, messageId, { state: "queued", note: queuedNote(read.body) });
      return changeThread(workspaceId, (thread) =>
        withAnswer(thread, { ...answerOf(messageId, read.body), ...(read.cut ? { truncated: true } : {}), at: now(), estimated: true }),
      );
    case "left":
      if (stop.signal.reason === "stopped") change(workspaceId, messageId, { state: "stopped", note: stoppedNote, uncertain: true });
  }
}

interface Outgoing {
  id: string;
  text: string;
  history: HistoryTurn[];
  files: readonly FilePart[];
  task: TaskName | undefined;
}

async function deliver(workspaceId: string, message: Outgoing): Promise<void> {
  const messageId = message.id;
  const stop = begin(messageId);
  try {
    const read = await readAnswerTo(messageId, {
      open: (after) => sendMessage(workspaceId, message, stop.signal, after),
      signal: stop.signal,
      onConfirmed: () => {
        letGo(messageId);
        confirm(messageId);
        if (turnOf(workspaceId, messageId)?.state === "sending") change(workspaceId, messageId, { state: "delivered" });
      },
      waiting: () => isWaitedFor(workspaceId, messageId),
    });
    settle(workspaceId, messageId, read, stop);
  } catch (error) {
    change(workspaceId, messageId, failureOf(workspaceId, messageId, error));
  } finally {
    end(messageId, stop);
  }
}

/** Reads answers that were coming when the page was opened, from their beginning. */
export function readOn(workspaceId: string): void {
  const open = openTurns(threadOf(threadsStore.get(), workspaceId).messages);
  for (const { id, rowId } of open.slice(-readingsMax)) if (rowId !== undefined && !isUnderWay(id)) void readOnTo(workspaceId, id, rowId);
}

async function readOnTo(workspaceId: string, messageId: string, rowId: string): Promise<void> {
  const stop = begin(messageId);
  try {
    const read = await readAnswerTo(messageId, {
      open: (after) => readTask(workspaceId, rowId, stop.signal, after),
      signal: stop.signal,
      onConfirmed: () => confirm(messageId),
      waiting: () => isWaitedFor(workspaceId, messageId),
    });
    // A refusal is no answer: it has ended meanwhile, and its event or the history tells how.
    if (read.is === "answer" && fromAgent(read.body)) settle(workspaceId, messageId, read, stop);
    else if (read.is === "left") settle(workspaceId, messageId, read, stop);
  } catch {
    // Its answer comes by event all the same.
  } finally {
    end(messageId, stop);
  }
}

const fromAgent = (body: unknown): boolean => typeof body === "object" && body !== null && "result" in body;

/** The files and the task that belong to a person's message, in the shape that messages keep them. */
const besides = (files: readonly FilePart[], task: TaskName | undefined): Pick<ChatMessage, "parts" | "task"> => ({
  ...(files.length > 0 ? { parts: files } : {}),
  ...(task ? { task } : {}),
});

/** Sends a new message, with files that the platform has; with a task it is what that one's agent asked for. */
export function send(workspaceId: string, text: string, { files = [], task }: { files?: readonly FilePart[]; task?: TaskName | undefined } = {}): void {
  const id = newMessageId();
  const history = historyOf(workspaceId);
  const at = now();
  keep({ workspaceId, id, text, at, ...(files.length > 0 ? { files } : {}), ...(task ? { task } : {}) });
  changeThread(workspaceId, (thread) => withQuestion(thread, { id, role: "user", text, at, estimated: true, state: "sending", ...besides(files, task) }));
  void deliver(workspaceId, { id, text, history, files, task });
}

/** The files that a message names. */
export const filesOf = ({ parts = [] }: ChatMessage): FilePart[] => parts.flatMap((part) => (part.kind === "file" ? [part] : []));

/** Sends a message again, always under its own id: whatever became of it before, it is never worked on twice. */
export function resend(workspaceId: string, message: ChatMessage): void {
  const { id, text, task } = message;
  changeThread(workspaceId, (thread) => withTurn(thread, id, { state: "sending" }));
  void deliver(workspaceId, { id, text, history: historyOf(workspaceId), files: filesOf(message), task });
}

/** Stops waiting for an answer; the agent is not disturbed. */
export function stopWaiting(workspaceId: string, messageId: string): void {
  if (!leave(messageId, "stopped")) change(workspaceId, messageId, { state: "stopped", note: stoppedNote, uncertain: true });
}

/** The row of a message: told by an event, or else looked for. */
async function rowOf(workspaceId: string, messageId: string): Promise<string | undefined> {
  const known = turnOf(workspaceId, messageId)?.rowId;
  if (known !== undefined) return known;
  const { rows } = await readActivityPage(workspaceId, { type: "a2a_receive", source: "canvas", limit: rowsSearched });
  return rows.find((row) => row.message_id === messageId)?.id;
}

/** Calls a message off. Only what the platform or its agent says ends it; why it could not be stopped is told. */
export async function callOff(workspaceId: string, messageId: string): Promise<void> {
  const say = (stop: Stop) => changeThread(workspaceId, (thread) => withStop(thread, messageId, stop));
  say("asked");
  try {
    const row = await rowOf(workspaceId, messageId);
    if (row === undefined) return say({ refused: "The platform does not know this message yet. Try again in a moment." });
    const standing = readStanding(await cancelTask(workspaceId, row));
    if (standing?.state !== "canceled") return say({ refused: "The agent was asked to stop and has not stopped yet. It is shown here when it has." });
    change(workspaceId, messageId, { state: "canceled", ...(standing.says ? { note: standing.says } : {}) });
    leave(messageId, "released");
  } catch (error) {
    const goesOn = error instanceof ApiError && error.code === notCancelable;
    say({ refused: `Not stopped: ${messageOf(error)}. ${goesOn ? "It goes on, and its answer appears here." : "Try again in a moment."}` });
  }
}

/** Brings back what this tab had sent before it was reloaded and the platform does not show to have. */
export function restoreUnconfirmed(workspaceId: string): void {
  for (const { id, text, at, files = [], task } of unconfirmed().filter((each) => each.workspaceId === workspaceId))
    if (!isUnderWay(id))
      changeThread(workspaceId, (thread) =>
        thread.messages.some((each) => each.id === id)
          ? thread
          : withQuestion(thread, { id, role: "user", text, at, estimated: true, state: "failed", note: leftNote, uncertain: true, ...besides(files, task) }),
      );
}

threadsStore.subscribe(letGoOfConfirmed);
