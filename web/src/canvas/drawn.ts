import type { Hops } from "@/model/hops";
import type { Box, Layout, Rect } from "./layout";
import { nearbyOf } from "./nearby";

/** More cards than this in one view are painted as fields of their colour; each is an element only while it is dealt with. */
export const elementsMost = 320;
/** What is drawn beyond the view on each side, as shares of it, so that the next movement meets it; the first that is not too much. */
const margins = [0.6, 0.2, 0.05];
/** A view this much smaller than what is drawn for it draws anew: most of that is out of sight. */
const shrinksBy = 16;
/** A card that is dealt with from afar brings its team along when that is no larger. */
const teamMost = 100;
/** With more edges than this only those are drawn whose two cards are drawn anyway. */
const edgesMost = 300;

/** For which part of the canvas cards are drawn just now, and whether they are painted there. */
export interface Part extends Rect {
  painted: boolean;
}

const grown = ({ x, y, w, h }: Rect, by: number): Rect => ({ x: x - w * by, y: y - h * by, w: w * (1 + 2 * by), h: h * (1 + 2 * by) });

export function partFor(layout: Layout, view: Rect): Part {
  const nearby = nearbyOf(layout);
  for (const margin of margins) {
    const part = grown(view, margin);
    if (nearby.within(part, elementsMost + 1).size <= elementsMost) return { ...part, painted: false };
  }
  return { ...view, painted: nearby.within(view, elementsMost + 1).size > elementsMost };
}

/** Whether what is drawn for a part still does for a view. */
export function stillDoes(layout: Layout, part: Part, view: Rect): boolean {
  if (part.painted) return nearbyOf(layout).within(view, elementsMost + 1).size > elementsMost;
  const inside = view.x >= part.x && view.y >= part.y && view.x + view.w <= part.x + part.w && view.y + view.h <= part.y + part.h;
  return inside && part.w * part.h <= view.w * view.h * shrinksBy;
}

/** A card and what is in it, when that is not too much. */
export function withTeam(layout: Layout, id: string): string[] {
  const own = layout.boxes.get(id);
  if (!own) return [];
  if (!own.open) return [id];
  const team = [...nearbyOf(layout).within(own)].filter((box) => box.depth > own.depth);
  return team.length > teamMost ? [] : [id, ...team.map((box) => box.id)];
}

/** The cards to draw as elements, parents before their children: those of the part, and those somebody deals with. */
export function cardsIn(layout: Layout, part: Part, held: Iterable<string>, hops: Hops): Box[] {
  const found = new Set<Box>();
  const addWithLeads = (id: string | null) => {
    for (let box = id === null ? undefined : layout.boxes.get(id); box && !found.has(box); box = box.parent === null ? undefined : layout.boxes.get(box.parent)) found.add(box);
  };
  if (part.painted) {
    for (const id of held)
      for (const each of withTeam(layout, id)) {
        const box = layout.boxes.get(each);
        if (box) found.add(box);
      }
  } else {
    for (const box of nearbyOf(layout).within(part)) found.add(box);
    for (const id of held) addWithLeads(id);
    // An edge leads out of the view to a card that is not in it.
    if (hops.size <= edgesMost)
      for (const { from, to } of hops.values()) {
        const [a, b] = [layout.boxes.get(from), layout.boxes.get(to)];
        if (!a || !b) continue;
        if (found.has(a)) addWithLeads(to);
        else if (found.has(b)) addWithLeads(from);
      }
  }
  return [...found].sort((a, b) => a.depth - b.depth);
}
