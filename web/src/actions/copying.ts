import { messageOf } from "@/api/api_error";
import type { NewWorkspace } from "@/api/wire";
import type { Workspace } from "@/api/workspace";
import { createWorkspace } from "@/api/workspaces_api";
import type { Point, Rect } from "@/canvas/layout";
import { landingIn, landingOutside, storedAt } from "@/canvas/placements";
import { orgStore } from "@/model/org";
import { childrenOf } from "@/model/selectors";
import { toast } from "@/ui/toast";
import { graceMs } from "./leaving";
import { layout, namesOf, topmost } from "./placing";
import { did } from "./undo";

/** What a copy has of its model. Its credentials and its secrets are its own: it starts with none. */
function like({ name, role, tier, runtime, max_concurrent_tasks }: Workspace, parent: string | null, canvas: Point): NewWorkspace {
  return {
    name,
    ...(role === null ? {} : { role }),
    tier,
    ...(runtime === "" ? {} : { runtime }),
    ...(parent === null ? {} : { parent_id: parent }),
    max_concurrent_tasks,
    canvas,
  };
}

async function copyTree(model: Workspace, parent: string | null, at: Point): Promise<string> {
  const { id } = await createWorkspace(like(model, parent, at));
  const org = orgStore.get();
  for (const kid of childrenOf(org, model.id)) {
    const inside = org.workspaces.get(kid);
    if (inside) await copyTree(inside, id, { x: at.x + inside.x - model.x, y: at.y + inside.y - model.y });
  }
  return id;
}

/** Makes a workspace like each of them, with a team like its team, beside it. */
export async function copyAll(ids: readonly string[]): Promise<void> {
  const org = orgStore.get();
  const models = topmost(org, ids);
  const made: string[] = [];
  const landed: Rect[] = [];
  try {
    for (const id of models) {
      const model = org.workspaces.get(id);
      if (!model) continue;
      const now = layout();
      const box = now.boxes.get(id);
      const home = model.parent_id === null ? undefined : now.boxes.get(model.parent_id);
      const at = home ? landingIn(now, home.id, id, undefined, landed) : landingOutside(now, "", box && { x: box.x + box.w, y: box.y }, landed);
      landed.push({ x: at.x - (home?.x ?? 0), y: at.y - (home?.y ?? 0), w: box?.w ?? 0, h: box?.h ?? 0 });
      made.push(await copyTree(model, model.parent_id, storedAt(now, model.parent_id, at)));
    }
  } catch (error) {
    toast("error", `${namesOf(models)} could not be duplicated: ${messageOf(error)}`);
  }
  if (made.length === 0) return;
  did({
    done: `${namesOf(models)} ${models.length === 1 ? "was" : "were"} duplicated`,
    undone: `${made.length === 1 ? "The copy" : "The copies"} will be deleted in ${graceMs / 1000} seconds`,
    forward: { is: "spare", ids: made },
    back: { is: "delete", ids: made },
  });
}
