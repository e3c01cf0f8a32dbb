import { marksStore } from "@/canvas/marks";
import { gap, type Box, type Rect } from "@/canvas/layout";
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

/** The picked cards of one team: that of the first of them. */
function pickedTeam(): Box[] {
  const boxes = topmost(orgStore.get(), [...marksStore.get().picked]).flatMap((id) => layout().boxes.get(id) ?? []);
  return boxes.filter((box) => box.parent === boxes[0]?.parent);
}

/** Brings the picked cards into one line; those that would lie on each other go on behind one another. */
export async function align(edge: Edge): Promise<void> {
  const team = pickedTeam();
  if (team.length < 2) return void toast("info", "Pick two cards or more of one team to align them");
  const targets: Target[] = team.map((box) => ({ id: box.id, ...aligned[edge](box, team) }));
  await place(targets, {
    done: `${team.length} workspaces are aligned`,
    undone: `${team.length} workspaces are back where they were`,
    refused: "They could not be aligned",
  });
}

export type Axis = "across" | "down";

/** The starts of these, in their order, with the same room between each two: the outermost stay, unless there is too little. */
export function spread(all: readonly { start: number; size: number }[]): number[] {
  const [first, last] = [all[0], all.at(-1)];
  if (!first || !last) return [];
  const taken = all.reduce((sum, { size }) => sum + size, 0);
  const room = Math.max(gap, (last.start + last.size - first.start - taken) / (all.length - 1));
  let next = first.start;
  return all.map(({ size }) => {
    const start = next;
    next += size + room;
    return Math.round(start);
  });
}

/** Puts the same room between the picked cards, in the order in which they stand. */
export async function distribute(axis: Axis): Promise<void> {
  const across = axis === "across";
  const team = pickedTeam().sort((a, b) => (across ? a.x + a.w / 2 - b.x - b.w / 2 : a.y + a.h / 2 - b.y - b.h / 2));
  if (team.length < 3) return void toast("info", "Pick three cards or more of one team to distribute them");
  const starts = spread(team.map(({ x, y, w, h }) => (across ? { start: x, size: w } : { start: y, size: h })));
  const targets: Target[] = team.map(({ id, x, y }, index) => {
    const start = starts[index] ?? 0;
    return across ? { id, x: start, y } : { id, x, y: start };
  });
  await place(targets, {
    done: `${team.length} workspaces have the same room between them`,
    undone: `${team.length} workspaces are back where they were`,
    refused: "They could not be distributed",
  });
}
