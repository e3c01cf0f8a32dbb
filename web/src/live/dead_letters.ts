import { messageOf } from "@/api/api_error";
import { decideDeadLetter, listDeadLetters, type LetterQuery, type Verdict } from "@/api/dead_letters_api";
import { fields, textMember } from "@/api/a2a_text";
import type { DeadLetter } from "@/api/wire";
import { Store } from "@/ui/store";
import type { Frame } from "./frame";

export interface LettersState {
  /** Newest first. */
  letters: readonly DeadLetter[];
  loading: boolean;
  error: string | undefined;
  /** There are older ones than the last of these. */
  more: boolean;
}

export const pageSize = 100;
/** Letters held; reading older ones stops here. */
export const lettersMax = 1000;
/** Events of a burst cost one reading. */
const gatherMs = 300;

/** The letter that an event says was decided about. */
function decidedIn(frame: Frame): string | undefined {
  if (frame.event !== "ACTIVITY_LOGGED" || frame.payload.activity_type !== "dead_letter") return undefined;
  return textMember(fields(frame.payload.request_body), "dead_letter");
}

/** Whether there may be another letter after an event: a message ended, and not with an answer. */
const mayBring = (frame: Frame): boolean =>
  frame.event === "ACTIVITY_LOGGED" && frame.payload.activity_type === "a2a_receive" && frame.payload.status === "error";

/** Dead letters as the platform lists them, read page by page and renewed by events. */
export class DeadLetters {
  readonly state = new Store<LettersState>({ letters: [], loading: true, error: undefined, more: false });
  readonly #query: LetterQuery;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with each reading: a late answer to an older question is dropped. */
  #asked = 0;

  constructor(query: LetterQuery = {}) {
    this.#query = query;
  }

  /** Reads the newest; older ones that were read stay. */
  async load(): Promise<void> {
    const mine = (this.#asked += 1);
    try {
      const page = await listDeadLetters({ ...this.#query, limit: pageSize });
      if (mine !== this.#asked) return;
      const last = page.items.at(-1);
      const older = last && page.next_before_seq !== null ? this.state.get().letters.filter(({ seq }) => seq < last.seq) : [];
      const more = older.length > 0 ? this.state.get().more : page.next_before_seq !== null;
      this.state.set({ letters: [...page.items, ...older].slice(0, lettersMax), loading: false, error: undefined, more });
    } catch (error) {
      if (mine === this.#asked) this.state.set({ ...this.state.get(), loading: false, error: messageOf(error) });
    }
  }

  async loadOlder(): Promise<void> {
    const { letters, loading } = this.state.get();
    const last = letters.at(-1);
    if (!last || loading) return;
    const mine = (this.#asked += 1);
    this.state.set({ ...this.state.get(), loading: true });
    try {
      const page = await listDeadLetters({ ...this.#query, limit: pageSize, before: last.seq });
      if (mine !== this.#asked) return;
      const all = [...letters, ...page.items].slice(0, lettersMax);
      this.state.set({ letters: all, loading: false, error: undefined, more: page.next_before_seq !== null && all.length < lettersMax });
    } catch (error) {
      if (mine === this.#asked) this.state.set({ ...this.state.get(), loading: false, error: messageOf(error) });
    }
  }

  /** Takes note of events. */
  notice(frames: readonly Frame[]): void {
    const decided = new Set(frames.map(decidedIn).filter((id) => id !== undefined));
    if (decided.size > 0 && !this.#query.decided && this.#query.workspace === undefined) this.#remove(decided);
    const concerns = (frame: Frame) => this.#query.workspace === undefined || frame.workspace_id === this.#query.workspace;
    const changed = frames.some((frame) => concerns(frame) && (mayBring(frame) || decidedIn(frame) !== undefined || frame.event === "WORKSPACE_REMOVED"));
    if (!changed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, gatherMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked += 1;
  }

  #remove(ids: ReadonlySet<string>): void {
    const state = this.state.get();
    const letters = state.letters.filter(({ id }) => !ids.has(id));
    if (letters.length < state.letters.length) this.state.set({ ...state, letters });
  }
}

/** What waits for somebody to decide, in the whole organisation. */
export const openLetters = new DeadLetters();

/** Sends a letter again or drops it; everybody learns of it by an event, and this page at once. */
export async function decide(letter: Pick<DeadLetter, "id">, verdict: Verdict, reason: string): Promise<void> {
  try {
    await decideDeadLetter(letter, verdict, reason);
  } finally {
    // Also where it was refused: somebody else may have decided.
    void openLetters.load();
  }
}
