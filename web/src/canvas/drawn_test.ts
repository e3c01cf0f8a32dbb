import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { emptyOrg, withPicture } from "@/model/org";
import type { Hop } from "@/model/hops";
import { cardsIn, elementsMost, partFor, stillDoes } from "./drawn";
import { layoutOrg, overlaps, type Layout, type Rect } from "./layout";
import { nearbyOf } from "./nearby";

const make = (id: string, parent_id: string | null = null) => readWorkspace({ id, name: id, x: 0, y: 0, parent_id });

/** Teams of ten, laid out side by side. */
function crowd(teams: number): Layout {
  const leads = Array.from({ length: teams }, (_, team) => [make(`t${team}`), ...Array.from({ length: 9 }, (_, index) => make(`t${team}.${index}`, `t${team}`))]);
  return layoutOrg(withPicture(emptyOrg, leads.flat()));
}

const none = new Map<string, Hop>();
const window = { w: 1440, h: 900 };
const at = (layout: Layout, id: string) => layout.boxes.get(id) as Rect;
const ids = (boxes: readonly { id: string }[]) => boxes.map(({ id }) => id);

it("finds the cards of a rectangle and the innermost at a point, as a look at all of them would", () => {
  const layout = crowd(80);
  const all = [...layout.boxes.values()];
  for (let step = 0; step < 60; step += 1) {
    const rect = { x: (step * 977) % 9000, y: (step * 613) % 7000, w: 100 + step * 40, h: 100 + step * 30 };
    expect(new Set(nearbyOf(layout).within(rect))).toEqual(new Set(all.filter((box) => overlaps(box, rect))));
    const under = all.filter((box) => rect.x >= box.x && rect.x < box.x + box.w && rect.y >= box.y && rect.y < box.y + box.h);
    expect(nearbyOf(layout).at(rect)).toBe(under.sort((a, b) => b.depth - a.depth)[0]);
  }
});

it("draws what is in the view and a little beyond, so that a small movement needs nothing new", () => {
  const layout = crowd(400);
  const view = { ...at(layout, "t7"), ...window };
  const part = partFor(layout, view);
  expect(part.painted).toBe(false);
  const drawn = new Set(ids(cardsIn(layout, part, [], none)));
  expect(drawn.size).toBeLessThanOrEqual(elementsMost);
  for (const box of layout.boxes.values()) if (overlaps(box, view)) expect(drawn).toContain(box.id);
  expect(stillDoes(layout, part, { ...view, x: view.x + 200 })).toBe(true);
  expect(stillDoes(layout, part, { ...view, x: view.x + 5000 })).toBe(false);
  expect(stillDoes(layout, part, { ...view, w: 100, h: 60 })).toBe(false);
});

it("draws leads before what is in them, and the other end of an edge that leaves the view", () => {
  const layout = crowd(400);
  const view = { ...at(layout, "t7.3"), w: 50, h: 50 };
  const hop = { key: "t7.3>t390.1", from: "t7.3", to: "t390.1", count: 1, failed: 0, canceled: 0, lastAt: 0, minutes: [] } as unknown as Hop;
  const drawn = ids(cardsIn(layout, partFor(layout, view), [], new Map([[hop.key, hop]])));
  expect(drawn).toContain("t390.1");
  for (const id of ["t7", "t390"]) expect(drawn.indexOf(id)).toBeLessThan(drawn.indexOf(`${id}.${id === "t7" ? 3 : 1}`));
});

it("paints from where there are too many, and draws those somebody deals with, a small team as a whole", () => {
  const layout = crowd(400);
  const view = { x: 0, y: 0, w: 60_000, h: 60_000 };
  const part = partFor(layout, view);
  expect(part.painted).toBe(true);
  expect(cardsIn(layout, part, [], none)).toEqual([]);
  expect(ids(cardsIn(layout, part, ["t3.1"], none))).toEqual(["t3.1"]);
  expect(cardsIn(layout, part, ["t3"], none)).toHaveLength(10);
  expect(stillDoes(layout, part, { ...view, x: 500 })).toBe(true);
  expect(stillDoes(layout, part, { ...at(layout, "t3"), ...window })).toBe(false);
});
