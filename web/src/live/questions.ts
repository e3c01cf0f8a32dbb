import { messageOf } from "@/api/api_error";
import { listQuestions } from "@/api/questions_api";
import type { Question } from "@/api/wire";
import { Store } from "@/ui/store";
import type { Frame } from "./frame";

export interface QuestionsState {
  /** Newest message first. */
  questions: readonly Question[];
  loading: boolean;
  error: string | undefined;
  /** There are older ones than the last of these. */
  more: boolean;
}

export const pageSize = 100;
/** Events of a burst cost one reading. */
const gatherMs = 400;

/** Whether agents may ask something else after an event: a message of a person came to something, or a workspace went. */
export function mayAsk(frame: Frame): boolean {
  if (frame.event === "A2A_RESPONSE" || frame.event === "WORKSPACE_REMOVED") return true;
  return frame.event === "ACTIVITY_LOGGED" && frame.payload.activity_type === "a2a_receive" && frame.payload.source_id === null && frame.payload.status !== "pending";
}

/** What agents ask people, as the platform lists it, renewed by events. */
export class Questions {
  readonly state = new Store<QuestionsState>({ questions: [], loading: true, error: undefined, more: false });
  /** Answered from here: the platform lists them until their agents have said something to it. */
  readonly #settled = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  async load(): Promise<void> {
    const mine = (this.#asked += 1);
    try {
      const page = await listQuestions(pageSize);
      if (mine !== this.#asked) return;
      const questions = page.items.filter(({ id }) => !this.#settled.has(id));
      this.state.set({ questions, loading: false, error: undefined, more: page.next_before_seq !== null });
    } catch (error) {
      if (mine === this.#asked) this.state.set({ ...this.state.get(), loading: false, error: messageOf(error) });
    }
  }

  notice(frames: readonly Frame[]): void {
    if (this.#timer !== undefined || !frames.some(mayAsk)) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, gatherMs);
  }

  /** Somebody has answered it here, or called it off. */
  settle(id: string): void {
    this.#settled.add(id);
    const state = this.state.get();
    this.state.set({ ...state, questions: state.questions.filter((each) => each.id !== id) });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked += 1;
  }
}

/** What agents of the whole organisation ask. */
export const openQuestions = new Questions();
