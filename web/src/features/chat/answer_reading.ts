import { fields } from "@/api/a2a_text";
import { readAnswer } from "@/api/a2a_answer";
import { ApiError } from "@/api/api_error";
import type { Streamed } from "@/api/request";
import { readStanding } from "@/api/tasks_api";
import { liveState } from "@/live/live_bus";
import { StreamedAnswer } from "@/model/streamed_answer";
import { Shown } from "./growing";

/** What reading an answer came to. */
export type Read =
  | { is: "answer"; body: unknown; cut: boolean }
  /** It waits for its agent: the answer will be told by an event. */
  | { is: "waits"; receipt: unknown }
  /** Nobody reads on here. */
  | { is: "left" };

/** Between two attempts to read on; doubled while they fail. */
export const retryMinMs = 500;
export const retryMaxMs = 15_000;

/** No answer, or one that is not the platform's: something on the way gave up, and the message may be there. */
export const isUncertain = (error: unknown): boolean => !(error instanceof ApiError) || error.status === 0 || error.code.startsWith("http_");

interface Source {
  /** Asks for what comes behind the event `after`. */
  open: (after: number) => Promise<Streamed>;
  signal: AbortSignal;
  /** The platform has the message. */
  onConfirmed: () => void;
  /** Whether an answer is still waited for. */
  waiting: () => boolean;
}

/**
 * Reads the answer to a message as it comes and shows it as it grows. A connection that breaks off is taken up again
 * behind the last event that was read, for as long as somebody waits. Throws what was refused, and what failed before
 * the platform was known to have the message.
 */
export async function readAnswerTo(id: string, { open, signal, onConfirmed, waiting }: Source): Promise<Read> {
  const answer = new StreamedAnswer();
  const shown = new Shown(id, answer);
  let [after, confirmed, pause] = [0, false, retryMinMs];
  try {
    for (;;) {
      try {
        const streamed = await open(after);
        confirmed = true;
        onConfirmed();
        if ("whole" in streamed) return { is: "answer", body: streamed.whole, cut: false };
        for await (const event of streamed.events) {
          pause = retryMinMs;
          const told: unknown = JSON.parse(event.data);
          if (event.id === undefined && isReceipt(told)) return { is: "waits", receipt: told };
          const progress = answer.take(told);
          if (event.id !== undefined) after = event.id;
          if (progress === "over") return { is: "answer", body: answer.body, cut: answer.cut };
          shown.renew();
        }
      } catch (error) {
        if (signal.aborted) return { is: "left" };
        if (!confirmed || !isUncertain(error)) throw error;
      }
      if (!waiting()) return { is: "left" };
      await restFor(pause, signal);
      if (signal.aborted || !waiting()) return { is: "left" };
      pause = Math.min(pause * 2, retryMaxMs);
    }
  } finally {
    shown.end();
  }
}

/** The platform's word that the message waits: a task that is submitted, which is no event of the agent. */
function isReceipt(event: unknown): boolean {
  const task = fields(event)?.result;
  return readAnswer(task, "nothing").state === "submitted" && readStanding(task)?.word !== "seen";
}

/** Waits, until live updates come through again at the latest: then the platform is there. */
function restFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      leave();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    const leave = liveState.subscribe(() => {
      if (liveState.get() === "live") done();
    });
    signal.addEventListener("abort", done);
  });
}
