import { wordsOf, type Frame } from "@/live/frame";
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
  const { at } = frame;
  switch (frame.event) {
    case "TASK_UPDATED": {
      const text = wordsOf(frame.payload, "current_task");
      return text ? { kind: "task", text, at } : undefined;
    }
    case "DELEGATION_SENT":
      return { kind: "out", text: wordsOf(frame.payload, "task_preview") ?? "", peerId: wordsOf(frame.payload, "target_id") ?? "", at };
    case "DELEGATION_COMPLETE":
      return { kind: "in", text: wordsOf(frame.payload, "response_preview") ?? "", peerId: wordsOf(frame.payload, "target_id") ?? "", at };
    case "DELEGATION_FAILED":
      return { kind: "error", text: wordsOf(frame.payload, "error") ?? "", peerId: wordsOf(frame.payload, "target_id") ?? "", at };
    case "ACTIVITY_LOGGED": {
      const type = wordsOf(frame.payload, "activity_type") ?? "";
      const text = wordsOf(frame.payload, "summary");
      if (!["task_update", "agent_log", "error"].includes(type) || !text) return undefined;
      return { kind: type === "error" ? "error" : "note", text, at };
    }
    default:
      return undefined;
  }
}

const partOf = (payload: { readonly truncated?: unknown }) => (payload.truncated === true ? { truncated: true } : {});

/** A conversation after one event about its workspace. */
export function applyToThread(thread: Thread, frame: Frame): Thread {
  const { at } = frame;
  switch (frame.event) {
    case "USER_MESSAGE": {
      const content = wordsOf(frame.payload, "content") ?? "";
      const messageId = wordsOf(frame.payload, "message_id");
      if (!messageId) return thread;
      const rowId = wordsOf(frame.payload, "activity_id");
      // What has no words has files, which events leave out.
      const partial = content === "" || content.length >= toldWhole ? { truncated: true } : {};
      return withQuestion(thread, { id: messageId, ...(rowId ? { rowId } : {}), role: "user", text: content, ...partial, at, state: "delivered" });
    }
    case "AGENT_MESSAGE": {
      const { payload } = frame;
      const said = { ...announcement(wordsOf(payload, "message") ?? "", payload.attachments), ...partOf(payload) };
      const replyTo = wordsOf(payload, "reply_to");
      const id = wordsOf(payload, "message_id") ?? `event:${frame.seq}`;
      return withAnswer(thread, { id, role: "agent", ...said, at, ...(replyTo ? { replyTo } : {}) });
    }
    case "A2A_RESPONSE": {
      const { payload } = frame;
      const messageId = wordsOf(payload, "message_id");
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
