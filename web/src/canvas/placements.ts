import type { Org } from "@/model/org";
import { childrenOf } from "@/model/selectors";
import { freeSlot, gap, header, inside, layoutOrg, leaf, outside, side, type Box, type Layout, type Point, type Rect } from "./layout";
import { makeRoom, placeFor, Taken } from "./room";

/** A place as it is stored, and a parent where that changes with it. */
export interface Placement extends Point {
  id: string;
  parent_id?: string | null;
}

/** Where a card is to be drawn: absolute, in the card it is in, or in another when one is named. */
export interface Target extends Point {
  id: string;
  parent?: string | null;
}

/** The least place inside a team. */
const corner = { x: side, y: header };

/** What is stored for a card that is to be drawn there. */
export function storedAt(layout: Layout, parent: string | null, { x, y }: Point): Point {
  const box = parent === null ? undefined : layout.boxes.get(parent);
  return box ? { x: Math.round(box.home.x + x - box.x), y: Math.round(box.home.y + y - box.y) } : { x: Math.round(x), y: Math.round(y) };
}

/** The stored places of a card and of everything in it when the card is stored at `to`. */
export function moveSubtree(org: Org, layout: Layout, id: string, to: Point): Placement[] {
  const from = layout.boxes.get(id)?.home ?? org.workspaces.get(id);
  const moves: Placement[] = [{ id, x: to.x, y: to.y }];
  if (!from) return moves;
  for (const child of childrenOf(org, id)) {
    const at = layout.boxes.get(child)?.home ?? org.workspaces.get(child);
    // A card that stands nowhere yet is placed where it is seen first.
    if (at && (at.x !== 0 || at.y !== 0)) moves.push(...moveSubtree(org, layout, child, { x: to.x + at.x - from.x, y: to.y + at.y - from.y }));
  }
  return moves;
}

const siblingsIn = (layout: Layout, parent: string | null, without: ReadonlySet<string>): Box[] =>
  [...layout.boxes.values()].filter((box) => box.parent === parent && !without.has(box.id));

/**
 * What to store so that these cards stand where they are wanted: themselves with what they hold, and the neighbours
 * that have to make room for them.
 */
export function moveTo(org: Org, layout: Layout, targets: readonly Target[]): Placement[] {
  const moved = new Map(targets.map((target) => [target.id, target]));
  const homes = new Map<string | null, Target[]>();
  for (const target of targets) {
    const parent = target.parent === undefined ? (layout.boxes.get(target.id)?.parent ?? null) : target.parent;
    homes.set(parent, [...(homes.get(parent) ?? []), target]);
  }
  const pushed = (least: boolean): Placement[] =>
    eachOnce(moved, [...homes].flatMap(([parent, cards]) => {
      const from = (parent === null ? undefined : layout.boxes.get(parent)) ?? { x: 0, y: 0 };
      const others = siblingsIn(layout, parent, new Set(moved.keys()));
      const wishes = [
        ...cards.map(({ id, x, y }) => ({ id, ...sizeOf(layout, id), x: Math.round(x - from.x), y: Math.round(y - from.y) })),
        ...others.map(({ id, w, h, rel }) => ({ id, w, h, ...rel })),
      ].map((wish) => (parent === null ? wish : { ...wish, x: Math.max(corner.x, wish.x), y: Math.max(corner.y, wish.y) }));
      const places = makeRoom(wishes, { gap, fixed: new Set(cards.map(({ id }) => id)), ...(parent === null ? {} : { least: corner }) });
      return wishes.flatMap(({ id }) => {
        const at = places.get(id) as Point;
        const now = layout.boxes.get(id)?.rel;
        if (!moved.has(id) && least && now?.x === at.x && now.y === at.y) return [];
        const [own, ...rest] = moveSubtree(org, layout, id, storedAt(layout, parent, { x: from.x + at.x, y: from.y + at.y }));
        return own ? [[{ ...own, ...(moved.get(id)?.parent === undefined ? {} : { parent_id: parent }) }, ...rest]] : [];
      });
    }));
  const few = pushed(true);
  // What made room before stores another place than it has. With one more card there that may come out differently;
  // then all of them are stored as they are seen.
  return standsAs(org, few, layout, targets) ? few : pushed(false);
}

/** A card that leaves a team goes its own way, though the team has to make room with all that was in it. */
function eachOnce(moved: ReadonlyMap<string, Target>, groups: readonly Placement[][]): Placement[] {
  const isMoved = (group: readonly Placement[]) => moved.has(group[0]?.id ?? "");
  const all = new Map<string, Placement>();
  for (const group of [...groups.filter(isMoved), ...groups.filter((each) => !isMoved(each))])
    for (const each of group) if (!all.has(each.id)) all.set(each.id, each);
  return [...all.values()];
}

function standsAs(org: Org, placements: readonly Placement[], before: Layout, targets: readonly Target[]): boolean {
  const { boxes } = layoutOrg(org, new Map(placements.map(({ id, ...intent }) => [id, intent])));
  return targets.every(({ id, x, y }) => {
    const box = boxes.get(id);
    if (!box) return true;
    const [was, now] = [before.boxes.get(box.parent ?? ""), boxes.get(box.parent ?? "")];
    // The team itself may have to make room, with all that is in it.
    const [left, top] = [(was?.x ?? 0) - (now?.x ?? 0), (was?.y ?? 0) - (now?.y ?? 0)];
    return Math.abs(box.x + left - x) <= 1 && Math.abs(box.y + top - y) <= 1;
  });
}

function sizeOf(layout: Layout, id: string): { w: number; h: number } {
  const { w, h } = layout.boxes.get(id) ?? leaf;
  return { w, h };
}

/** Where a card lands inside a new parent: under the pointer when that is free, else the next free slot. Absolute. */
export function landingIn(layout: Layout, parent: string, card: string, to?: Point, also: readonly Rect[] = []): Point {
  const box = layout.boxes.get(parent);
  if (!box) return to ?? { x: 0, y: 0 };
  const size = sizeOf(layout, card);
  const others = [...siblingsIn(layout, parent, new Set([card])).map((each) => ({ ...each.rel, w: each.w, h: each.h })), ...also];
  const taken = new Taken(gap);
  for (const each of others) taken.add(each);
  const wish = to && { x: Math.max(side, to.x - box.x), y: Math.max(header, to.y - box.y), ...size };
  const free = wish && others.length > 0 && !taken.near(wish);
  const rel = free ? wish : freeSlot(taken, size, inside([...others, size]));
  return { x: box.x + rel.x, y: box.y + rel.y };
}

/** Where several cards land inside a new parent, one beside the other; the first of them near `to`. Absolute. */
export function landingsIn(layout: Layout, parent: string, cards: readonly string[], to?: Point): Map<string, Point> {
  const landings = new Map<string, Point>();
  const landed: Rect[] = [];
  const home = layout.boxes.get(parent) ?? { x: 0, y: 0 };
  for (const [index, id] of cards.entries()) {
    const at = landingIn(layout, parent, id, index === 0 ? to : undefined, landed);
    landed.push({ x: at.x - home.x, y: at.y - home.y, ...sizeOf(layout, id) });
    landings.set(id, at);
  }
  return landings;
}

/** A place on the canvas itself where a card touches no other root: the nearest to `to`, else the next free slot. */
export function landingOutside(layout: Layout, card: string, to?: Point, also: readonly Rect[] = []): Point {
  const size = sizeOf(layout, card);
  const others = [...siblingsIn(layout, null, new Set([card])), ...also];
  const taken = new Taken(gap);
  for (const each of others) taken.add(each);
  return to ? placeFor({ ...to, ...size }, taken, { anySide: true }) : freeSlot(taken, size, outside([...others, size]));
}

/** Where a card that leaves its team stands: right beside the team, at the height it had. */
export function beside(layout: Layout, card: string): Point | undefined {
  const own = layout.boxes.get(card);
  let root = own;
  while (root && root.parent !== null) root = layout.boxes.get(root.parent);
  return own && root && root !== own ? { x: root.x + root.w + gap, y: own.y } : undefined;
}
