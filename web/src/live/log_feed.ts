import { messageOf } from "@/api/api_error";
import { listPastEvents } from "@/api/past_events_api";
import type { PastEvent } from "@/api/wire";
import { Store } from "@/ui/store";
import type { Frame } from "./frame";

/** An event as the log keeps it. */
export interface LogEvent {
  seq: number;
  event: string;
  workspace: string | null;
  /** Milliseconds since the epoch. */
  at: number;
  payload: Readonly<Record<string, unknown>>;
}

export interface LogState {
  /** Newest first. */
  events: readonly LogEvent[];
  loading: boolean;
  error: string | undefined;
  /** There may be older ones: only an empty page is the end. */
  more: boolean;
}

export const pageSize = 250;
/** Events held; reading older ones stops here, and where new ones come the oldest give way. */
export const eventsMax = 5000;

const objectOf = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {});

const pastOf = ({ seq, event_type, workspace_id, created_at, payload }: PastEvent): LogEvent => ({ seq, event: event_type, workspace: workspace_id, at: Date.parse(created_at), payload: objectOf(payload) });

/** The log of the organisation, or of one workspace: read back page by page, growing as events come. */
export class LogFeed {
  readonly state = new Store<LogState>({ events: [], loading: true, error: undefined, more: true });
  readonly #workspace: string | undefined;
  #abort = new AbortController();

  constructor(workspace?: string) {
    this.#workspace = workspace;
  }

  start(): void {
    this.#abort = new AbortController();
    void this.load();
  }

  /** Reads the newest; what was read before stays where the two touch. */
  async load(): Promise<void> {
    // What comes while it is read joins nothing: between it and what was read before there may be more.
    const known = this.state.get().events[0]?.seq;
    await this.#read(undefined, (page) => {
      const { events, more } = this.state.get();
      const last = page.at(-1);
      if (!last) return { events, more: false };
      if (known !== undefined && known >= last.seq) return { events: merged(page, events), more };
      return { events: merged(page, events.filter(({ seq }) => seq > last.seq)), more: true };
    });
  }

  async loadOlder(): Promise<void> {
    const last = this.state.get().events.at(-1);
    if (!last || this.state.get().loading) return;
    await this.#read(last.seq, (page) => {
      const events = merged(this.state.get().events, page);
      // The platform ends a page early where events are large; only an empty one is the end.
      return { events, more: page.length > 0 && events.length < eventsMax };
    });
  }

  /** Takes new events in as they come. */
  notice(frames: readonly Frame[]): void {
    const fresh = frames
      .filter((frame) => !frame.transient && (this.#workspace === undefined || frame.workspace_id === this.#workspace))
      .map(({ seq, event, workspace_id, at, payload }): LogEvent => ({ seq, event, workspace: workspace_id === "" ? null : workspace_id, at, payload: objectOf(payload) }))
      .reverse();
    if (fresh.length > 0) this.state.set({ ...this.state.get(), events: merged(fresh, this.state.get().events) });
  }

  stop(): void {
    this.#abort.abort();
  }

  async #read(before: number | undefined, take: (page: LogEvent[]) => Pick<LogState, "events" | "more">): Promise<void> {
    const { signal } = this.#abort;
    this.state.set({ ...this.state.get(), loading: true, error: undefined });
    try {
      const page = await listPastEvents({ workspace: this.#workspace, limit: pageSize, before }, signal);
      if (!signal.aborted) this.state.set({ ...take(page.map(pastOf)), loading: false, error: undefined });
    } catch (error) {
      if (!signal.aborted) this.state.set({ ...this.state.get(), loading: false, error: messageOf(error) });
    }
  }
}

/** Both, newest first, each once. */
function merged(a: readonly LogEvent[], b: readonly LogEvent[]): LogEvent[] {
  const bySeq = new Map([...b, ...a].map((event) => [event.seq, event]));
  return [...bySeq.values()].sort((x, y) => y.seq - x.seq).slice(0, eventsMax);
}
