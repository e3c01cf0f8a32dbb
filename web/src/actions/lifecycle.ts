import { messageOf } from "@/api/api_error";
import { deleteWorkspace, pauseWorkspace, restartWorkspace, resumeWorkspace } from "@/api/workspaces_api";
import { mark, marksStore } from "@/canvas/marks";
import { orgStore, withoutWorkspace } from "@/model/org";
import { descendantsOf } from "@/model/selectors";
import { toast } from "@/ui/toast";

const nameOf = (id: string): string => orgStore.get().workspaces.get(id)?.name ?? "The workspace";

async function tell(id: string, done: string, request: () => Promise<unknown>): Promise<void> {
  const name = nameOf(id);
  try {
    await request();
    toast("success", `${name} ${done}`);
  } catch (error) {
    toast("error", `${name}: ${messageOf(error)}`);
  }
}

export const pause = (id: string) => tell(id, "is paused", () => pauseWorkspace(id));
export const resume = (id: string) => tell(id, "was resumed", () => resumeWorkspace(id));
export const restart = (id: string) => tell(id, "is restarting", () => restartWorkspace(id));

/** Deletes a workspace and its team: dimmed while it lasts, back with an explanation when refused. */
export async function remove(id: string): Promise<boolean> {
  const name = nameOf(id);
  const all = [id, ...descendantsOf(orgStore.get(), id)];
  mark({ leaving: new Set([...marksStore.get().leaving, ...all]) });
  try {
    await deleteWorkspace(id);
    orgStore.set(all.toReversed().reduce(withoutWorkspace, orgStore.get()));
    toast("success", all.length > 1 ? `${name} and its team were deleted` : `${name} was deleted`);
    return true;
  } catch (error) {
    toast("error", `${name} could not be deleted: ${messageOf(error)}`);
    return false;
  } finally {
    mark({ leaving: new Set([...marksStore.get().leaving].filter((each) => !all.includes(each))) });
  }
}
