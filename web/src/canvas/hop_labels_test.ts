import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import type { Hop, Hops } from "@/model/hops";
import { emptyOrg, withPicture } from "@/model/org";
import { flowEdges, outcomeOf } from "./flow_nodes";
import { clearest, curvePath, curvePoint, curvesBetween } from "./hop_curve";
import { hopWords } from "./hop_labels";
import { header, layoutOrg, leaf, side } from "./layout";

const hop = (from: string, to: string, more: Partial<Hop> = {}): Hop => ({ key: `${from}>${to}`, from, to, count: 4, failed: 1, canceled: 0, lastAt: 0, minutes: [], ...more });
const org = (...raw: [string, number, number, (string | null)?][]) =>
  layoutOrg(withPicture(emptyOrg, raw.map(([id, x, y, parent_id = null]) => readWorkspace({ id, name: id, x, y, parent_id }))));
const team = (...kids: string[]) => org(["pm", 40, 40], ...kids.map((id, index): [string, number, number, string] => [id, 40 + side + (index % 2) * (leaf.w + 16), 40 + header + Math.floor(index / 2) * (leaf.h + 16), "pm"]));

/** Where the labels of these hops stand. */
function labels(layout: ReturnType<typeof org>, ...all: Hop[]) {
  const hops: Hops = new Map(all.map((each) => [each.key, each]));
  return flowEdges(hops, layout, () => undefined).map(({ id, data }) => ({ id, ...data }));
}

it("says what failed and what was canceled, where there is any", () => {
  expect(hopWords(hop("a", "b"), "4m")).toBe("4 calls · 4m · 1 failed");
  expect(hopWords(hop("a", "b", { count: 1, failed: 0, canceled: 1 }), "4m")).toBe("1 call · 4m · 1 canceled");
});

it("keeps the way of an edge while nothing moves, however often it is counted", () => {
  const layout = team("a", "b");
  const curve = (count: number) => labels(layout, hop("a", "b", { count }))[0]?.curve;
  expect(curve(5)).toBe(curve(4));
  expect(labels(team("a", "b"), hop("a", "b"))[0]?.curve).not.toBe(curve(4));
});

it("is a curve through its ends, and a label is on it", () => {
  const curve = { from: { x: 0, y: 0 }, out: { x: 0, y: 40 }, into: { x: 100, y: 40 }, to: { x: 100, y: 80 } };
  expect(curvePath(curve)).toBe("M0,0 C0,40 100,40 100,80");
  expect([curvePoint(curve, 0), curvePoint(curve, 1), curvePoint(curve, 0.5)]).toEqual([curve.from, curve.to, { x: 50, y: 40 }]);
  // The third power of each part, as Bézier has them, with the turns at 40.
  expect(curvePoint(curve, 0.25).y).toBeCloseTo(3 * 0.25 * 0.75 ** 2 * 40 + 3 * 0.25 ** 2 * 0.75 * 40 + 0.25 ** 3 * 80);
});

it("goes from the side that faces the other card to the side that faces back, and around what is between", () => {
  const card = (x: number, y: number) => ({ x, y, w: 280, h: 212, words: 212 });
  const [beside] = curvesBetween(card(0, 0), card(400, 0));
  expect([beside?.from.x, beside?.to.x]).toEqual([280, 400]);
  const [back] = curvesBetween(card(400, 0), card(0, 0));
  expect([back?.from.x, back?.to.x]).toEqual([400, 280]);
  expect(back?.from.y).not.toBe(beside?.from.y);
  const [below] = curvesBetween(card(0, 0), card(40, 400));
  expect([below?.from.y, below?.to.y]).toEqual([212, 400]);
  const middle = card(400, 0);
  const around = clearest(curvesBetween(card(0, 0), card(800, 0)), [middle]);
  for (const part of [0.2, 0.4, 0.5, 0.6, 0.8]) {
    const { x, y } = curvePoint(around, part);
    expect(x > middle.x && x < middle.x + middle.w && y > middle.y && y < middle.y + middle.h).toBe(false);
  }
});

it("has the colour of how it ended, which traffic alone is none of", () => {
  expect([hop("a", "b", { failed: 0 }), hop("a", "b"), hop("a", "b", { failed: 0, canceled: 2 })].map(outcomeOf)).toEqual(["fine", "failed", "canceled"]);
});

it("gives the calls from a card to its team a label each, beside one another", () => {
  for (const each of labels(team("a", "b"), hop("pm", "a"), hop("pm", "b"))) expect(each.crowded).toBe(false);
});

it("finds the room between cards of a team that speak to each other", () => {
  for (const [from, to] of [["a", "b"], ["b", "c"], ["a", "c"], ["a", "pm"]] as const) expect(labels(team("a", "b", "c", "d"), hop(from, to))).toMatchObject([{ crowded: false }]);
});

it("shows no label where it would lie on another or on a card", () => {
  const many = labels(team("a"), ...Array.from({ length: 9 }, (_, index) => hop("pm", "a", { key: `h${index}` })));
  expect(many.filter(({ crowded }) => !crowded).length).toBeLessThan(3);
});
