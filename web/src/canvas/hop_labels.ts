import type { Hop } from "@/model/hops";
import { curvePoint, type Curve } from "./hop_curve";
import { header, overlaps, type Box, type Layout, type Rect } from "./layout";

/** Where on its curve a label stands, and whether it would lie on a card's words or on another label there. */
export type LabelPlace = { part: number; crowded: boolean; beside?: boolean };

export function hopWords({ count, failed, canceled }: Hop, age: string): string {
  const words = [count === 1 ? "1 call" : `${count} calls`, age];
  if (failed > 0) words.push(`${failed} failed`);
  if (canceled > 0) words.push(`${canceled} canceled`);
  return words.join(" · ");
}

/** Where the words of a card with a team end. */
export const wordsEnd = header - 10;
/** The margin of a card, which has no words. */
const margin = 11;
const letter = 7.2;
const around = 32;
const height = 24;
const middle = 0.5;
/** Tried in this order. */
const parts = [middle, 0.65, 0.35, 0.8, 0.2, 0.88, 0.12];

const words = ({ x, y, w, h, open }: Box): Rect => ({ x: x + margin, y: y + margin, w: w - 2 * margin, h: (open ? wordsEnd : h) - 2 * margin });

/** The first place of each label where it lies on no words, in the order of the hops; in the middle, where there is none. */
export function placeLabels(hops: readonly { hop: Hop; curve: Curve }[], layout: Layout): Map<string, LabelPlace> {
  const cards = [...layout.boxes.values()].map(words);
  const taken: Rect[] = [];
  const places = new Map<string, LabelPlace>();
  for (const { hop, curve } of hops) {
    // As long as it becomes by waiting, so that it keeps its place.
    const w = hopWords(hop, "59m").length * letter + around;
    const on = parts.map((part) => {
      const { x, y } = curvePoint(curve, part);
      return { part, beside: false, x: x - w / 2, y: y - height / 2, w, h: height };
    });
    const rects = curve.beside ? [{ part: middle, beside: true, x: curve.beside.x - w, y: curve.beside.y - height / 2, w, h: height }, ...on] : on;
    const [left, top] = [Math.min(...rects.map(({ x }) => x)), Math.min(...rects.map(({ y }) => y))];
    const whole = { x: left, y: top, w: Math.max(...rects.map(({ x }) => x)) + w - left, h: Math.max(...rects.map(({ y }) => y)) + height - top };
    // Of thousands of cards few are near.
    const near = [...taken, ...cards.filter((card) => overlaps(card, whole))];
    const free = rects.find((rect) => !near.some((each) => overlaps(each, rect)));
    if (free) taken.push(free);
    places.set(hop.key, { part: free?.part ?? middle, crowded: !free, beside: free?.beside ?? curve.beside !== undefined });
  }
  return places;
}
