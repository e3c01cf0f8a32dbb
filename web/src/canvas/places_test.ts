import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { emptyOrg, withPicture } from "@/model/org";
import { layoutOrg } from "./layout";

interface Case {
  cards: { id: number; parent?: number; x: number; y: number; folded?: true }[];
  parent?: number;
  x: number;
  y: number;
}

const file = new URL("../../../src/server/workspaces/places_cases.h", import.meta.url);
const [, text = "[]"] = /R"json\(([^]*?)\)json"/.exec(readFileSync(file, "utf8")) ?? [];
const cases = JSON.parse(text) as Case[];

// The platform gives new cards their places while no page is open: src/server/workspaces/places_test.cc reads the same.
it("gives a new card the place that the platform gives it", () => {
  expect(cases.length).toBeGreaterThan(50);
  for (const [index, { cards, parent, x, y }] of cases.entries()) {
    const all = [...cards, { id: 255, x: 0, y: 0, ...(parent === undefined ? {} : { parent }) }];
    const raw = all.map((card) => ({
      id: String(card.id),
      name: String(card.id),
      x: card.x,
      y: card.y,
      parent_id: card.parent === undefined ? null : String(card.parent),
      collapsed: "folded" in card,
    }));
    const { placed } = layoutOrg(withPicture(emptyOrg, raw.map(readWorkspace)));
    expect(placed.find(({ id }) => id === "255"), `case ${index}`).toEqual({ id: "255", x, y });
  }
});
