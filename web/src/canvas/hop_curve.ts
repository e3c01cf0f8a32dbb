import type { Point, Rect } from "./layout";

/** A curve between two cards: where it leaves the one, where it comes to the other, and the points that bend it. */
export interface Curve {
  from: Point;
  to: Point;
  out: Point;
  into: Point;
  /** Where a label ends that stands to the left of it, for one that is too short to carry it. */
  beside?: Point;
}

/** Of a card: what it covers, and where its own words end when it holds others. */
export interface End extends Rect {
  words: number;
}

type Side = "top" | "right" | "bottom" | "left";
const away: Record<Side, Point> = { top: { x: 0, y: -1 }, right: { x: 1, y: 0 }, bottom: { x: 0, y: 1 }, left: { x: -1, y: 0 } };

const bendLeast = 36;
const bendMost = 160;
/** Neighbours nearer than this are joined around the corner: between them is no room to see. There below both, back above. */
const near = 80;
/** So far from the corner such a way begins and ends, and so far it swings into the gap to the next row. */
const corner = 48;
const gapDepth = 18;
const wideDepth = 44;
/** From this on the gap between two is wide, and so is the one to the next row. */
const wide = 40;
/** Cards in one row, though one may be higher. */
const rowSlack = 19;
/** The ways there and back of a conversation run beside one another. */
const lane = 9;

/** Between a lead and a card in it: how far over the lead's words, and where along the card's top. */
const stem = 22;
const downAt = 0.48;
const upAt = 0.56;

const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));

function at({ x, y, w, h }: Rect, side: Side, along: Point, shift: number): Point {
  const margin = 24;
  if (side === "top" || side === "bottom") return { x: clamp(along.x + shift, x + margin, x + w - margin), y: side === "top" ? y : y + h };
  return { x: side === "left" ? x : x + w, y: clamp(along.y + shift, y + margin, y + h - margin) };
}

function bent(from: Point, leaves: Side, to: Point, enters: Side, depth?: number): Curve {
  const bend = depth ?? clamp(Math.hypot(to.x - from.x, to.y - from.y) / 2, bendLeast, bendMost);
  const turned = (point: Point, side: Side) => ({ x: point.x + away[side].x * bend, y: point.y + away[side].y * bend });
  return { from, to, out: turned(from, leaves), into: turned(to, enters) };
}

const holds = (a: Rect, b: Rect): boolean => b.x >= a.x && b.y >= a.y && b.x + b.w <= a.x + a.w && b.y + b.h <= a.y + a.h;
const centre = ({ x, y, w, h }: Rect): Point => ({ x: x + w / 2, y: y + h / 2 });
/** What two ranges have in common, in its middle; between them when they have nothing. */
const between = (a: number, aSize: number, b: number, bSize: number): number => (Math.max(a, b) + Math.min(a + aSize, b + bSize)) / 2;

/** Between neighbours in a row: from the corner of the one that faces the other to that of the other. */
function aroundCorner(a: Rect, b: Rect, through: Side, depth: number): Curve {
  const [mine, yours] = a.x < b.x ? [a.x + a.w - corner, b.x + corner] : [a.x + corner, b.x + b.w - corner];
  return bent(at(a, through, { x: mine, y: 0 }, 0), through, at(b, through, { x: yours, y: 0 }, 0), through, depth);
}

/** The ways from one card to another, the most natural first: by the sides that face each other, then around. */
export function curvesBetween(a: End, b: End): Curve[] {
  // In one another: straight down from the foot of the lead's words, and up to it, in the middle where little is written.
  if (holds(a, b)) {
    const x = b.x + b.w * downAt;
    const from = { x, y: Math.max(a.y + 12, Math.min(b.y, a.y + a.words) - stem) };
    return [{ ...bent(from, "bottom", { x, y: b.y }, "top", 8), beside: { x: x - 8, y: b.y - 2 } }];
  }
  if (holds(b, a)) {
    const x = a.x + a.w * upAt;
    return [bent({ x, y: a.y }, "top", { x, y: Math.max(b.y + 12, Math.min(a.y, b.y + b.words) - stem) }, "bottom", 8)];
  }
  const right = b.x - a.x - a.w;
  const left = a.x - b.x - b.w;
  const down = b.y - a.y - a.h;
  const up = a.y - b.y - b.h;
  const shift = centre(a).x + centre(a).y < centre(b).x + centre(b).y ? -lane : lane;
  const row = { x: 0, y: between(a.y, a.h, b.y, b.h) };
  const column = { x: between(a.x, a.w, b.x, b.w), y: 0 };
  const by = (leaves: Side, enters: Side, alongA: Point, alongB = alongA, depth?: number): Curve =>
    bent(at(a, leaves, alongA, shift), leaves, at(b, enters, alongB, shift), enters, depth);
  const across = right >= left ? by("right", "left", row) : by("left", "right", row);
  const along = down >= up ? by("bottom", "top", column) : by("top", "bottom", column);
  const beside = Math.max(right, left) > Math.max(down, up);
  const [mine, yours] = [centre(a), centre(b)];
  if (!beside) return [along, across, by("right", "right", mine, yours), by("left", "left", mine, yours)];
  const around = [by("bottom", "bottom", mine, yours), by("top", "top", mine, yours)];
  const away = Math.max(right, left);
  const below = shift < 0;
  const inRow = Math.abs(below ? a.y + a.h - b.y - b.h : a.y - b.y) < rowSlack;
  return away < near && inRow ? [aroundCorner(a, b, below ? "bottom" : "top", away < wide ? gapDepth : wideDepth), across, along, ...around] : [across, along, ...around];
}

export function curvePath({ from, out, into, to }: Curve): string {
  return `M${from.x},${from.y} C${out.x},${out.y} ${into.x},${into.y} ${to.x},${to.y}`;
}

/** The place that far along the curve: 0 is its beginning, 1 its end. */
export function curvePoint({ from, out, into, to }: Curve, part: number): Point {
  const rest = 1 - part;
  const [a, b, c, d] = [rest ** 3, 3 * rest * rest * part, 3 * rest * part * part, part ** 3];
  return { x: a * from.x + b * out.x + c * into.x + d * to.x, y: a * from.y + b * out.y + c * into.y + d * to.y };
}

const samples = [0.08, 0.2, 0.32, 0.44, 0.56, 0.68, 0.8, 0.92];

/** The way that crosses the fewest of the other cards; of several the first. */
export function clearest(curves: readonly Curve[], others: readonly Rect[]): Curve {
  const [first] = curves;
  if (!first) throw new Error("there is always a way");
  let [best, least] = [first, Infinity];
  for (const curve of curves) {
    const points = samples.map((part) => curvePoint(curve, part));
    const crossed = others.filter((each) => points.some(({ x, y }) => x > each.x && x < each.x + each.w && y > each.y && y < each.y + each.h)).length;
    if (crossed < least) [best, least] = [curve, crossed];
    if (crossed === 0) break;
  }
  return best;
}
