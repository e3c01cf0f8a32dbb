import { marksStore } from "@/canvas/marks";
import type { Rect } from "@/canvas/layout";
import type { Placement, Target } from "@/canvas/placements";
import { hopsStore } from "@/model/hops";
import { orgStore } from "@/model/org";
import { childrenOf } from "@/model/selectors";
import { toast } from "@/ui/toast";
import { arrangeAs, layout, nameOf, place, topmost } from "./placing";

// A layout library, wanted now and then: fetched when it is.
const tidier = () => import("@/canvas/tidy");

/** Puts teams in order, what is in their teams as it is. */
export async function arrangeAll(ids: readonly string[]): Promise<void> {
  const org = orgStore.get();
  const teams = topmost(org, ids).filter((id) => childrenOf(org, id).length > 0 && layout().boxes.has(id));
  if (teams.length === 0) return void toast("info", "There is no team to tidy");
  const { tidy } = await tidier();
  const placements = teams.flatMap((id) => tidy(org, layout(), id, hopsStore.get(), false));
  await arrangeAs(changed(placements), teams.length === 1 ? `${nameOf(teams[0] ?? "")}’s team` : `${teams.length} teams`);
}

/** Puts the whole canvas in order, every open team with it. */
export async function tidyEverything(): Promise<void> {
  const org = orgStore.get();
  if (org.workspaces.size === 0) return;
  const { tidy } = await tidier();
  const placements = changed(tidy(org, layout(), null, hopsStore.get(), true));
  if (placements.length === 0) return void toast("info", "Everything is tidy already");
  await arrangeAs(placements, "the canvas");
}

/** All of them or, where each stands there already, none: what is not named would move along with its lead. */
function changed(placements: Placement[]): Placement[] {
  const { workspaces } = orgStore.get();
  return placements.some(({ id, x, y }) => workspaces.get(id)?.x !== x || workspaces.get(id)?.y !== y) ? placements : [];
}

export type Edge = "left" | "right" | "top" | "bottom";

const aligned: Record<Edge, (each: Rect, all: readonly Rect[]) => { x: number; y: number }> = {
  left: ({ y }, all) => ({ x: Math.min(...all.map((one) => one.x)), y }),
  right: ({ w, y }, all) => ({ x: Math.max(...all.map((one) => one.x + one.w)) - w, y }),
  top: ({ x }, all) => ({ x, y: Math.min(...all.map((one) => one.y)) }),
  bottom: ({ x, h }, all) => ({ x, y: Math.max(...all.map((one) => one.y + one.h)) - h }),
};

/** Brings the picked cards into one line; those that would lie on each other go on behind one another. */
export async function align(edge: Edge): Promise<void> {
  const boxes = topmost(orgStore.get(), [...marksStore.get().picked]).flatMap((id) => layout().boxes.get(id) ?? []);
  const home = boxes[0]?.parent;
  const team = boxes.filter((box) => box.parent === home);
  if (team.length < 2) return void toast("info", "Pick two cards or more of one team to align them");
  const targets: Target[] = team.map((box) => ({ id: box.id, ...aligned[edge](box, team) }));
  await place(targets, {
    done: `${team.length} workspaces are aligned`,
    undone: `${team.length} workspaces are back where they were`,
    refused: "They could not be aligned",
  });
}
