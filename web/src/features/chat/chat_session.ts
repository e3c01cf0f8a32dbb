import { answerText, errorText, textMember } from "@/api/a2a_text";
import { ApiError, messageOf } from "@/api/api_error";
import { sendMessage, type HistoryTurn } from "@/api/messages_api";
import { withAnswer, withQuestion, withTurn, type ChatMessage } from "@/model/chat";
import { changeThread, threadOf, threadsStore } from "@/model/chat_store";

const historyTurns = 20;
const historyTextMax = 4000;
const stoppedNote = "You stopped waiting. If an answer comes, it appears here.";
/** Messages under way, by id: they outlive the panel that sent them. */
const underWay = new Map<string, AbortController>();

function historyOf(workspaceId: string): HistoryTurn[] {
  return threadOf(threadsStore.get(), workspaceId)
    .messages.flatMap(({ role, text }) => (role === "system" ? [] : [{ role, text: text.slice(0, historyTextMax) }]))
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
  if (error instanceof ApiError && error.status === 0)
    return `${error.message} Sending it again is safe: it is accepted only once.`;
  return messageOf(error);
}

async function deliver(workspaceId: string, messageId: string, text: string, history: HistoryTurn[]): Promise<void> {
  const stop = new AbortController();
  underWay.set(messageId, stop);
  try {
    const body = await sendMessage(workspaceId, { id: messageId, text, history }, stop.signal);
    if (textMember(body, "status") === "queued") {
      changeThread(workspaceId, (thread) => withTurn(thread, messageId, { state: "queued", note: queuedNote(body) }));
      return;
    }
    const failure = errorText(body);
    const answer = failure ?? answerText(body);
    changeThread(workspaceId, (thread) =>
      withAnswer(withTurn(thread, messageId, { state: "delivered" }), {
        id: `answer:${messageId}`,
        role: failure ? "system" : "agent",
        text: answer || "The agent finished without words.",
        at: Date.now(),
        replyTo: messageId,
      }),
    );
  } catch (error) {
    const stopped = stop.signal.aborted;
    changeThread(workspaceId, (thread) =>
      withTurn(
        thread,
        messageId,
        stopped
          ? { state: "stopped", note: stoppedNote, uncertain: true }
          : { state: "failed", note: refusalNote(error), uncertain: error instanceof ApiError && error.status === 0 },
      ),
    );
  } finally {
    underWay.delete(messageId);
  }
}

export function send(workspaceId: string, text: string): void {
  const messageId = crypto.randomUUID();
  const history = historyOf(workspaceId);
  changeThread(workspaceId, (thread) =>
    withQuestion(thread, { id: messageId, role: "user", text, at: Date.now(), state: "sending" }),
  );
  void deliver(workspaceId, messageId, text, history);
}

/**
 * Sends a message again. One that may have arrived goes under its id, so that it is never worked on twice; one that
 * the platform answered with a failure goes as a new message, since its id already has that result.
 */
export function resend(workspaceId: string, message: ChatMessage): void {
  if (!message.uncertain) return send(workspaceId, message.text);
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
