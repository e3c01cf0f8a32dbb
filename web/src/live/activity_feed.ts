import { readActivityPage, type ActivityQuery, type ActivityRow } from "@/api/activity_api";
import { messageOf } from "@/api/api_error";
import { Store } from "@/ui/store";
import type { Brought, Frame } from "./frame";

export interface FeedState {
  /** Newest first. */
  rows: readonly ActivityRow[];
  loading: boolean;
  loadingOlder: boolean;
  error: string | undefined;
  /** There may be rows older than the last one shown. */
  more: boolean;
}

export const pageSize = 50;
/** Rows kept; loading older ones stops here. */
export const rowsMax = 1000;
const gatherMs = 150;

const speaksOfActivity = (event: string) =>
  event === "ACTIVITY_LOGGED" || event.startsWith("DELEGATION_") || event === "AGENT_MESSAGE" || event === "A2A_RESPONSE";

/** True when an event means that this workspace's rows changed. */
export function concerns(frame: Frame, workspaceId: string): boolean {
  if (!speaksOfActivity(frame.event)) return false;
  const { source_id, target_id } = frame.payload as Brought<"ACTIVITY_LOGGED">;
  return frame.workspace_id === workspaceId || source_id === workspaceId || target_id === workspaceId;
}

/**
 * Puts a newest page over what is known: rows are replaced by id; a page that no longer touches the known rows, and is
 * not all there is, replaces them.
 */
export function mergeNewest(known: readonly ActivityRow[], page: readonly ActivityRow[], more: boolean): readonly ActivityRow[] {
  const ids = new Set(page.map((row) => row.id));
  const touches = known.length === 0 || known.some((row) => ids.has(row.id)) || !more;
  if (!touches) return page;
  return [...page, ...known.filter((row) => !ids.has(row.id))].slice(0, rowsMax);
}

/** A workspace's activity, read page by page and renewed when an event says that something happened: no polling. */
export class ActivityFeed {
  readonly state = new Store<FeedState>({ rows: [], loading: true, loadingOlder: false, error: undefined, more: false });
  readonly #workspaceId: string;
  readonly #query: ActivityQuery & { limit: number };
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(workspaceId: string, query: ActivityQuery) {
    this.#workspaceId = workspaceId;
    this.#query = { ...query, limit: pageSize };
  }

  /** Begins, also again after a stop. */
  start(): void {
    this.#abort = new AbortController();
    void this.load();
  }

  async load(): Promise<void> {
    const { signal } = this.#abort;
    const first = this.state.get().rows.length === 0;
    if (first) this.#change({ loading: true, error: undefined });
    try {
      const page = await readActivityPage(this.#workspaceId, this.#query, signal);
      const rows = mergeNewest(this.state.get().rows, page.rows, page.more);
      const more = first || rows === page.rows ? page.more : this.state.get().more;
      this.#change({ rows, more, loading: false, error: undefined });
    } catch (error) {
      if (!signal.aborted) this.#change({ loading: false, error: messageOf(error) });
    }
  }

  async loadOlder(): Promise<void> {
    const { rows, loadingOlder } = this.state.get();
    const last = rows.at(-1);
    if (!last || loadingOlder) return;
    const { signal } = this.#abort;
    this.#change({ loadingOlder: true });
    try {
      const page = await readActivityPage(this.#workspaceId, { ...this.#query, before_seq: last.seq }, signal);
      const known = new Set(this.state.get().rows.map((row) => row.id));
      const all = [...this.state.get().rows, ...page.rows.filter((row) => !known.has(row.id))].slice(0, rowsMax);
      this.#change({ rows: all, more: page.more && all.length < rowsMax, loadingOlder: false });
    } catch (error) {
      if (!signal.aborted) this.#change({ loadingOlder: false, error: messageOf(error) });
    }
  }

  /** Takes note of events; a burst of them costs one request. */
  notice(frames: readonly Frame[]): void {
    if (this.#timer !== undefined || !frames.some((frame) => concerns(frame, this.#workspaceId))) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, gatherMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#abort.abort();
  }

  #change(change: Partial<FeedState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}
