import type { Workspace } from "@/api/workspace";
import type { Org } from "@/model/org";
import { childrenOf } from "@/model/selectors";

/** Where cards stand. Stored positions are absolute; a child is drawn inside its parent, relative to it. */
export const leaf = { w: 280, h: 212 } as const;
export const gap = 16;
export const side = 16;
/** Kept free at the top of a parent for its own words. */
export const header = 186;
const columns = 2;
/** Places in a row of the canvas, at least; with much to place the rows grow until all together is about this wide. */
const rootsPerRow = 4;
const wideness = 1.6;
const rootGap = 40;
const rootOrigin = 40;
/** Auto placement looks at this many rows before it gives up and stacks below everything. */
const rowsTried = 500;

export interface Point {
  x: number;
  y: number;
}

export interface Rect extends Point {
  w: number;
  h: number;
}

export interface Box extends Rect {
  id: string;
  /** The card this one is drawn in; null on the canvas itself. */
  parent: string | null;
  /** Relative to the parent; the same as x, y for a root. */
  rel: Point;
  depth: number;
  /** Holds children that are drawn. */
  open: boolean;
}

export interface Layout {
  /** Parents before their children. */
  boxes: ReadonlyMap<string, Box>;
  /** Cards that had no usable position and were given one. */
  placed: readonly { id: string; x: number; y: number }[];
}

/** A position or parent a person chose that the platform has not confirmed yet. */
export interface Intent extends Point {
  parent_id?: string | null;
}
export type Intents = ReadonlyMap<string, Intent>;

export const emptyLayout: Layout = { boxes: new Map(), placed: [] };

export function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** The first place of a grid, row by row, where a card of this size touches none of the taken ones. */
export function freeSlot(taken: readonly Rect[], size: { w: number; h: number }, grid: Grid): Point {
  for (let row = 0; row < rowsTried; row += 1) {
    for (let column = 0; column < grid.columns; column += 1) {
      const spot = {
        x: grid.origin.x + column * (leaf.w + grid.gap),
        y: grid.origin.y + row * (leaf.h + grid.gap),
        w: size.w,
        h: size.h,
      };
      const wanted = { ...spot, w: size.w + grid.gap - 1, h: size.h + grid.gap - 1 };
      if (!taken.some((each) => overlaps(each, wanted))) return { x: spot.x, y: spot.y };
    }
  }
  return { x: grid.origin.x, y: Math.max(...taken.map((each) => each.y + each.h)) + grid.gap };
}

interface Grid {
  origin: Point;
  columns: number;
  gap: number;
}

const inside: Grid = { origin: { x: side, y: header }, columns, gap };

/** The grid of the canvas itself, for cards of these sizes: wider than high, as windows are. */
function outside(sizes: Iterable<{ w: number; h: number }>): Grid {
  let area = 0;
  for (const { w, h } of sizes) area += (w + rootGap) * (h + rootGap);
  const fitting = Math.floor(Math.sqrt(area * wideness) / (leaf.w + rootGap));
  return { origin: { x: rootOrigin, y: rootOrigin }, columns: Math.max(rootsPerRow, fitting), gap: rootGap };
}

interface Measured {
  w: number;
  h: number;
  kids: { id: string; rel: Point; size: Measured; placed: boolean }[];
}

class Arranger {
  readonly #org: Org;
  readonly #intents: Intents;
  readonly #children = new Map<string | null, string[]>();
  readonly boxes = new Map<string, Box>();
  readonly placed: { id: string; x: number; y: number }[] = [];

  constructor(org: Org, intents: Intents) {
    this.#org = org;
    this.#intents = intents;
    for (const [parent, ids] of org.children) this.#children.set(parent, [...ids]);
    for (const [id, intent] of intents) this.#reparent(id, intent);
  }

  #reparent(id: string, intent: Intent): void {
    const workspace = this.#org.workspaces.get(id);
    if (intent.parent_id === undefined || !workspace || intent.parent_id === workspace.parent_id) return;
    for (const ids of this.#children.values()) {
      const index = ids.indexOf(id);
      if (index >= 0) ids.splice(index, 1);
    }
    const list = this.#children.get(intent.parent_id);
    if (list) list.push(id);
    else this.#children.set(intent.parent_id, [id]);
  }

  #stored(id: string): Point {
    return this.#intents.get(id) ?? (this.#org.workspaces.get(id) as Workspace);
  }

  #isPlaced(id: string): boolean {
    const { x, y } = this.#stored(id);
    return x !== 0 || y !== 0;
  }

  #measure(id: string, parentPlaced: boolean): Measured {
    const workspace = this.#org.workspaces.get(id);
    const ids = this.#children.get(id) ?? [];
    if (!workspace || workspace.collapsed || ids.length === 0) return { ...leaf, kids: [] };
    const placedHere = parentPlaced && this.#isPlaced(id);
    const from = this.#stored(id);
    const kids: Measured["kids"] = [];
    const taken: Rect[] = [];
    const waiting: { id: string; size: Measured }[] = [];
    for (const kid of ids) {
      const size = this.#measure(kid, placedHere);
      const at = this.#stored(kid);
      const rel = { x: Math.max(side, at.x - from.x), y: Math.max(header, at.y - from.y) };
      // A card stored wholly to the left of or above its parent never belonged to this place.
      const astray = at.x - from.x + size.w <= 0 || at.y - from.y + size.h <= 0;
      if (placedHere && this.#isPlaced(kid) && !astray) {
        kids.push({ id: kid, rel, size, placed: false });
        taken.push({ ...rel, w: size.w, h: size.h });
      } else waiting.push({ id: kid, size });
    }
    for (const { id: kid, size } of waiting) {
      const rel = freeSlot(taken, size, inside);
      kids.push({ id: kid, rel, size, placed: true });
      taken.push({ ...rel, w: size.w, h: size.h });
    }
    return {
      w: Math.max(leaf.w + 2 * side, ...taken.map((each) => each.x + each.w + side)),
      h: Math.max(header + leaf.h + side, ...taken.map((each) => each.y + each.h + side)),
      kids,
    };
  }

  #put(id: string, at: Point, rel: Point, parent: string | null, depth: number, size: Measured): void {
    this.boxes.set(id, { id, ...at, w: size.w, h: size.h, rel, parent, depth, open: size.kids.length > 0 });
    for (const kid of size.kids) {
      const spot = { x: at.x + kid.rel.x, y: at.y + kid.rel.y };
      if (kid.placed) this.placed.push({ id: kid.id, ...spot });
      this.#put(kid.id, spot, kid.rel, id, depth + 1, kid.size);
    }
  }

  run(): void {
    const taken: Rect[] = [];
    const waiting: { id: string; size: Measured }[] = [];
    for (const id of this.#children.get(null) ?? []) {
      const size = this.#measure(id, true);
      if (!this.#isPlaced(id)) {
        waiting.push({ id, size });
        continue;
      }
      const { x, y } = this.#stored(id);
      taken.push({ x, y, w: size.w, h: size.h });
      this.#put(id, { x, y }, { x, y }, null, 0, size);
    }
    const grid = outside([...taken, ...waiting.map((each) => each.size)]);
    for (const { id, size } of waiting) {
      const at = freeSlot(taken, size, grid);
      taken.push({ ...at, w: size.w, h: size.h });
      this.placed.push({ id, ...at });
      this.#put(id, at, at, null, 0, size);
    }
  }
}

/** Where every visible card stands, with what a person is moving taken as done. */
export function layoutOrg(org: Org, intents: Intents = new Map()): Layout {
  const arranger = new Arranger(org, intents);
  arranger.run();
  return { boxes: arranger.boxes, placed: arranger.placed };
}

/** A team back in its grid, by name: the absolute place of every direct child and of all that moves with it. */
export function arrangeChildren(org: Org, layout: Layout, parent: string): { id: string; x: number; y: number }[] {
  const box = layout.boxes.get(parent);
  if (!box) return [];
  const ids = [...childrenOf(org, parent)].sort((a, b) =>
    (org.workspaces.get(a)?.name ?? "").localeCompare(org.workspaces.get(b)?.name ?? ""),
  );
  const taken: Rect[] = [];
  return ids.flatMap((id) => {
    const size = layout.boxes.get(id) ?? { ...leaf, x: 0, y: 0 };
    const rel = freeSlot(taken, size, inside);
    taken.push({ ...rel, w: size.w, h: size.h });
    return moveSubtree(org, layout, id, { x: box.x + rel.x, y: box.y + rel.y });
  });
}

/** The absolute places of a card and of everything in it when the card moves to `to`. */
export function moveSubtree(org: Org, layout: Layout, id: string, to: Point): { id: string; x: number; y: number }[] {
  const box = layout.boxes.get(id);
  const own = { id, x: Math.round(to.x), y: Math.round(to.y) };
  if (!box) return [own];
  const shift = { x: own.x - box.x, y: own.y - box.y };
  const moves = [own];
  for (const child of childrenOf(org, id)) {
    const at = layout.boxes.get(child) ?? org.workspaces.get(child);
    if (at) moves.push(...moveSubtree(org, layout, child, { x: at.x + shift.x, y: at.y + shift.y }));
  }
  return moves;
}

/** Where a card lands inside a new parent: under the pointer when that is free, else the next free slot. Absolute. */
export function landingIn(layout: Layout, parent: string, card: string, to?: Point): Point {
  const box = layout.boxes.get(parent);
  if (!box) return to ?? { x: 0, y: 0 };
  const size = layout.boxes.get(card) ?? leaf;
  const taken = [...layout.boxes.values()]
    .filter((each) => each.parent === parent && each.id !== card)
    .map((each) => ({ ...each.rel, w: each.w, h: each.h }));
  const wish = to && { x: Math.max(side, to.x - box.x), y: Math.max(header, to.y - box.y), w: size.w, h: size.h };
  const free = wish && taken.length > 0 && !taken.some((each) => overlaps(each, wish));
  const rel = free ? wish : freeSlot(taken, size, inside);
  return { x: box.x + rel.x, y: box.y + rel.y };
}

/** Where several cards land inside a new parent, one beside the other; the first of them near `to`. Absolute. */
export function landingsIn(layout: Layout, parent: string, cards: readonly string[], to?: Point): Map<string, Point> {
  const boxes = new Map(layout.boxes);
  const landings = new Map<string, Point>();
  const home = layout.boxes.get(parent) ?? { x: 0, y: 0 };
  for (const [index, id] of cards.entries()) {
    const at = landingIn({ boxes, placed: [] }, parent, id, index === 0 ? to : undefined);
    const { w, h, depth, open } = boxes.get(id) ?? { ...leaf, depth: 0, open: false };
    boxes.set(id, { id, ...at, w, h, depth, open, parent, rel: { x: at.x - home.x, y: at.y - home.y } });
    landings.set(id, at);
  }
  return landings;
}

/** A place on the canvas itself where a card touches no other root, near `to`. */
export function landingOutside(layout: Layout, card: string, to?: Point): Point {
  const size = layout.boxes.get(card) ?? leaf;
  const taken = [...layout.boxes.values()].filter((each) => each.parent === null && each.id !== card);
  if (to && !taken.some((each) => overlaps(each, { ...to, w: size.w, h: size.h }))) return to;
  return freeSlot(taken, size, outside([...taken, size]));
}

/** The card a dragged one would land in: the deepest, then smallest under its centre; never itself or what it holds. */
export function dropTarget(layout: Layout, dragged: string, centre: Point): Box | undefined {
  let best: Box | undefined;
  for (const box of layout.boxes.values()) {
    if (isWithin(layout, box.id, dragged)) continue;
    if (centre.x < box.x || centre.x > box.x + box.w || centre.y < box.y || centre.y > box.y + box.h) continue;
    if (!best || box.depth > best.depth || (box.depth === best.depth && box.w * box.h < best.w * best.h)) best = box;
  }
  return best;
}

function isWithin(layout: Layout, id: string, ancestor: string): boolean {
  for (let at: string | null = id; at !== null; at = layout.boxes.get(at)?.parent ?? null) if (at === ancestor) return true;
  return false;
}

/** How far a card reaches out of its parent, as a share of its own size. */
export function shareOutside(card: Rect, parent: Rect): number {
  const x = Math.max(0, parent.x - card.x, card.x + card.w - parent.x - parent.w) / card.w;
  const y = Math.max(0, parent.y - card.y, card.y + card.h - parent.y - parent.h) / card.h;
  return Math.max(x, y);
}
