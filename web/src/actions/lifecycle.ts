import { messageOf } from "@/api/api_error";
import { restartWorkspace } from "@/api/workspaces_api";
import { afterPause } from "@/model/lifecycle_words";
import { orgStore } from "@/model/org";
import { descendantsOf, joinsByItself } from "@/model/selectors";
import { toast } from "@/ui/toast";
import type { Step } from "./history";
import { graceMs } from "./leaving";
import { act, did } from "./undo";

const nameOf = (id: string): string => orgStore.get().workspaces.get(id)?.name ?? "The workspace";
const paused = (id: string): boolean => orgStore.get().workspaces.get(id)?.status === "paused";
const several = (ids: readonly string[]): string => (ids.length === 1 ? `${nameOf(ids[0] ?? "")} is` : `${ids.length} workspaces are`);

function elsewhere(id: string): boolean {
  const workspace = orgStore.get().workspaces.get(id);
  return workspace === undefined || joinsByItself(workspace);
}

/** Those of their teams that are paused already; when all go on, they do not. */
function pausedBelow(ids: readonly string[]): string[] {
  return ids.flatMap((id) => descendantsOf(orgStore.get(), id)).filter(paused);
}

export function pauseStep(ids: readonly string[]): Step {
  const but = pausedBelow(ids);
  return {
    done: afterPause(several(ids), ids.length, ids.every(elsewhere)),
    undone: `${several(ids)} no longer paused`,
    forward: { is: "pause", ids: [...ids] },
    back: { is: "resume", ids: [...ids], ...(but.length > 0 ? { but } : {}) },
  };
}

export function resumeStep(ids: readonly string[]): Step {
  return {
    done: ids.length === 1 ? `${nameOf(ids[0] ?? "")} was resumed` : `${ids.length} workspaces were resumed`,
    undone: `${several(ids)} paused again`,
    forward: { is: "resume", ids: [...ids] },
    back: { is: "pause", ids: [...ids] },
  };
}

export const pause = (id: string) => act(pauseStep([id]), { refused: nameOf(id) });
export const resume = (id: string) => act(resumeStep([id]), { refused: nameOf(id) });

export async function restart(id: string): Promise<void> {
  const name = nameOf(id);
  try {
    const { status, message } = await restartWorkspace(id);
    // The platform may have nothing to restart, and says so.
    if (status === "noop") toast("info", `${name} was not restarted: ${message}`);
    else toast("success", `${name} is restarting`);
  } catch (error) {
    toast("error", `${name} could not be restarted: ${messageOf(error)}`);
  }
}

/** Deletes workspaces with their teams, after a time in which that can be taken back. */
export function removeAll(ids: readonly string[]): Promise<boolean> {
  const org = orgStore.get();
  const count = new Set(ids.flatMap((id) => [id, ...descendantsOf(org, id)])).size;
  const [first] = ids;
  const who =
    ids.length === 1 && first !== undefined
      ? count > 1
        ? `${nameOf(first)} and its team`
        : nameOf(first)
      : `${count} workspaces`;
  return act({
    done: `${who} will be deleted in ${graceMs / 1000} seconds`,
    undone: `${who} ${count > 1 ? "stay" : "stays"}`,
    forward: { is: "delete", ids: [...ids] },
    back: { is: "spare", ids: [...ids] },
  });
}

/** A workspace was made: taking that back deletes it, after the same time of grace. */
export function created(id: string, name: string): void {
  did({
    done: `${name} was created`,
    undone: `${name} will be deleted in ${graceMs / 1000} seconds`,
    forward: { is: "spare", ids: [id] },
    back: { is: "delete", ids: [id] },
  });
}

export const remove = (id: string) => removeAll([id]);
