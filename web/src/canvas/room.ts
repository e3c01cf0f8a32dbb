import type { Point, Rect } from "./layout";

/** A card that wants to stand somewhere. */
export interface Wish extends Rect {
  id: string;
}

/** Rectangles by where they are, so that asking what is near costs the same among ten and among ten thousand. */
export class Taken {
  readonly #fields = new Map<string, Rect[]>();
  /** Kept free around each. */
  readonly gap: number;
  #bottom = -Infinity;

  constructor(gap: number) {
    this.gap = gap;
  }

  get bottom(): number {
    return this.#bottom;
  }

  add(rect: Rect): void {
    this.#bottom = Math.max(this.#bottom, rect.y + rect.h);
    for (const field of fieldsOf(rect, this.gap)) {
      const list = this.#fields.get(field);
      if (list) list.push(rect);
      else this.#fields.set(field, [rect]);
    }
  }

  /** One that is nearer to this place than the gap, if there is any. */
  near(rect: Rect): Rect | undefined {
    for (const field of fieldsOf(rect, 0))
      for (const each of this.#fields.get(field) ?? [])
        if (
          rect.x < each.x + each.w + this.gap &&
          each.x < rect.x + rect.w + this.gap &&
          rect.y < each.y + each.h + this.gap &&
          each.y < rect.y + rect.h + this.gap
        )
          return each;
    return undefined;
  }
}

const field = { w: 640, h: 512 } as const;

function* fieldsOf({ x, y, w, h }: Rect, around: number): Generator<string> {
  const right = Math.floor((x + w + around) / field.w);
  const bottom = Math.floor((y + h + around) / field.h);
  for (let column = Math.floor((x - around) / field.w); column <= right; column += 1)
    for (let row = Math.floor((y - around) / field.h); row <= bottom; row += 1) yield `${column}:${row}`;
}

interface Try extends Point {
  cost: number;
}

/** Tries in the order of what they cost, and of their making where that is the same. */
class Tries {
  readonly #waiting: Try[] = [];
  readonly #seen = new Set<string>();

  add(next: Try): void {
    const key = `${next.x}:${next.y}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
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

/** A pile too deep for a search is cleared by going below it. */
const triesMost = 600;

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
  return { x: wish.x, y: Math.max(wish.y, taken.bottom + taken.gap) };
}
