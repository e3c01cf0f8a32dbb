import { ApiError } from "@/api/api_error";
import { getWorkspace } from "@/api/workspaces_api";
import { fullTime } from "@/ui/time";
import { toast } from "@/ui/toast";

/** An address led to a workspace that is not on the canvas: tells whether it was removed or never was. */
export async function tellWhyGone(id: string): Promise<void> {
  try {
    await getWorkspace(id);
  } catch (error) {
    const removed = error instanceof ApiError && error.status === 410;
    const at = removed && typeof error.body.removed_at === "string" ? Date.parse(error.body.removed_at) : Number.NaN;
    if (removed) toast("info", Number.isNaN(at) ? "That workspace was removed." : `That workspace was removed on ${fullTime(at)}.`);
    else toast("info", "There is no workspace at that address.");
  }
}
