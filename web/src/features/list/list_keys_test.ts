import { expect, test } from "vitest";
import { between, movedTo } from "./list_keys";

test("keys move within the list and not beyond it", () => {
  expect(movedTo("ArrowDown", 1, 3, 10)).toBe(2);
  expect(movedTo("ArrowDown", 2, 3, 10)).toBe(2);
  expect(movedTo("PageUp", 5, 100, 10)).toBe(0);
  expect(movedTo("End", 0, 100, 10)).toBe(99);
  expect(movedTo("Home", 7, 100, 10)).toBe(0);
  expect(movedTo("x", 0, 100, 10)).toBeUndefined();
  expect(movedTo("Home", 0, 0, 10)).toBeUndefined();
});

test("a stretch has both ends, whichever way it goes", () => {
  expect(between(3, 1)).toEqual([1, 2, 3]);
  expect(between(2, 2)).toEqual([2]);
});
