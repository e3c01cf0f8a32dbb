import type { Point } from "./layout";

/** Of a hop: it leaves one end downwards and comes to the other from above; upward it is the other way round. */
export interface Curve {
  from: Point;
  to: Point;
  upward: boolean;
}

const backwards = 6.25;

/** How far up or down the curve is drawn before it turns to its other end. */
function reach({ from, to, upward }: Curve): number {
  const sign = upward ? -1 : 1;
  const way = (to.y - from.y) * sign;
  return sign * (way >= 0 ? way / 2 : backwards * Math.sqrt(-way));
}

export function curvePath(curve: Curve): string {
  const { from, to } = curve;
  const turn = reach(curve);
  return `M${from.x},${from.y} C${from.x},${from.y + turn} ${to.x},${to.y - turn} ${to.x},${to.y}`;
}

/** The place that far along the curve: 0 is its beginning, 1 its end. */
export function curvePoint(curve: Curve, part: number): Point {
  const { from, to } = curve;
  const turn = reach(curve);
  const rest = 1 - part;
  const [near, far] = [rest * rest * (1 + 2 * part), part * part * (3 - 2 * part)];
  const bend = 3 * part * rest * (rest - part) * turn;
  return { x: near * from.x + far * to.x, y: near * from.y + far * to.y + bend };
}
