import { expect, test } from "vitest";
import { curvePoint, curvesBetween, type Curve, type End } from "./hop_curve";
import { gap, leaf, rootGap } from "./layout";

const card = (x: number, y: number): End => ({ x, y, w: leaf.w, h: leaf.h, words: leaf.h });
const first = (a: End, b: End): Curve => {
  const [curve] = curvesBetween(a, b);
  if (!curve) throw new Error("there is always a way");
  return curve;
};
const along = (curve: Curve) => Array.from({ length: 21 }, (_, index) => curvePoint(curve, index / 20));

test("neighbours of a team are joined around the corner that they share, there below and back above", () => {
  const [a, b] = [card(0, 0), card(leaf.w + gap, 0)];
  const there = along(first(a, b));
  expect(Math.min(...there.map(({ y }) => y))).toBe(leaf.h);
  // Seen in the gap to the next row, and not beyond it.
  const deep = Math.max(...there.map(({ y }) => y)) - leaf.h;
  expect(deep).toBeGreaterThan(10);
  expect(deep).toBeLessThan(gap);
  // Not along the whole of their lower edges.
  expect(Math.max(...there.map(({ x }) => x)) - Math.min(...there.map(({ x }) => x))).toBeLessThan(leaf.w / 2);
  const back = along(first(b, a));
  expect(Math.max(...back.map(({ y }) => y))).toBe(0);
  expect(back[0]?.x).toBeGreaterThan(back.at(-1)?.x ?? Infinity);
});

test("where there is more room the way swings wider, and its label has room", () => {
  const curve = first(card(0, 0), card(leaf.w + rootGap, 0));
  expect(curvePoint(curve, 0.5).y - leaf.h).toBeGreaterThan(24);
  expect(curvePoint(curve, 0.5).y - leaf.h).toBeLessThan(rootGap);
});

test("cards that stand apart are joined by the sides that face each other", () => {
  const right = first(card(0, 0), card(leaf.w + 200, 0));
  expect([right.from.x, right.to.x]).toEqual([leaf.w, leaf.w + 200]);
  const down = first(card(0, 0), card(0, leaf.h + 100));
  expect([down.from.y, down.to.y]).toEqual([leaf.h, leaf.h + 100]);
});
