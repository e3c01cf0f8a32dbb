import type { Workspace } from "@/api/workspace";
import type { Org } from "@/model/org";
import { makeRoom, Taken, type Wish } from "./room";

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
const teamWideness = 1.2;
/** A team of one column fits where a card was put. */
export const rootGap = 48;
export const rootOrigin = 40;
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
  /** What is stored of it: its absolute place, as if neither it nor what it is in had had to make room. */
  home: Point;
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
export function freeSlot(taken: Taken, size: { w: number; h: number }, grid: Grid, from = { slot: 0, w: 0, h: 0 }): Point {
  // What was taken stays so: one that is no smaller than the last need not look where that found no room.
  const first = size.w >= from.w && size.h >= from.h ? from.slot : 0;
  for (let slot = first; slot < rowsTried * grid.columns; slot += 1) {
    const spot = {
      x: grid.origin.x + (slot % grid.columns) * (leaf.w + grid.gap),
      y: grid.origin.y + Math.floor(slot / grid.columns) * (leaf.h + grid.gap),
    };
    if (taken.near({ ...spot, w: size.w, h: size.h })) continue;
    Object.assign(from, { slot, w: size.w, h: size.h });
    return spot;
  }
  return { x: grid.origin.x, y: Math.max(grid.origin.y, taken.bottom + grid.gap) };
}

interface Grid {
  origin: Point;
  columns: number;
  gap: number;
}

/** Columns for cards of these sizes, so that all together are about this much wider than high. */
function columnsFor(sizes: Iterable<{ w: number; h: number }>, gap: number, wide: number, least: number): number {
  let area = 0;
  for (const { w, h } of sizes) area += (w + gap) * (h + gap);
  return Math.max(least, Math.floor(Math.sqrt(area * wide) / (leaf.w + gap)));
}

/** The grid of a team: two columns, and more where that would make a tower. */
export function inside(sizes: Iterable<{ w: number; h: number }>): Grid {
  return { origin: { x: side, y: header }, columns: columnsFor(sizes, gap, teamWideness, columns), gap };
}

/** The grid of the canvas itself: wider than high, as windows are. */
export function outside(sizes: Iterable<{ w: number; h: number }>): Grid {
  return { origin: { x: rootOrigin, y: rootOrigin }, columns: columnsFor(sizes, rootGap, wideness, rootsPerRow), gap: rootGap };
}

interface Kid {
  id: string;
  rel: Point;
  size: Measured;
  placed: boolean;
}

interface Measured {
  w: number;
  h: number;
  kids: Kid[];
}

const bare: Measured = { ...leaf, kids: [] };

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

  /** Those with a place where there is room for them, and the others in free slots beside. */
  #settle(kids: readonly { id: string; size: Measured; wish: Point | undefined }[], grid: Grid, least?: Point): Kid[] {
    const wishes: Wish[] = kids.flatMap(({ id, size: { w, h }, wish }) => (wish ? [{ id, ...wish, w, h }] : []));
    const places = makeRoom(wishes, { gap, ...(least ? { least } : {}) });
    const taken = new Taken(gap);
    for (const { id, w, h } of wishes) taken.add({ ...(places.get(id) as Point), w, h });
    const from = { slot: 0, w: 0, h: 0 };
    return kids.map(({ id, size, wish }) => {
      if (wish) return { id, size, rel: places.get(id) as Point, placed: false };
      const rel = freeSlot(taken, size, grid, from);
      taken.add({ ...rel, w: size.w, h: size.h });
      return { id, size, rel, placed: true };
    });
  }

  #measure(id: string, parentPlaced: boolean): Measured {
    const workspace = this.#org.workspaces.get(id);
    const ids = this.#children.get(id) ?? [];
    if (!workspace || workspace.collapsed || ids.length === 0) return bare;
    const placedHere = parentPlaced && this.#isPlaced(id);
    const from = this.#stored(id);
    const wanted = ids.map((kid) => {
      const size = this.#measure(kid, placedHere);
      const at = this.#stored(kid);
      // A card stored wholly to the left of or above its parent never belonged to this place.
      const astray = at.x - from.x + size.w <= 0 || at.y - from.y + size.h <= 0;
      const wish = { x: Math.max(side, at.x - from.x), y: Math.max(header, at.y - from.y) };
      return { id: kid, size, wish: placedHere && this.#isPlaced(kid) && !astray ? wish : undefined };
    });
    const kids = this.#settle(wanted, inside(wanted.map((each) => each.size)), { x: side, y: header });
    return {
      w: Math.max(leaf.w + 2 * side, ...kids.map(({ rel, size }) => rel.x + size.w + side)),
      h: Math.max(header + leaf.h + side, ...kids.map(({ rel, size }) => rel.y + size.h + side)),
      kids,
    };
  }

  #put({ id, rel, size, placed }: Kid, from: Pick<Box, "id" | "x" | "y" | "home" | "depth"> | undefined): void {
    const { x, y, home: origin } = from ?? { x: 0, y: 0, home: { x: 0, y: 0 } };
    const { x: left, y: top } = placed ? { x: origin.x + rel.x, y: origin.y + rel.y } : this.#stored(id);
    const home = { x: left, y: top };
    if (placed) this.placed.push({ id, ...home });
    const [parent, depth] = from ? [from.id, from.depth + 1] : [null, 0];
    const box: Box = { id, x: x + rel.x, y: y + rel.y, w: size.w, h: size.h, rel, home, parent, depth, open: size.kids.length > 0 };
    this.boxes.set(id, box);
    for (const kid of size.kids) this.#put(kid, box);
  }

  run(): void {
    const roots = (this.#children.get(null) ?? []).map((id) => {
      const { x, y } = this.#stored(id);
      return { id, size: this.#measure(id, true), wish: this.#isPlaced(id) ? { x, y } : undefined };
    });
    const settled = this.#settle(roots, outside(roots.map((each) => each.size)));
    for (const kid of settled) this.#put(kid, undefined);
  }
}

/** Where every visible card stands, with what a person is moving taken as done. */
export function layoutOrg(org: Org, intents: Intents = new Map()): Layout {
  const arranger = new Arranger(org, intents);
  arranger.run();
  return { boxes: arranger.boxes, placed: arranger.placed };
}

/** The card a dragged one would land in: the deepest, then smallest under its centre; never itself or what it holds. */
export function dropTarget(layout: Layout, dragged: ReadonlySet<string>, centre: Point): Box | undefined {
  let best: Box | undefined;
  for (const box of layout.boxes.values()) {
    if (isWithin(layout, box.id, dragged)) continue;
    if (centre.x < box.x || centre.x > box.x + box.w || centre.y < box.y || centre.y > box.y + box.h) continue;
    if (!best || box.depth > best.depth || (box.depth === best.depth && box.w * box.h < best.w * best.h)) best = box;
  }
  return best;
}

function isWithin(layout: Layout, id: string, some: ReadonlySet<string>): boolean {
  for (let at: string | null = id; at !== null; at = layout.boxes.get(at)?.parent ?? null) if (some.has(at)) return true;
  return false;
}

/** The cards that go with a dragged one: those picked with it, but for what is inside of them. */
export function draggedWith(layout: Layout, id: string, picked: ReadonlySet<string>): ReadonlySet<string> {
  if (!picked.has(id)) return new Set([id]);
  const all = new Set([...picked].filter((each) => !isWithin(layout, layout.boxes.get(each)?.parent ?? "", picked)));
  return all.has(id) ? all : new Set([id]);
}

/** How far a card reaches out of its parent, as a share of its own size. */
export function shareOutside(card: Rect, parent: Rect): number {
  const x = Math.max(0, parent.x - card.x, card.x + card.w - parent.x - parent.w) / card.w;
  const y = Math.max(0, parent.y - card.y, card.y + card.h - parent.y - parent.h) / card.h;
  return Math.max(x, y);
}
