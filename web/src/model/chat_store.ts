import { textMember } from "@/api/a2a_text";
import type { Frame } from "@/live/frame";
import { Store } from "@/ui/store";
import { announcement, answerOf, emptyThread, withAnswer, withLogLine, withQuestion, type ChatMessage, type LogLine, type Thread } from "./chat";

/** The conversations opened on this page, by workspace. */
export type Threads = ReadonlyMap<string, Thread>;

/** A person's message may be longer than its event tells from this many characters on. */
const toldWhole = 500;

export const threadsStore = new Store<Threads>(new Map());

export const threadOf = (threads: Threads, id: string): Thread => threads.get(id) ?? emptyThread;

export function changeThread(id: string, change: (thread: Thread) => Thread): void {
  const threads = threadsStore.get();
  const before = threadOf(threads, id);
  const after = change(before);
  if (after !== before) threadsStore.set(new Map(threads).set(id, after));
}

function logLine(frame: Frame): Omit<LogLine, "times"> | undefined {
  const { payload, at } = frame;
  const text = (key: string) => textMember(payload, key) ?? "";
  const peerId = text("target_id");
  switch (frame.event) {
    case "TASK_UPDATED":
      return text("current_task") ? { kind: "task", text: text("current_task"), at } : undefined;
    case "DELEGATION_SENT":
      return { kind: "out", text: text("task_preview"), peerId, at };
    case "DELEGATION_COMPLETE":
      return { kind: "in", text: text("response_preview"), peerId, at };
    case "DELEGATION_FAILED":
      return { kind: "error", text: text("error"), peerId, at };
    case "ACTIVITY_LOGGED":
      if (!["task_update", "agent_log", "error"].includes(text("activity_type")) || !text("summary")) return undefined;
      return { kind: text("activity_type") === "error" ? "error" : "note", text: text("summary"), at };
    default:
      return undefined;
  }
}

const partOf = (payload: Record<string, unknown>) => (payload.truncated === true ? { truncated: true } : {});

/** A conversation after one event about its workspace. */
export function applyToThread(thread: Thread, frame: Frame): Thread {
  const { payload, at } = frame;
  const messageId = textMember(payload, "message_id");
  switch (frame.event) {
    case "USER_MESSAGE": {
      const content = textMember(payload, "content") ?? "";
      if (!messageId) return thread;
      const rowId = textMember(payload, "activity_id");
      // What has no words has files, which events leave out.
      const partial = content === "" || content.length >= toldWhole ? { truncated: true } : {};
      return withQuestion(thread, { id: messageId, ...(rowId ? { rowId } : {}), role: "user", text: content, ...partial, at, state: "delivered" });
    }
    case "AGENT_MESSAGE": {
      const said = { ...announcement(textMember(payload, "message") ?? "", payload.attachments), ...partOf(payload) };
      const replyTo = textMember(payload, "reply_to");
      const id = messageId ?? `event:${frame.seq}`;
      return withAnswer(thread, { id, role: "agent", ...said, at, ...(replyTo ? { replyTo } : {}) });
    }
    case "A2A_RESPONSE": {
      const answer = { ...answerOf(messageId ?? `event:${frame.seq}`, payload.response_body), ...partOf(payload) };
      if (messageId) return withAnswer(thread, { ...answer, at });
      // Without a name it answers whatever waits.
      const unnamed: ChatMessage = { ...answer, at };
      delete unnamed.replyTo;
      return withAnswer(thread, unnamed);
    }
    default: {
      const line = logLine(frame);
      return line ? withLogLine(thread, line) : thread;
    }
  }
}

/** Takes an event into the conversation it belongs to; workspaces nobody opened are left to their history. */
export function applyToThreads(threads: Threads, frame: Frame): Threads {
  const before = threads.get(frame.workspace_id);
  if (!before) return threads;
  const after = applyToThread(before, frame);
  return after === before ? threads : new Map(threads).set(frame.workspace_id, after);
}
