import { overlaps, type Box, type Layout, type Point, type Rect } from "./layout";

/** A field of the canvas; a view from near is a few of them. */
const field = 2048;
const row = 1 << 20;

/** The cards of a layout by where they are, so that what is in a view is found without a look at all the others. */
export class Nearby {
  readonly #fields = new Map<number, Box[]>();

  constructor(boxes: Iterable<Box>) {
    for (const box of boxes)
      for (const key of fieldsOf(box)) {
        const list = this.#fields.get(key);
        if (list) list.push(box);
        else this.#fields.set(key, [box]);
      }
  }

  /** The cards that reach into a rectangle, at most so many. */
  within(rect: Rect, most = Infinity): Set<Box> {
    const found = new Set<Box>();
    for (const key of fieldsOf(rect))
      for (const box of this.#fields.get(key) ?? []) {
        if (!overlaps(box, rect)) continue;
        found.add(box);
        if (found.size >= most) return found;
      }
    return found;
  }

  /** The innermost card at a point. */
  at({ x, y }: Point): Box | undefined {
    let best: Box | undefined;
    for (const box of this.#fields.get(keyOf(Math.floor(x / field), Math.floor(y / field))) ?? [])
      if (x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h && (!best || box.depth > best.depth)) best = box;
    return best;
  }
}

const keyOf = (column: number, line: number): number => column * row + line;

function* fieldsOf({ x, y, w, h }: Rect): Generator<number> {
  const [right, bottom] = [Math.floor((x + w) / field), Math.floor((y + h) / field)];
  for (let column = Math.floor(x / field); column <= right; column += 1)
    for (let line = Math.floor(y / field); line <= bottom; line += 1) yield keyOf(column, line);
}

const known = new WeakMap<Layout, Nearby>();

/** Sorted once for each layout, when somebody first asks. */
export function nearbyOf(layout: Layout): Nearby {
  let nearby = known.get(layout);
  if (!nearby) known.set(layout, (nearby = new Nearby(layout.boxes.values())));
  return nearby;
}
