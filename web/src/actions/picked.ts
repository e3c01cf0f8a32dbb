import { messageOf } from "@/api/api_error";
import { deleteWorkspace, pauseWorkspace, restartWorkspace, resumeWorkspace } from "@/api/workspaces_api";
import { mark, marksStore } from "@/canvas/marks";
import { orgStore, withoutWorkspace, type Org } from "@/model/org";
import { descendantsOf } from "@/model/selectors";
import { toast } from "@/ui/toast";
import { offered } from "./action";
import { workspaceActions } from "./workspace_actions";

/** What can be done to several workspaces at once. */
export type Together = "restart" | "pause" | "resume" | "delete";

/** Requests under way at once. */
const atOnce = 4;
/** Pausing and deleting reach a whole team by themselves, so its members are not asked for again. */
const reachesTeam: Record<Together, boolean> = { restart: false, pause: true, resume: true, delete: true };
const requests: Record<Together, (id: string) => Promise<unknown>> = {
  restart: restartWorkspace,
  pause: pauseWorkspace,
  resume: resumeWorkspace,
  delete: deleteWorkspace,
};
const done: Record<Together, string> = { restart: "restarting", pause: "paused", resume: "resumed", delete: "deleted" };

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
  const waiting = [...plan.ids];
  const failed: string[] = [];
  let why: unknown;
  if (together === "delete") mark({ leaving: new Set([...marksStore.get().leaving, ...plan.reached]) });
  const work = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        await requests[together](id);
        if (together === "delete")
          orgStore.set([...descendantsOf(orgStore.get(), id).toReversed(), id].reduce(withoutWorkspace, orgStore.get()));
      } catch (error) {
        why ??= error;
        failed.push(id);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const leaving = new Set([...marksStore.get().leaving].filter((id) => !plan.reached.includes(id)));
  mark({ leaving, picked: new Set(failed) });
  const count = plan.ids.length - failed.length;
  if (failed.length > 0) toast("error", `${failed.length}/${plan.ids.length} failed: ${messageOf(why)}`);
  else toast("success", `${count === 1 ? "1 workspace is" : `${count} workspaces are`} ${done[together]}`);
}
