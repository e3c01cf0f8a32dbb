import type { Box, Layout } from "./layout";

export type Direction = "left" | "right" | "up" | "down";

const middle = ({ x, y, w, h }: Box) => ({ x: x + w / 2, y: y + h / 2 });
/** A card beside the way counts as so much farther than one straight ahead. */
const asideWeighs = 2;

/** The card that stands next in a direction; undefined where none does. Inside a team only its own cards come up. */
export function nearCard({ boxes }: Layout, from: string, direction: Direction): string | undefined {
  const start = boxes.get(from);
  if (!start) return undefined;
  const at = middle(start);
  const flat = direction === "left" || direction === "right";
  const sign = direction === "right" || direction === "down" ? 1 : -1;
  let best: { id: string; far: number } | undefined;
  for (const box of boxes.values()) {
    if (box.id === from || box.parent !== start.parent) continue;
    const to = middle(box);
    const ahead = (flat ? to.x - at.x : to.y - at.y) * sign;
    const aside = Math.abs(flat ? to.y - at.y : to.x - at.x);
    if (ahead <= 0 || aside > ahead * asideWeighs) continue;
    const far = ahead + aside * asideWeighs;
    if (!best || far < best.far) best = { id: box.id, far };
  }
  return best?.id;
}

/** Cards in reading order, each team behind its lead: the one `step` places on, round again at the ends. */
export function cardAfter({ boxes }: Layout, from: string, step: 1 | -1): string | undefined {
  const order = readingOrder([...boxes.values()]);
  const at = order.indexOf(from);
  return at < 0 ? order[0] : order[(at + step + order.length) % order.length];
}

/** The first card in reading order, or the last. */
export function endCard({ boxes }: Layout, last: boolean): string | undefined {
  return readingOrder([...boxes.values()]).at(last ? -1 : 0);
}

function readingOrder(boxes: readonly Box[]): string[] {
  const inside = new Map<string | null, Box[]>();
  for (const box of boxes) inside.set(box.parent, [...(inside.get(box.parent) ?? []), box]);
  const walk = (parent: string | null): string[] =>
    (inside.get(parent) ?? []).sort((a, b) => a.y - b.y || a.x - b.x).flatMap(({ id }) => [id, ...walk(id)]);
  return walk(null);
}
