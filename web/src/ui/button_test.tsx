// @vitest-environment happy-dom
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HeldButton } from "./button";
import { SecretField, shownMs } from "./secret_field";
import { taken } from "./secret_text";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  cleanup();
});

test("a button for what cannot be taken back takes no press until it was there for a second", () => {
  const pressed = vi.fn();
  render(<HeldButton onClick={pressed}>Remove for good</HeldButton>);
  const button = screen.getByRole("button", { name: "Remove for good" });
  act(() => button.click());
  expect(pressed).not.toHaveBeenCalled();
  act(() => vi.advanceTimersByTime(1000));
  act(() => button.click());
  expect(pressed).toHaveBeenCalledOnce();
});

test("a secret that is shown hides itself after a while", () => {
  render(<SecretField label="Value" hint="" value={taken("s3cret")} onChange={() => undefined} onRefused={() => undefined} />);
  act(() => screen.getByRole("button", { name: "Show" }).click());
  expect(screen.getByRole("button", { name: "Hide" }).getAttribute("aria-pressed")).toBe("true");
  act(() => vi.advanceTimersByTime(shownMs - 1));
  screen.getByRole("button", { name: "Hide" });
  act(() => vi.advanceTimersByTime(1));
  screen.getByRole("button", { name: "Show" });
});
