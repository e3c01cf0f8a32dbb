// @vitest-environment happy-dom
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { dismissAll, toast } from "./toast";
import { ToastRegion } from "./toast_region";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  act(dismissAll);
  cleanup();
  vi.useRealTimers();
});

const texts = () => [...document.querySelectorAll("[role=alert], [role=status]")].map((each) => each.textContent);

it("counts what is said again instead of piling it up", () => {
  render(<ToastRegion />);
  act(() => {
    for (let i = 0; i < 7; i += 1) toast("error", "pm could not be moved: no way");
    toast("info", "Something else");
  });
  expect(texts()).toEqual(["pm could not be moved: no way 7 times", "Something else"]);
});

it("shows at most five, the newest", () => {
  render(<ToastRegion />);
  act(() => {
    for (let i = 0; i < 8; i += 1) toast("error", `error ${i}`);
  });
  expect(texts()).toEqual([3, 4, 5, 6, 7].map((i) => `error ${i}`));
  act(() => screen.getByRole("button", { name: "Dismiss all" }).click());
  expect(texts()).toEqual([]);
});

it("keeps of what went well only the newest", () => {
  render(<ToastRegion />);
  act(() => {
    toast("error", "stays");
    for (let i = 0; i < 4; i += 1) toast("success", `saved ${i}`);
  });
  expect(texts()).toEqual(["stays", "saved 2", "saved 3"]);
});

it("lets errors stay and others go, later where they were said again", () => {
  render(<ToastRegion />);
  act(() => {
    toast("error", "stays");
    toast("success", "goes");
  });
  act(() => void vi.advanceTimersByTime(3000));
  act(() => void toast("success", "goes"));
  act(() => void vi.advanceTimersByTime(3000));
  expect(texts()).toEqual(["stays", "goes 2 times"]);
  act(() => void vi.advanceTimersByTime(1500));
  expect(texts()).toEqual(["stays"]);
});

it("keeps each offer a toast of its own", () => {
  render(<ToastRegion />);
  const undone: string[] = [];
  act(() => {
    toast("info", "Moved", { label: "Undo", run: () => undone.push("first") });
    toast("info", "Moved", { label: "Undo", run: () => undone.push("second") });
  });
  act(() => screen.getAllByRole("button", { name: "Undo" })[0]?.click());
  expect(undone).toEqual(["first"]);
  expect(texts()).toEqual(["MovedUndo"]);
});
