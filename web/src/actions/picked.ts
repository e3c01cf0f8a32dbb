import { messageOf } from "@/api/api_error";
import { pauseWorkspace, restartWorkspace, resumeWorkspace } from "@/api/workspaces_api";
import { mark } from "@/canvas/marks";
import type { Org } from "@/model/org";
import { descendantsOf } from "@/model/selectors";
import { Store } from "@/ui/store";
import { toast } from "@/ui/toast";
import { offered } from "./action";
import { askEach } from "./deeds";
import { pauseStep, removeAll, resumeStep } from "./lifecycle";
import { did } from "./undo";
import { workspaceActions } from "./workspace_actions";

/** What can be done to several workspaces at once. */
export type Together = "restart" | "pause" | "resume" | "delete";

/** These reach a whole team by themselves, so its members are not asked for again. */
const reachesTeam: Record<Together, boolean> = { restart: false, pause: true, resume: true, delete: true };
const requests: Record<Exclude<Together, "delete">, (id: string) => Promise<unknown>> = {
  restart: restartWorkspace,
  pause: pauseWorkspace,
  resume: resumeWorkspace,
};

/** What is asked about before it is done to all that are picked. */
export const askingStore = new Store<Together | undefined>(undefined);

export interface Plan {
  /** What is asked of the platform, one request each. */
  ids: string[];
  /** Those it is not possible for now, with the reason. */
  refused: { name: string; why: string }[];
  /** Everything it reaches, teams included. */
  reached: string[];
}

/** Who of the picked ones is asked, who cannot be, and whom it reaches. */
export function planFor(org: Org, picked: ReadonlySet<string>, together: Together): Plan {
  const plan: Plan = { ids: [], refused: [], reached: [] };
  const covered = new Set<string>();
  if (reachesTeam[together]) for (const id of picked) for (const each of descendantsOf(org, id)) covered.add(each);
  const reached = new Set<string>();
  for (const id of picked) {
    const workspace = org.workspaces.get(id);
    if (!workspace || covered.has(id)) continue;
    const offer = offered(workspaceActions, workspace, org).find(({ action }) => action.name === together);
    if (!offer || offer.refusal !== undefined) {
      plan.refused.push({ name: workspace.name, why: offer?.refusal ?? "Not possible in its present state" });
      continue;
    }
    plan.ids.push(id);
    reached.add(id);
    if (reachesTeam[together]) for (const each of descendantsOf(org, id)) reached.add(each);
  }
  plan.reached = [...reached];
  return plan;
}

/** Does it to all of them and tells how it went. Those that failed stay picked, so that they can be tried again. */
export async function runTogether(plan: Plan, together: Together): Promise<void> {
  if (together === "delete") {
    mark({ picked: new Set() });
    await removeAll(plan.ids);
    return;
  }
  const failed: string[] = [];
  let why: unknown;
  const step = together === "pause" ? pauseStep(plan.ids) : resumeStep(plan.ids);
  await askEach(plan.ids, async (id) => {
    try {
      await requests[together](id);
    } catch (error) {
      why ??= error;
      failed.push(id);
    }
  });
  mark({ picked: new Set(failed) });
  if (failed.length > 0) toast("error", `${failed.length}/${plan.ids.length} failed: ${messageOf(why)}`);
  const went = plan.ids.filter((id) => !failed.includes(id));
  if (went.length === 0) return;
  if (together === "restart") return void toast("success", `${went.length === 1 ? "1 workspace is" : `${went.length} workspaces are`} restarting`);
  const whole = went.length === plan.ids.length;
  did(whole ? step : together === "pause" ? { ...step, ...onlyFor(pauseStep(went)) } : resumeStep(went));
}

// Of a team that is paused already nobody can be told from those that were before.
const onlyFor = ({ done, undone, forward }: ReturnType<typeof pauseStep>) => ({
  done,
  undone,
  forward,
  back: { is: "resume" as const, ids: forward.is === "pause" ? forward.ids : [] },
});
