import { messageOf } from "@/api/api_error";
import { graph } from "@/canvas/graph_controls";
import { intend } from "@/canvas/intents";
import { landingsIn, moveSubtree, type Point } from "@/canvas/layout";
import { mark } from "@/canvas/marks";
import { orgStore, type Org } from "@/model/org";
import { descendantsOf, nestingRefusal } from "@/model/selectors";
import { dismissToast, toast } from "@/ui/toast";
import { layout, placesNow, tryToSave, type Placement } from "./placing";
import { remembered } from "./undo";

const namesShown = 3;

/** Those that move: the topmost of the picked ones, as what is inside them comes along. */
export function movers(org: Org, ids: readonly string[], parent: string): string[] {
  const inside = new Set(ids.flatMap((id) => descendantsOf(org, id)));
  return ids.filter((id) => {
    const workspace = org.workspaces.get(id);
    return workspace && !inside.has(id) && workspace.parent_id !== parent && nestingRefusal(org, id, parent) === undefined;
  });
}

/** Moves several workspaces into one team. Those that are refused go back, stay picked and are named. */
export async function nestTogether(ids: readonly string[], parent: string, to?: Point): Promise<void> {
  const org = orgStore.get();
  const moving = movers(org, ids, parent);
  if (moving.length === 0) return void toast("info", "None of them can move there");
  const landings = landingsIn(layout(), parent, moving, to);
  const groups: Placement[][] = moving.map((id) => {
    const [own, ...rest] = moveSubtree(org, layout(), id, landings.get(id) ?? { x: 0, y: 0 });
    return own ? [{ ...own, parent_id: parent }, ...rest] : [];
  });
  const before = groups.map(placesNow);
  intend(groups.flat());
  const nameOf = (id: string) => org.workspaces.get(id)?.name ?? "a workspace";
  const failed: string[] = [];
  const back: Placement[][] = [];
  let why: unknown;
  for (const [index, group] of groups.entries()) {
    const failure = await tryToSave(group);
    if (failure) {
      why ??= failure;
      failed.push(moving[index] ?? "");
    } else back.push(before[index] ?? []);
  }
  mark({ picked: new Set(failed) });
  if (failed.length > 0) {
    const names = failed.slice(0, namesShown).map(nameOf).join(", ");
    const more = failed.length > namesShown ? ` and ${failed.length - namesShown} more` : "";
    toast("error", `${names}${more} could not be moved: ${messageOf(why)}`);
  }
  if (back.length === 0) return;
  const label = `${back.length === 1 ? "1 workspace is" : `${back.length} workspaces are`} now in ${nameOf(parent)}’s team`;
  const offer: { toast?: number } = {};
  const undo = remembered(label, () => {
    if (offer.toast !== undefined) dismissToast(offer.toast);
    void (async () => {
      for (const group of back) await tryToSave(group);
    })();
  });
  offer.toast = toast("info", label, { label: "Undo", run: undo });
  graph.controls?.reveal(parent);
}
