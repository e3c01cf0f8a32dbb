import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leaf } from "@/canvas/layout";
import { mark, marksStore } from "@/canvas/marks";
import { orgStore } from "@/model/org";
import { align } from "./arranging";
import { extractAll, layout, move, movers, nestAll, nudge } from "./placing";
import { FakePlatform } from "./platform_fixture";
import { redoLast, undoLast } from "./undo";

let platform: FakePlatform;
beforeEach(() => {
  platform = new FakePlatform([
    { id: "pm", x: 40, y: 40 },
    { id: "mine", parent_id: "pm", x: 56, y: 240 },
    { id: "lead", x: 500, y: 40 },
    { id: "in", parent_id: "lead", x: 516, y: 240 },
    { id: "b", x: 900, y: 40 },
  ]);
  mark({ picked: new Set(["lead", "in", "b"]) });
});
afterEach(() => vi.unstubAllGlobals());

const at = (id: string) => {
  const { x, y } = platform.workspaces.get(id) ?? { x: NaN, y: NaN };
  return { x, y };
};

it("moves only the topmost into a team, and not what is there already or cannot be", () => {
  expect(movers(orgStore.get(), ["lead", "in", "b", "mine", "pm"], "pm")).toEqual(["lead", "b"]);
  expect(movers(orgStore.get(), ["lead", "b"], "in")).toEqual(["b"]);
});

it("puts each under the new parent; what is refused stays picked, and the rest can be taken back and done again", async () => {
  platform.refuses.add("b");
  await nestAll(["lead", "in", "b"], "pm");
  expect(platform.workspaces.get("lead")?.parent_id).toBe("pm");
  expect(platform.workspaces.get("b")?.parent_id).toBeNull();
  expect([...marksStore.get().picked]).toEqual(["b"]);
  await undoLast();
  expect(platform.workspaces.get("lead")).toMatchObject({ parent_id: null, x: 500, y: 40 });
  expect(platform.workspaces.get("in")).toMatchObject({ parent_id: "lead", x: 516, y: 240 });
  await redoLast();
  expect(platform.workspaces.get("lead")?.parent_id).toBe("pm");
});

it("is one request for all of them, however many", async () => {
  await nestAll(["lead", "b"], "pm");
  expect(platform.asked).toEqual(["PATCH /canvas/places"]);
});

it("moves all that are picked with the one that is dragged, and what is in them", async () => {
  const before = { lead: at("lead"), in: at("in"), b: at("b"), pm: at("pm") };
  move("lead", { x: 700, y: 540 });
  await vi.waitFor(() => expect(at("lead")).toEqual({ x: 700, y: 540 }));
  expect(at("in")).toEqual({ x: before.in.x + 200, y: before.in.y + 500 });
  expect(at("b")).toEqual({ x: before.b.x + 200, y: before.b.y + 500 });
  expect(at("pm")).toEqual(before.pm);
});

it("makes room where a card is dropped, as one step", async () => {
  mark({ picked: new Set() });
  const before = at("b");
  move("pm", { x: 860, y: 100 });
  await vi.waitFor(() => expect(at("pm")).toEqual({ x: 860, y: 100 }));
  expect(at("b")).not.toEqual(before);
  await undoLast();
  expect([at("pm"), at("b")]).toEqual([{ x: 40, y: 40 }, before]);
});

it("takes all that are picked out of their teams", async () => {
  await extractAll(["in", "mine", "b"]);
  expect(["in", "mine"].map((id) => platform.workspaces.get(id)?.parent_id)).toEqual([null, null]);
});

it("gathers what the arrows do into one step, which is handed over before anything is taken back", async () => {
  mark({ picked: new Set(["b"]) });
  for (let count = 0; count < 5; count += 1) nudge("b", { x: 10, y: 0 });
  await undoLast();
  expect(platform.asked).toEqual(["PATCH /canvas/places", "PATCH /canvas/places"]);
  expect(at("b")).toEqual({ x: 900, y: 40 });
  await redoLast();
  expect(at("b")).toEqual({ x: 950, y: 40 });
});

it("aligns what is picked; those that would lie on each other stand behind one another", async () => {
  mark({ picked: new Set(["pm", "b"]) });
  await align("left");
  expect(at("b").x).toBe(at("pm").x + (layout().boxes.get("pm")?.w ?? 0) + 16);
  await undoLast();
  await align("bottom");
  const bottom = ["pm", "b"].map((id) => (layout().boxes.get(id)?.y ?? 0) + (layout().boxes.get(id)?.h ?? 0));
  expect(bottom[0]).toBe(bottom[1]);
  expect(leaf.h).toBeLessThan(layout().boxes.get("pm")?.h ?? 0);
});
