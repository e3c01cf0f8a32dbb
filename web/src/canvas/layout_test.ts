import { describe, expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { emptyOrg, withPicture, type Org } from "@/model/org";
import { dropTarget, header, layoutOrg, leaf, overlaps, shareOutside, side, type Box } from "./layout";
import { landingIn, landingsIn, moveSubtree } from "./placements";

const orgOf = (...raw: Record<string, unknown>[]): Org => withPicture(emptyOrg, raw.map(readWorkspace));
const at = (id: string, x: number, y: number, parent_id: string | null = null, more = {}) => ({ id, name: id, x, y, parent_id, ...more });
function box(org: Org, id: string): Box {
  const found = layoutOrg(org).boxes.get(id);
  if (!found) throw new Error(`${id} is not drawn`);
  return found;
}

it("several cards land beside each other in a team, and beside those that are there", () => {
  const org = orgOf(at("pm", 40, 40), at("r", 40 + side, 40 + header, "pm"), at("a", 900, 40), at("b", 1300, 40), at("c", 1700, 40));
  const layout = layoutOrg(org);
  const landings = landingsIn(layout, "pm", ["a", "b", "c"]);
  const after = layoutOrg(org, new Map([...landings].map(([id, place]) => [id, { ...place, parent_id: "pm" }])));
  const inside = [...after.boxes.values()].filter((each) => each.parent === "pm");
  expect(inside.map((each) => each.id).sort()).toEqual(["a", "b", "c", "r"]);
  for (const one of inside) for (const other of inside) if (one !== other) expect(overlaps(one, other)).toBe(false);
  for (const each of inside) if (landings.has(each.id)) expect({ x: each.x, y: each.y }).toEqual(landings.get(each.id));
});

describe("a card", () => {
  it("with a place keeps it; a child is drawn relative to its parent", () => {
    const org = orgOf(at("pm", 100, 50), at("r", 100 + side, 50 + header, "pm"));
    expect(box(org, "pm")).toMatchObject({ x: 100, y: 50, depth: 0, parent: null });
    expect(box(org, "r")).toMatchObject({ x: 116, y: 50 + header, rel: { x: side, y: header }, depth: 1, parent: "pm" });
  });
  it("without a place gets a free one, and is reported to be kept", () => {
    const org = orgOf(at("a", 0, 0), at("b", 0, 0), at("c", 40, 40));
    const layout = layoutOrg(org);
    const boxes = [...layout.boxes.values()];
    for (const one of boxes) for (const other of boxes) if (one !== other) expect(overlaps(one, other)).toBe(false);
    expect(layout.placed.map((each) => each.id).sort()).toEqual(["a", "b"]);
  });
  it("without a place stands in rows that together are about as wide as a window", () => {
    const org = orgOf(...Array.from({ length: 60 }, (_, index) => at(`w${index}`, 0, 0)));
    const boxes = [...layoutOrg(org).boxes.values()];
    const width = Math.max(...boxes.map((each) => each.x + each.w));
    const height = Math.max(...boxes.map((each) => each.y + each.h));
    expect(width / height).toBeGreaterThan(1.2);
    expect(width / height).toBeLessThan(2.2);
  });
  it("is big enough for everything in it, to any depth", () => {
    const org = orgOf(at("a", 40, 40), at("b", 0, 0, "a"), at("c", 0, 0, "b"), at("d", 0, 0, "b"), at("e", 0, 0, "a"));
    const layout = layoutOrg(org);
    for (const each of layout.boxes.values()) {
      const parent = each.parent === null ? undefined : layout.boxes.get(each.parent);
      if (!parent) continue;
      expect(each.x + each.w).toBeLessThanOrEqual(parent.x + parent.w - side);
      expect(each.y + each.h).toBeLessThanOrEqual(parent.y + parent.h - side);
      expect(each.rel.y).toBeGreaterThanOrEqual(header);
    }
    const b = layout.boxes.get("b") as Box;
    const e = layout.boxes.get("e") as Box;
    expect(overlaps(b, e)).toBe(false);
  });
  it("hides its team while it is folded", () => {
    const org = orgOf(at("pm", 40, 40, null, { collapsed: true }), at("r", 60, 240, "pm"));
    expect([...layoutOrg(org).boxes.keys()]).toEqual(["pm"]);
    expect(box(org, "pm")).toMatchObject({ w: leaf.w, h: leaf.h, open: false });
  });
  it("whose stored place is left of its parent is put inside", () => {
    const org = orgOf(at("pm", 1000, 1000), at("r", 5, 5, "pm"));
    expect(box(org, "r").rel).toEqual({ x: side, y: header });
  });
  it("stays where a person dropped it until the platform answers", () => {
    const org = orgOf(at("pm", 40, 40), at("r", 700, 40));
    const layout = layoutOrg(org, new Map([["r", { x: 60, y: 240, parent_id: "pm" }]]));
    expect(layout.boxes.get("r")).toMatchObject({ parent: "pm", x: 60, y: 240 });
  });
});

describe("a drop", () => {
  const org = orgOf(at("a", 40, 40), at("b", 60, 240, "a"), at("c", 900, 40), at("d", 920, 240, "c"));
  const layout = layoutOrg(org);
  it("lands in the deepest card under the centre", () => {
    const b = box(org, "b");
    expect(dropTarget(layout, new Set(["c"]), { x: b.x + 10, y: b.y + 10 })?.id).toBe("b");
    expect(dropTarget(layout, new Set(["c"]), { x: 50, y: 50 })?.id).toBe("a");
    expect(dropTarget(layout, new Set(["c"]), { x: -500, y: 0 })).toBeUndefined();
  });
  it("never lands in the card itself or in what it holds", () => {
    const b = box(org, "b");
    expect(dropTarget(layout, new Set(["a"]), { x: b.x + 10, y: b.y + 10 })).toBeUndefined();
  });
  it("takes the next free slot when its place is taken", () => {
    const b = box(org, "b");
    const spot = landingIn(layout, "a", "c", { x: b.x + 20, y: b.y + 20 });
    expect(overlaps({ ...spot, w: leaf.w, h: leaf.h }, b)).toBe(false);
  });
  it("knows how far a card reaches out of its parent", () => {
    const parent = { x: 0, y: 0, w: 400, h: 400 };
    expect(shareOutside({ x: 10, y: 10, w: 100, h: 100 }, parent)).toBe(0);
    expect(shareOutside({ x: 350, y: 10, w: 100, h: 100 }, parent)).toBeCloseTo(0.5);
    expect(shareOutside({ x: 10, y: -30, w: 100, h: 100 }, parent)).toBeCloseTo(0.3);
  });
  it("takes everything inside along", () => {
    expect(moveSubtree(org, layout, "a", { x: 140, y: 140 })).toEqual([
      { id: "a", x: 140, y: 140 },
      { id: "b", x: 160, y: box(org, "b").y + 100 },
    ]);
  });
});

it("lays out 500 workspaces without growing out of hand", () => {
  const many = Array.from({ length: 500 }, (_, i) => at(`w${i}`, 100 + (i % 20) * 320, 100 + Math.floor(i / 20) * 250, i % 5 === 0 ? null : `w${i - (i % 5)}`));
  const org = orgOf(...many);
  layoutOrg(org);
  const start = performance.now();
  expect(layoutOrg(org).boxes.size).toBe(500);
  expect(performance.now() - start).toBeLessThan(500);
});
