import { expect, it } from "vitest";
import type { Box } from "./layout";
import { fitted, openingView, shiftToReveal, zoomLeast } from "./opening_view";

const area = { width: 1000, height: 800 };
function boxesAt(...places: [x: number, y: number][]): Map<string, Box> {
  return new Map(
    places.map(([x, y], index) => [
      `${index}`,
      { id: `${index}`, x, y, w: 280, h: 212, rel: { x, y }, home: { x, y }, parent: null, depth: 0, open: false },
    ]),
  );
}

it("is the view the page was left with, as long as a card is in it", () => {
  const left = { x: 10, y: 20, zoom: 0.5 };
  expect(openingView(left, boxesAt([40, 40]), area)).toEqual(left);
});

it("fits everything when the view that was left shows nothing", () => {
  const { x, y, zoom } = openingView({ x: -90_000, y: 0, zoom: 1 }, boxesAt([0, 0], [600, 400]), area);
  for (const at of [0, 880]) expect(at * zoom + x).toBeGreaterThanOrEqual(0);
  for (const at of [0, 880]) expect(at * zoom + x).toBeLessThanOrEqual(area.width);
  for (const at of [0, 612]) expect(at * zoom + y).toBeLessThanOrEqual(area.height);
});

it("does not enlarge a single card, and goes as far away as it takes to show all of them", () => {
  expect(openingView(undefined, boxesAt([0, 0]), area).zoom).toBe(1);
  expect(openingView(undefined, boxesAt([0, 0], [40_000, 0]), area).zoom).toBeLessThan(zoomLeast);
});

it("starts in the middle of nowhere when there is no card", () => {
  expect(openingView(undefined, new Map(), area)).toEqual({ x: 0, y: 0, zoom: 1 });
});

it("moves no further than it takes to show a card", () => {
  const view = { x: 0, y: 0, zoom: 1 };
  expect(shiftToReveal({ x: 100, y: 100, w: 280, h: 212 }, view, area)).toEqual({ x: 0, y: 0 });
  expect(shiftToReveal({ x: -60, y: 100, w: 280, h: 212 }, view, area).x).toBe(80);
  expect(shiftToReveal({ x: 900, y: 100, w: 280, h: 212 }, view, area).x).toBe(-200);
});

it("shows the head of a card that is larger than the window, and leaves it when it is in sight", () => {
  const large = { x: 0, y: 0, w: 4000, h: 4000 };
  expect(shiftToReveal(large, { x: 40, y: 90, zoom: 1 }, area)).toEqual({ x: 0, y: 0 });
  const { x, y } = shiftToReveal(large, { x: -500, y: -900, zoom: 1 }, area);
  expect(x).toBeGreaterThan(500);
  expect(y).toBeGreaterThan(900);
});

it("fits everything beside what floats above the canvas", () => {
  for (const [w, h] of [[3000, 400], [400, 3000], [1500, 1200], [280, 212]] as const) {
    const { x, y, zoom } = fitted({ x: 100, y: 100, w, h }, { width: 1440, height: 900 });
    const [left, top, right, bottom] = [100 * zoom + x, 100 * zoom + y, (100 + w) * zoom + x, (100 + h) * zoom + y];
    expect(top).toBeGreaterThan(70);
    expect(left).toBeGreaterThan(15);
    expect(right).toBeLessThan(1425);
    expect(bottom).toBeLessThan(825);
    // The map is in the lower left corner.
    expect(left > 240 || bottom < 740, `${w} × ${h}`).toBe(true);
  }
});
