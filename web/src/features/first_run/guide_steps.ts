import type { Workspace } from "@/api/workspace";
import type { Frame } from "@/live/frame";
import { orgStore, type Org } from "@/model/org";
import { childrenOf, isReachable } from "@/model/selectors";
import { recall, remember } from "@/ui/remembered";
import { Store } from "@/ui/store";

export interface GuideState {
  answered: boolean;
  delegated: boolean;
  connected: boolean;
  /** Skipped or through: it is not shown any more. */
  over: boolean;
}

const key = "guide";
const flags = ["answered", "delegated", "connected", "over"] as const;
const isState = (value: unknown): value is GuideState =>
  typeof value === "object" && value !== null && flags.every((flag) => typeof (value as Record<string, unknown>)[flag] === "boolean");
const atStart: GuideState = { answered: false, delegated: false, connected: false, over: false };

export const guideStore = new Store<GuideState>(recall(key, isState) ?? atStart);

export function change(next: Partial<GuideState>): void {
  const state = { ...guideStore.get(), ...next };
  if (flags.every((flag) => state[flag] === guideStore.get()[flag])) return;
  guideStore.set(state);
  remember(key, state);
}

/** Shown from its beginning, whatever was done before. */
export const startGuide = (): void => change(atStart);

/** What events tell about the steps. `there` are the workspaces whose agents were connected before the guide was shown. */
export function afterFrames(state: GuideState, frames: readonly Frame[], there: ReadonlySet<string>): GuideState {
  let { answered, delegated, connected } = state;
  for (const frame of frames) {
    if (frame.event === "AGENT_MESSAGE" || frame.event === "A2A_RESPONSE") answered = true;
    if (frame.event === "DELEGATION_SENT") delegated = true;
    if (frame.event === "WORKSPACE_ONLINE" && !there.has(frame.workspace_id)) connected = true;
  }
  return { ...state, answered, delegated, connected };
}

/** Whom to write to: a lead that can hand work over before anybody else, and nobody who would not hear it. */
export function whomToAsk(org: Org): Workspace | undefined {
  const reachable = [...org.workspaces.values()].filter(isReachable);
  const leads = reachable.filter(({ id }) => childrenOf(org, id).some((child) => reachable.some((each) => each.id === child)));
  return leads[0] ?? reachable[0];
}

/** What to write: something its team can do, where it has somebody who summarises, else what any agent can answer. */
export function whatToAsk(org: Org, { id }: Workspace): string {
  const team = [id, ...childrenOf(org, id)].map((each) => JSON.stringify(org.workspaces.get(each)?.agent_card?.skills ?? ""));
  if (team.some((skills) => /summar/i.test(skills))) return "Summarise README.md in 3 bullet points";
  return "Hello. What can you do, and whom can you ask for help?";
}

/** Those whose agents are connected now. */
export const connectedNow = (): ReadonlySet<string> =>
  new Set([...orgStore.get().workspaces.values()].filter((each) => each.last_heartbeat_at !== null || isReachable(each)).map(({ id }) => id));
