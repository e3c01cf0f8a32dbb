import { expect, it } from "vitest";
import type { Box, Layout } from "./layout";
import { cardAfter, endCard, nearCard } from "./near_card";

const box = (id: string, x: number, y: number, parent: string | null = null): Box => ({ id, x, y, w: 100, h: 50, parent, rel: { x, y }, home: { x, y }, depth: 0, open: false });
const layoutOf = (...boxes: Box[]): Layout => ({ boxes: new Map(boxes.map((each) => [each.id, each])), placed: [] });

const layout = layoutOf(box("a", 0, 0), box("b", 200, 0), box("c", 0, 200), box("d", 220, 210), box("in1", 10, 20, "a"), box("in2", 10, 90, "a"));

it("finds the card that stands next in a direction", () => {
  expect(nearCard(layout, "a", "right")).toBe("b");
  expect(nearCard(layout, "a", "down")).toBe("c");
  expect(nearCard(layout, "d", "left")).toBe("c");
  expect(nearCard(layout, "d", "up")).toBe("b");
  expect(nearCard(layout, "a", "left")).toBeUndefined();
  expect(nearCard(layout, "nobody", "left")).toBeUndefined();
});

it("stays inside a team", () => {
  expect(nearCard(layout, "in1", "down")).toBe("in2");
  expect(nearCard(layout, "in2", "down")).toBeUndefined();
});

it("walks through all of them as they are read, each team behind its lead, and round again", () => {
  const walked = ["a"];
  for (let i = 0; i < 5; i += 1) walked.push(cardAfter(layout, walked.at(-1) ?? "", 1) ?? "");
  expect(walked).toEqual(["a", "in1", "in2", "b", "c", "d"]);
  expect(cardAfter(layout, "d", 1)).toBe("a");
  expect(cardAfter(layout, "a", -1)).toBe("d");
  expect([endCard(layout, false), endCard(layout, true)]).toEqual(["a", "d"]);
  expect(endCard(layoutOf(), false)).toBeUndefined();
});
