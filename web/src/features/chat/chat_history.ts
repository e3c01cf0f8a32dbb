import { readActivityPage, type ActivityRow } from "@/api/activity_api";
import { messageOf } from "@/api/api_error";
import { messagesMax, threadFromRows, withHistory, withoutOlder } from "@/model/chat";
import { changeThread, threadOf, threadsStore } from "@/model/chat_store";
import { Store } from "@/ui/store";

export interface HistoryState {
  loading: boolean;
  error: string | undefined;
  /** There may be older messages than the ones read, and they can be read. */
  more: boolean;
  /** There may be older messages, but no more are held here. */
  full: boolean;
}

export const pageRows = 50;
/** Rows of a conversation held at once: each stands for two messages, a question and its answer. */
export const rowsMax = messagesMax / 2;
/** Rows read at once to meet what is here already: from further away it is begun anew. */
export const catchUpMax = 500;
/** Events of a burst cost one reading. */
const gatherMs = 150;

/**
 * A conversation as the platform keeps it: one unbroken run of rows from the newest that was read down to the oldest.
 * It is the only owner of how far was read. What events show meanwhile says nothing about that, because events may be
 * missed: every reading goes down until it meets the run, and where it would be too far, starts a new run.
 */
export class ChatHistory {
  readonly state = new Store<HistoryState>({ loading: true, error: undefined, more: false, full: false });
  readonly #workspaceId: string;
  /** Newest first, without a gap. */
  #run: readonly ActivityRow[] = [];
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Messages whose rest was asked for. */
  readonly #completed = new Set<string>();

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
  }

  /** Begins, also again after a stop; answers with how to stop. */
  start(): () => void {
    this.#abort = new AbortController();
    void this.read();
    const leave = threadsStore.subscribe(() => this.#complete());
    return () => {
      leave();
      // Whoever comes back begins at the newest page.
      const oldest = this.#run[pageRows - 1];
      if (this.#run.length > pageRows && oldest) changeThread(this.#workspaceId, (thread) => withoutOlder(thread, Date.parse(oldest.created_at)));
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#abort.abort();
    };
  }

  /** Reads what is new, down to what is known. */
  async read(): Promise<void> {
    await this.#attempt(async (signal) => {
      const newest = this.#run[0];
      const fresh: ActivityRow[] = [];
      let more = true;
      let met = false;
      while (!met && more && fresh.length < catchUpMax) {
        const page = await this.#page(fresh.at(-1), signal);
        // The newest known row is read again: it may have got its answer meanwhile.
        fresh.push(...page.rows);
        more = page.more && page.rows.length > 0;
        met = newest === undefined || page.rows.some((row) => row.seq <= newest.seq);
      }
      const ids = new Set(fresh.map((row) => row.id));
      const oldest = fresh.at(-1);
      const joined = met && newest !== undefined && oldest !== undefined;
      const kept = joined ? this.#run.filter((row) => !ids.has(row.id) && row.seq < oldest.seq) : [];
      const reached = kept.length > 0 ? this.state.get().more || this.state.get().full : more;
      this.#take([...fresh, ...kept], reached);
    });
  }

  async readOlder(): Promise<void> {
    if (this.state.get().loading) return;
    await this.#attempt(async (signal) => {
      const page = await this.#page(this.#run.at(-1), signal);
      const ids = new Set(this.#run.map((row) => row.id));
      this.#take([...this.#run, ...page.rows.filter((row) => !ids.has(row.id))], page.more);
    });
  }

  #page(after: ActivityRow | undefined, signal: AbortSignal) {
    const query = { type: "a2a_receive", source: "canvas", limit: pageRows } as const;
    return readActivityPage(this.#workspaceId, after ? { ...query, before_seq: after.seq } : query, signal);
  }

  #take(rows: readonly ActivityRow[], more: boolean): void {
    this.#run = rows.slice(0, rowsMax);
    const full = more && rows.length >= rowsMax;
    this.state.set({ loading: false, error: undefined, more: more && !full, full });
    const oldest = this.#run.at(-1);
    changeThread(this.#workspaceId, (thread) =>
      withHistory(more && oldest ? withoutOlder(thread, Date.parse(oldest.created_at)) : thread, threadFromRows(this.#run)),
    );
  }

  async #attempt(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#abort;
    this.state.set({ ...this.state.get(), loading: true, error: undefined });
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) this.state.set({ ...this.state.get(), loading: false, error: messageOf(error) });
    }
  }

  /** Reads again when an event told only the beginning of a message. */
  #complete(): void {
    if (this.#timer !== undefined) return;
    const { messages } = threadOf(threadsStore.get(), this.#workspaceId);
    const beginnings = messages.filter(({ id, truncated }) => truncated && !this.#completed.has(id));
    if (beginnings.length === 0) return;
    for (const { id } of beginnings) this.#completed.add(id);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.read();
    }, gatherMs);
  }
}
