import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import type { Hop, Hops } from "@/model/hops";
import { emptyOrg, withPicture } from "@/model/org";
import { flowEdges } from "./flow_nodes";
import { curvePath, curvePoint } from "./hop_curve";
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

it("is a curve through its ends, and a label is on it", () => {
  const curve = { from: { x: 0, y: 0 }, to: { x: 100, y: 80 }, upward: false };
  expect(curvePath(curve)).toBe("M0,0 C0,40 100,40 100,80");
  expect([curvePoint(curve, 0), curvePoint(curve, 1), curvePoint(curve, 0.5)]).toEqual([curve.from, curve.to, { x: 50, y: 40 }]);
  // The third power of each part, as Bézier has them, with the turns at 40.
  expect(curvePoint(curve, 0.25).y).toBeCloseTo(3 * 0.25 * 0.75 ** 2 * 40 + 3 * 0.25 ** 2 * 0.75 * 40 + 0.25 ** 3 * 80);
});

it("gives the calls from a card to its team a label each, beside one another", () => {
  const [one, other] = labels(team("a", "b"), hop("pm", "a"), hop("pm", "b"));
  // Both in the middle would lie on each other.
  expect(one).toMatchObject({ crowded: false, part: 0.5 });
  expect(other?.crowded).toBe(false);
  expect(other?.part).not.toBe(0.5);
});

it("finds the room between cards of a team that speak to each other", () => {
  for (const [from, to] of [["a", "b"], ["b", "c"], ["a", "c"], ["a", "pm"]] as const) expect(labels(team("a", "b", "c", "d"), hop(from, to))).toMatchObject([{ crowded: false }]);
});

it("shows no label where it would lie on another or on a card", () => {
  const many = labels(team("a"), ...Array.from({ length: 9 }, (_, index) => hop("pm", "a", { key: `h${index}` })));
  expect(many.filter(({ crowded }) => !crowded).length).toBeLessThan(3);
  // Between them stands a third, over which the whole curve runs.
  const behind = org(["a", 0, 1], ["m", 0, 1 + leaf.h + 2], ["b", 0, 1 + 2 * (leaf.h + 2)]);
  expect(labels(behind, hop("a", "b"))).toMatchObject([{ crowded: true, part: 0.5 }]);
});
