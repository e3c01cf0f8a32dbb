import { textMember } from "@/api/a2a_text";
import { ApiError, messageOf } from "@/api/api_error";
import { newMessageId } from "@/api/message_id";
import { sendMessage, type HistoryTurn } from "@/api/messages_api";
import { acceptedNote, answerOf, withAnswer, withQuestion, withTurn, type ChatMessage, type TurnState } from "@/model/chat";
import { changeThread, threadOf, threadsStore } from "@/model/chat_store";
import { now } from "@/ui/clock";
import { cutText } from "@/ui/cut_text";
import { keep, letGo, letGoOfConfirmed, unconfirmed } from "./outbox";

const historyTurns = 20;
const historyTextMax = 4000;
const safeNote = "Sending it again is safe: it is accepted only once.";
const leftNote = `The page was left before the platform had confirmed this message. ${safeNote}`;
const stoppedNote = "You stopped waiting. If an answer comes, it appears here.";
/** Messages under way, by id: they outlive the panel that sent them. */
const underWay = new Map<string, AbortController>();

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

/** No answer, or one that is not the platform's: something on the way gave up, and the message may be there. */
const isUncertain = (error: unknown): boolean => error instanceof ApiError && (error.status === 0 || error.code.startsWith("http_"));

/** Where a message stands whose request failed. */
function failureOf(workspaceId: string, messageId: string, error: unknown): { state: TurnState; note: string; uncertain?: boolean } {
  const uncertain = isUncertain(error);
  const rowId = threadOf(threadsStore.get(), workspaceId).messages.find(({ id }) => id === messageId)?.rowId;
  if (uncertain && rowId !== undefined) return { state: "queued", note: acceptedNote };
  return { state: "failed", note: refusalNote(error), ...(uncertain ? { uncertain } : {}) };
}

async function deliver(workspaceId: string, messageId: string, text: string, history: HistoryTurn[]): Promise<void> {
  const stop = new AbortController();
  underWay.set(messageId, stop);
  try {
    const body = await sendMessage(workspaceId, { id: messageId, text, history }, stop.signal);
    letGo(messageId);
    if (textMember(body, "status") === "queued") {
      changeThread(workspaceId, (thread) => withTurn(thread, messageId, { state: "queued", note: queuedNote(body) }));
      return;
    }
    changeThread(workspaceId, (thread) =>
      withAnswer(withTurn(thread, messageId, { state: "delivered" }), { ...answerOf(messageId, body), at: now(), estimated: true }),
    );
  } catch (error) {
    const stopped = stop.signal.aborted;
    changeThread(workspaceId, (thread) =>
      withTurn(
        thread,
        messageId,
        stopped
          ? { state: "stopped", note: stoppedNote, uncertain: true }
          : failureOf(workspaceId, messageId, error),
      ),
    );
  } finally {
    underWay.delete(messageId);
  }
}

export function send(workspaceId: string, text: string): void {
  const messageId = newMessageId();
  const history = historyOf(workspaceId);
  const at = now();
  keep({ workspaceId, id: messageId, text, at });
  changeThread(workspaceId, (thread) =>
    withQuestion(thread, { id: messageId, role: "user", text, at, estimated: true, state: "sending" }),
  );
  void deliver(workspaceId, messageId, text, history);
}

/** Sends a message again, always under its own id: whatever became of it before, it is never worked on twice. */
export function resend(workspaceId: string, message: ChatMessage): void {
  changeThread(workspaceId, (thread) => withTurn(thread, message.id, { state: "sending" }));
  void deliver(workspaceId, message.id, message.text, historyOf(workspaceId));
}

/** Stops waiting for an answer; the agent is not disturbed. */
export function stopWaiting(workspaceId: string, messageId: string): void {
  const controller = underWay.get(messageId);
  if (controller) return controller.abort();
  changeThread(workspaceId, (thread) =>
    withTurn(thread, messageId, { state: "stopped", note: stoppedNote, uncertain: true }),
  );
}

/** Brings back what this tab had sent before it was reloaded and the platform does not show to have. */
export function restoreUnconfirmed(workspaceId: string): void {
  for (const { id, text, at } of unconfirmed().filter((each) => each.workspaceId === workspaceId))
    if (!underWay.has(id))
      changeThread(workspaceId, (thread) =>
        thread.messages.some((each) => each.id === id)
          ? thread
          : withQuestion(thread, { id, role: "user", text, at, estimated: true, state: "failed", note: leftNote, uncertain: true }),
      );
}

threadsStore.subscribe(letGoOfConfirmed);
