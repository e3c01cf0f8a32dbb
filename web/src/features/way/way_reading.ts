import { readActivityRows, readMessageItem, type ActivityRow } from "@/api/activity_api";
import { ApiError, messageOf } from "@/api/api_error";
import type { Frame } from "@/live/frame";
import { orgStore } from "@/model/org";
import { buildWay, type Told, type Way, type WayAddress } from "@/model/way";
import { peersOf } from "@/model/selectors";
import { now } from "@/ui/clock";
import { Store } from "@/ui/store";


export interface WayState {
  way: Way | undefined;
  loading: boolean;
  error: string | undefined;
}

/** Steps up to where it began, steps down, and messages shown in all. */
const upMax = 10;
const downMax = 8;
export const nodesMax = 60;
/** Workspaces that one message's agent may have asked without delegating. */
const peersMax = 12;
const rowsRead = 100;
/** Events of a burst cost one reading. */
const gatherMs = 400;
/** The platform tells times to the millisecond, and its clock is known to some seconds. */
const marginMs = 2;
const marginS = 60;

/** A message as the platform tells it, or nothing where it is not kept any more. */
async function tell(workspace: string, id: string, known: ActivityRow | undefined, signal: AbortSignal): Promise<Told | undefined> {
  let item;
  try {
    item = await readMessageItem(workspace, id, signal);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 410)) return undefined;
    throw error;
  }
  const before = new Date(Date.parse(item.enqueued_at) + marginMs).toISOString();
  const row = known ?? (await readActivityRows(workspace, { type: "a2a_receive", before_ts: before, limit: 20 }, signal)).find((each) => each.id === id);
  return row && { row, item };
}

/** What was sent because of a message: delegations of its agent, and what else it asked its peers. */
async function sentBecauseOf({ row }: Told, signal: AbortSignal): Promise<ActivityRow[]> {
  const at = row.workspace_id;
  const delegated = await readActivityRows(at, { type: "delegation", since_id: row.id, limit: rowsRead }, signal);
  const named = delegated.flatMap(({ target_id }) => target_id ?? []);
  const peers = peersOf(orgStore.get(), at).slice(0, peersMax);
  const since = Math.ceil((now() - Date.parse(row.created_at)) / 1000) + marginS;
  const found = await Promise.all(
    [...new Set([...named, ...peers])].map((peer) =>
      readActivityRows(peer, { type: "a2a_receive", peer_id: at, since_secs: since, limit: rowsRead }, signal).catch(() => {
        // A peer that is gone keeps nothing.
        signal.throwIfAborted();
        return [];
      }),
    ),
  );
  return found.flat().filter((each) => each.parent_id === row.id);
}

/** The whole way of a message: from where it began, through all that was sent because of it. Renewed by events. */
export class WayReading {
  readonly state = new Store<WayState>({ way: undefined, loading: true, error: undefined });
  readonly #address: WayAddress;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #workspaces = new Set<string>();

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
    this.state.set({ ...this.state.get(), loading: true, error: undefined });
    try {
      const way = await this.#read(signal);
      if (signal.aborted) return;
      this.state.set({ way, loading: false, error: way ? undefined : "This message is not kept any more." });
    } catch (error) {
      if (!signal.aborted) this.state.set({ ...this.state.get(), loading: false, error: messageOf(error) });
    }
  }

  notice(frames: readonly Frame[]): void {
    const speaks = ({ event, workspace_id }: Frame) =>
      this.#workspaces.has(workspace_id) && (event === "ACTIVITY_LOGGED" || event === "A2A_RESPONSE" || event.startsWith("DELEGATION_"));
    if (this.#timer !== undefined || !frames.some(speaks)) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, gatherMs);
  }

  async #read(signal: AbortSignal): Promise<Way | undefined> {
    const asked = await this.#find(signal);
    if (!asked) return undefined;
    let root = asked;
    for (let steps = 0; steps < upMax && root.row.parent_id && root.row.source_id; steps += 1) {
      const above = await tell(root.row.source_id, root.row.parent_id, undefined, signal);
      if (!above) break;
      root = above;
    }
    const told = new Map<string, Told>([[root.row.id, root]]);
    let [level, more] = [[root], false];
    for (let depth = 0; depth < downMax && level.length > 0; depth += 1) {
      const rows = (await Promise.all(level.map((each) => sentBecauseOf(each, signal)))).flat();
      const fresh = rows.filter((row) => !told.has(row.id)).slice(0, nodesMax - told.size);
      more ||= fresh.length < rows.length;
      level = (await Promise.all(fresh.map((row) => tell(row.workspace_id, row.id, row, signal)))).filter((each) => each !== undefined);
      for (const each of level) told.set(each.row.id, each);
    }
    if (!told.has(asked.row.id)) told.set(asked.row.id, asked);
    this.#workspaces = new Set([...told.values()].map(({ row }) => row.workspace_id));
    return buildWay([...told.values()], asked.row.id, more);
  }

  async #find(signal: AbortSignal): Promise<Told | undefined> {
    const { workspace, message, delegation } = this.#address;
    if (message !== undefined) return tell(workspace, message, undefined, signal);
    const rows = await readActivityRows(workspace, { type: "a2a_receive", source: "agent", limit: rowsRead }, signal);
    const row = rows.find((each) => each.message_id === delegation);
    return row && tell(workspace, row.id, row, signal);
  }
}
