import { expect, it, vi } from "vitest";
import { remembered, undoLast, undoMax } from "./undo";

it("takes back the newest step first, each once, however it is asked", () => {
  const first = vi.fn();
  const second = vi.fn();
  remembered("first", first);
  const back = remembered("second", second);
  back();
  back();
  expect(second).toHaveBeenCalledTimes(1);
  expect(undoLast()).toBe("first");
  expect(first).toHaveBeenCalledTimes(1);
  expect(undoLast()).toBeUndefined();
});

it("keeps a bounded number of steps", () => {
  for (let i = 0; i < undoMax + 5; i += 1) remembered(`step ${i}`, () => undefined);
  let undone = 0;
  while (undoLast() !== undefined) undone += 1;
  expect(undone).toBe(undoMax);
});
