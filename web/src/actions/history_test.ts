import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Step } from "./history";

const step = (done: string): Step => ({ done, undone: "", forward: { is: "pause", ids: ["a"] }, back: { is: "resume", ids: ["a"] } });
let full: boolean;

/** The module as it is after the page was loaded anew. */
function loaded(): Promise<typeof import("./history")> {
  vi.resetModules();
  return import("./history");
}

beforeEach(() => {
  const kept = new Map<string, string>();
  full = false;
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (full) throw new DOMException("It is full.", "QuotaExceededError");
      kept.set(key, value);
    },
    removeItem: (key: string) => kept.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

it("is there after a reload", async () => {
  (await loaded()).remember(step("one"));
  expect((await loaded()).newest()?.done).toBe("one");
});

it("takes nothing older back after a reload when the newest could not be kept", async () => {
  const history = await loaded();
  history.remember(step("one"));
  full = true;
  history.remember(step("two"));
  expect(history.newest()?.done).toBe("two");
  expect((await loaded()).newest()).toBeUndefined();
});
