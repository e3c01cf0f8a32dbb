import { expect, it } from "vitest";
import type { Box } from "./layout";
import { caught } from "./rubber_band";

const card = (id: string, x: number, y: number, w: number, h: number, open = false): [string, Box] => [
  id,
  { id, x, y, w, h, rel: { x, y }, home: { x, y }, parent: null, depth: 0, open },
];
const layout = { boxes: new Map([card("lead", 0, 0, 400, 600, true), card("inside", 20, 200, 200, 100), card("beside", 500, 0, 200, 100)]), placed: [] };

it("takes the leaves it touches", () => {
  expect(caught(layout, { x: 190, y: 250, w: 20, h: 20 })).toEqual(["inside"]);
  expect(caught(layout, { x: 450, y: 50, w: 60, h: 10 })).toEqual(["beside"]);
});

it("takes a lead only whole, so that members can be picked without it", () => {
  expect(caught(layout, { x: 10, y: 190, w: 300, h: 200 })).toEqual(["inside"]);
  expect(caught(layout, { x: -10, y: -10, w: 420, h: 620 })).toEqual(["lead", "inside"]);
});

it("takes nothing where nothing is", () => {
  expect(caught(layout, { x: 800, y: 800, w: 50, h: 50 })).toEqual([]);
});
