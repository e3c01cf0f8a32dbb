import type { Workspace } from "@/api/workspace";
import { ticks } from "@/ui/clock";
import { Store } from "@/ui/store";
import { orgStore, type Org } from "./org";
import { descendantsOf } from "./selectors";

/** A start may take so long, and longer by so much for each one beyond a few at the same time. */
const patienceMs = 120_000;
const moreForEachMs = 45_000;
const atOnce = 3;

/** Since when those that are being started are, by the clock of this page. */
export type Starts = ReadonlyMap<string, number>;

export const startsStore = new Store<Starts>(new Map());

/** An agent that is being started for the first time: nobody relies on it yet. */
export const isNew = ({ status, last_heartbeat_at: heard }: Workspace): boolean => status === "provisioning" && heard === null;

/** Who is being started now, each since it was first seen to be. */
export function startsAfter(before: Starts, org: Org, at: number): Starts {
  const starts = new Map<string, number>();
  for (const { id, status } of org.workspaces.values()) if (status === "provisioning") starts.set(id, before.get(id) ?? at);
  const same = starts.size === before.size && [...starts.keys()].every((id) => before.has(id));
  return same ? before : starts;
}

/** It is being started anew, and has as long for it as before. */
export function begunAgain(id: string): void {
  if (startsStore.get().has(id)) startsStore.set(new Map(startsStore.get()).set(id, ticks()));
}

/** Those whose start takes longer than it should, the longest first. */
export function overdue(starts: Starts, at: number): string[] {
  const limit = patienceMs + moreForEachMs * Math.max(0, starts.size - atOnce);
  return [...starts].filter(([, since]) => at - since > limit).sort(([, a], [, b]) => a - b).map(([id]) => id);
}

/** Those of a team, its lead among them, that are being started for the first time. */
export const newIn = (org: Org, lead: string): string[] =>
  [lead, ...descendantsOf(org, lead)].filter((id) => {
    const workspace = org.workspaces.get(id);
    return workspace !== undefined && isNew(workspace);
  });

/** It comes up as part of a team: until then it is nobody's to move. */
export function isStarting(org: Org, id: string): boolean {
  const workspace = org.workspaces.get(id);
  return workspace !== undefined && workspace.parent_id !== null && isNew(workspace);
}

let standings = -1;
orgStore.subscribe(() => {
  const org = orgStore.get();
  if (org.standings === standings) return;
  ({ standings } = org);
  startsStore.set(startsAfter(startsStore.get(), org, ticks()));
});
