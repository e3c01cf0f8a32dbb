import { readActivityRows } from "@/api/activity_api";
import { ApiError, messageOf } from "@/api/api_error";
import { readTaskTree } from "@/api/tasks_api";
import type { TaskNode } from "@/api/wire";
import type { Frame } from "@/live/frame";
import { wayOf, type Way } from "@/model/way";
import type { WayAddress } from "@/model/way_address";
import { Store } from "@/ui/store";

export interface WayState {
  way: Way | undefined;
  loading: boolean;
  error: string | undefined;
}

/** Steps up to where it began, and messages shown in all. */
const upMax = 32;
export const nodesMax = 5000;
const pageNodes = 500;
const rowsRead = 100;
/** Events of a burst cost one reading; a long way is read again at most so often. */
const gatherMs = 400;
const gatherMaxMs = 10_000;

/** Members of events by which they say what they are about. */
const naming = ["activity_id", "parent_id", "task_id", "delegation_id", "message_id"];

interface Task {
  workspace: string;
  id: string;
}

const isGone = (error: unknown): boolean => error instanceof ApiError && (error.status === 404 || error.status === 410);

async function nodeOf({ workspace, id }: Task, signal: AbortSignal): Promise<TaskNode | undefined> {
  try {
    return (await readTaskTree(workspace, id, { limit: 1 }, signal)).nodes[0];
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The whole way of a message: from where it began, through all that was sent because of it. Renewed by events. */
export class WayReading {
  readonly state = new Store<WayState>({ way: undefined, loading: true, error: undefined });
  readonly #address: WayAddress;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What was asked for, and where it began. */
  #found: { asked: string; root: Task } | undefined;
  /** Messages and delegations that are shown. */
  #shown: ReadonlySet<string> = new Set();
  #tookMs = 0;

  constructor(address: WayAddress) {
    this.#address = address;
  }

  start(): void {
    this.#abort = new AbortController();
    void this.load();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#abort.abort();
  }

  async load(): Promise<void> {
    const { signal } = this.#abort;
    const began = performance.now();
    this.state.set({ ...this.state.get(), loading: true, error: undefined });
    try {
      const way = await this.#read(signal);
      if (signal.aborted) return;
      this.state.set({ way, loading: false, error: way ? undefined : "This message is not kept any more." });
    } catch (error) {
      if (!signal.aborted) this.state.set({ ...this.state.get(), loading: false, error: messageOf(error) });
    }
    this.#tookMs = performance.now() - began;
  }

  /** Reads again when something was told of what is shown, or of what belongs below it. */
  notice(frames: readonly Frame[]): void {
    if (this.#timer !== undefined || !frames.some((frame) => this.#concerns(frame))) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.load();
      },
      Math.min(gatherMaxMs, Math.max(gatherMs, this.#tookMs * 3)),
    );
  }

  #concerns({ event, payload }: Frame): boolean {
    if (event !== "ACTIVITY_LOGGED" && event !== "A2A_RESPONSE" && event !== "USER_MESSAGE" && !event.startsWith("DELEGATION_")) return false;
    const told: Readonly<Record<string, unknown>> = { ...payload };
    return naming.some((name) => this.#shown.has(String(told[name])));
  }

  async #read(signal: AbortSignal): Promise<Way | undefined> {
    this.#found ??= await this.#find(signal);
    if (!this.#found) return undefined;
    const { asked, root } = this.#found;
    const nodes: TaskNode[] = [];
    let after: string | undefined;
    do {
      const page = await readTaskTree(root.workspace, root.id, { limit: Math.min(pageNodes, nodesMax - nodes.length), after }, signal);
      nodes.push(...page.nodes);
      after = page.nodes.length > 0 ? page.next : undefined;
    } while (after !== undefined && nodes.length < nodesMax);
    this.#shown = new Set(nodes.flatMap(({ id, delegation_id }) => (delegation_id === undefined ? [id] : [id, delegation_id])));
    return wayOf(nodes, asked, after !== undefined);
  }

  async #find(signal: AbortSignal): Promise<{ asked: string; root: Task } | undefined> {
    const { workspace } = this.#address;
    const asked = this.#address.message ?? (await this.#carrier(signal));
    if (asked === undefined) return undefined;
    let root: Task = { workspace, id: asked };
    let node = await nodeOf(root, signal);
    if (!node) return undefined;
    for (let steps = 0; steps < upMax && node?.parent_id !== undefined && node.source_id; steps += 1) {
      const above: Task = { workspace: node.source_id, id: node.parent_id };
      node = await nodeOf(above, signal);
      if (node) root = above;
    }
    return { asked, root };
  }

  /** The message that carries a delegation. */
  async #carrier(signal: AbortSignal): Promise<string | undefined> {
    const { workspace, delegation } = this.#address;
    const rows = await readActivityRows(workspace, { type: "a2a_receive", source: "agent", limit: rowsRead }, signal);
    return rows.find((each) => each.message_id === delegation)?.id;
  }
}
