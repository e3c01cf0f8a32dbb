import type { Point, Rect } from "./layout";

/** A card that wants to stand somewhere. */
export interface Wish extends Rect {
  id: string;
}

/** Rectangles by where they are, so that asking what is near costs the same among ten and among ten thousand. */
export class Taken {
  readonly #fields = new Map<number, Rect[]>();
  /** Kept free around each. */
  readonly gap: number;
  /** The last pile that was cleared, and how far out. */
  pile: { x: number; y: number; corner: number } | undefined;
  #bottom = -Infinity;

  constructor(gap: number) {
    this.gap = gap;
  }

  get bottom(): number {
    return this.#bottom;
  }

  add(rect: Rect): void {
    this.#bottom = Math.max(this.#bottom, rect.y + rect.h);
    const { left, top, right, bottom } = fieldsOf(rect, this.gap);
    for (let column = left; column <= right; column += 1)
      for (let row = top; row <= bottom; row += 1) {
        const key = column * rows + row;
        const list = this.#fields.get(key);
        if (list) list.push(rect);
        else this.#fields.set(key, [rect]);
      }
  }

  /** One that is nearer to this place than the gap, if there is any. */
  near({ x, y, w, h }: Rect): Rect | undefined {
    const { gap } = this;
    const { left, top, right, bottom } = fieldsOf({ x, y, w, h }, 0);
    for (let column = left; column <= right; column += 1)
      for (let row = top; row <= bottom; row += 1) {
        const list = this.#fields.get(column * rows + row);
        if (!list) continue;
        for (const each of list)
          if (x < each.x + each.w + gap && each.x < x + w + gap && y < each.y + each.h + gap && each.y < y + h + gap) return each;
      }
    return undefined;
  }
}

const field = { w: 1280, h: 1024 } as const;
/** More than there are from the top of any canvas to its bottom. */
const rows = 1 << 22;

/** The fields that a rectangle, and so much around it, lies on. */
function fieldsOf({ x, y, w, h }: Rect, around: number): { left: number; top: number; right: number; bottom: number } {
  return {
    left: Math.floor((x - around) / field.w),
    top: Math.floor((y - around) / field.h),
    right: Math.floor((x + w + around) / field.w),
    bottom: Math.floor((y + h + around) / field.h),
  };
}

interface Try extends Point {
  cost: number;
}

/** Tries in the order of what they cost, and of their making where that is the same. */
class Tries {
  readonly #waiting: Try[] = [];
  readonly #seen = new Map<number, Set<number>>();

  add(next: Try): void {
    const beside = this.#seen.get(next.x);
    if (beside?.has(next.y)) return;
    if (beside) beside.add(next.y);
    else this.#seen.set(next.x, new Set([next.y]));
    let [low, high] = [0, this.#waiting.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      // Cheapest last, from where it is taken.
      if ((this.#waiting[middle] as Try).cost > next.cost) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, next);
  }

  take(): Try | undefined {
    return this.#waiting.pop();
  }
}

/** A pile too deep for a search is cleared by looking around it. */
const triesMost = 120;

export interface Room {
  /** Kept free between any two. */
  gap: number;
  /** Nothing stands left of or above this. */
  least?: Point;
  /** These stand where they want to, and all others make room for them, to any side. */
  fixed?: ReadonlySet<string>;
}

/**
 * Where each stands so that no two touch, as near as may be to where it wants to. What is further to the left and to
 * the top stays, and the others go right or down from it: a team that grows does so to the right and downwards, so it
 * pushes its neighbours and is not pushed by them. The same wishes always give the same places, and wishes that leave
 * room for one another are granted as they are, so that whoever was pushed comes back when there is room again.
 */
export function makeRoom(wishes: readonly Wish[], { gap, least, fixed }: Room): Map<string, Point> {
  const taken = new Taken(gap);
  const places = new Map<string, Point>();
  const order = wishes
    .map((wish, index) => ({ wish, index, first: fixed?.has(wish.id) ?? false }))
    .sort((a, b) => Number(b.first) - Number(a.first) || a.wish.x + a.wish.y - b.wish.x - b.wish.y || a.wish.y - b.wish.y || a.index - b.index);
  for (const { wish, first } of order) {
    const at = placeFor(wish, taken, { ...(least ? { least } : {}), anySide: fixed !== undefined && !first });
    taken.add({ ...at, w: wish.w, h: wish.h });
    places.set(wish.id, at);
  }
  return places;
}

/** The nearest free place; only right and down of the wish unless any side will do. */
export function placeFor(wish: Rect, taken: Taken, { least, anySide }: { least?: Point; anySide: boolean }): Point {
  const { w, h } = wish;
  const tries = new Tries();
  tries.add({ x: wish.x, y: wish.y, cost: 0 });
  const reach = (x: number, y: number) => tries.add({ x, y, cost: Math.abs(x - wish.x) + Math.abs(y - wish.y) });
  for (let count = 0; count < triesMost; count += 1) {
    const at = tries.take();
    if (!at) break;
    const other = taken.near({ x: at.x, y: at.y, w, h });
    if (!other) return { x: at.x, y: at.y };
    const gap = taken.gap;
    reach(other.x + other.w + gap, at.y);
    reach(at.x, other.y + other.h + gap);
    if (!anySide) continue;
    const [left, top] = [other.x - gap - w, other.y - gap - h];
    if (left >= (least?.x ?? -Infinity)) reach(left, at.y);
    if (top >= (least?.y ?? -Infinity)) reach(at.x, top);
  }
  return aroundPile(wish, taken);
}

/**
 * The first free place in a grid of cards of this size, corner after corner further away: a pile spreads as wide as
 * deep. What is as far in as the last one that was found in the same pile is full, or as good as full.
 */
function aroundPile({ x, y, w, h }: Rect, taken: Taken): Point {
  const [wide, high] = [w + taken.gap, h + taken.gap];
  const free = (column: number, line: number): Point | undefined => {
    const at = { x: x + column * wide, y: y + line * high };
    return taken.near({ ...at, w, h }) ? undefined : at;
  };
  const { pile } = taken;
  const same = pile && Math.abs(x - pile.x) <= pile.corner * wide && Math.abs(y - pile.y) <= pile.corner * high;
  for (let corner = same ? Math.max(1, pile.corner - 1) : 1; ; corner += 1) {
    taken.pile = { x, y, corner };
    for (let line = 0; line <= corner; line += 1) {
      const at = free(corner, line);
      if (at) return at;
    }
    for (let column = corner - 1; column >= 0; column -= 1) {
      const at = free(column, corner);
      if (at) return at;
    }
  }
}
