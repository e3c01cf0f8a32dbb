import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leaf } from "@/canvas/layout";
import { mark } from "@/canvas/marks";
import { distribute, spread } from "./arranging";
import { layout } from "./placing";
import { FakePlatform } from "./platform_fixture";
import { undoLast } from "./undo";

let platform: FakePlatform;
beforeEach(() => {
  platform = new FakePlatform([
    { id: "a", x: 40, y: 40 },
    { id: "b", x: 360, y: 60 },
    { id: "c", x: 1240, y: 20 },
    { id: "d", x: 40, y: 900 },
  ]);
});
afterEach(() => vi.unstubAllGlobals());

const gaps = (ids: readonly string[]) => ids.slice(1).map((id, index) => (layout().boxes.get(id)?.x ?? 0) - (layout().boxes.get(ids[index] ?? "")?.x ?? 0) - leaf.w);

it("puts the same room between cards, the outermost stay, and that can be taken back", async () => {
  const before = platform.places();
  mark({ picked: new Set(["c", "a", "b"]) });
  await distribute("across");
  expect(gaps(["a", "b", "c"])).toEqual([320, 320]);
  expect(layout().boxes.get("a")?.x).toBe(40);
  expect(layout().boxes.get("c")?.x).toBe(1240);
  expect(layout().boxes.get("b")?.y).toBe(60);
  await undoLast();
  expect(platform.places()).toEqual(before);
});

it("asks nothing of the platform for fewer than three", async () => {
  mark({ picked: new Set(["a", "b"]) });
  await distribute("down");
  expect(platform.asked).toEqual([]);
});

it("leaves the least room where the outermost are too near each other", () => {
  expect(spread([{ start: 0, size: 100 }, { start: 10, size: 100 }, { start: 20, size: 100 }])).toEqual([0, 116, 232]);
  expect(spread([])).toEqual([]);
});
