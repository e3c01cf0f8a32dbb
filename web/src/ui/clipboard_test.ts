// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { copyText } from "./clipboard";

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

function withoutClipboard(takes: boolean) {
  vi.stubGlobal("navigator", {});
  const taken: string[] = [];
  Object.defineProperty(document, "execCommand", {
    configurable: true,
    value: () => {
      taken.push(document.querySelector("textarea")?.value ?? "");
      return takes;
    },
  });
  return taken;
}

it("copies by selection where the page has no clipboard, and leaves nothing behind", async () => {
  const taken = withoutClipboard(true);
  const button = document.body.appendChild(document.createElement("button"));
  button.focus();
  expect(await copyText("line one\nline two")).toBe(true);
  expect(taken).toEqual(["line one\nline two"]);
  expect(document.querySelector("textarea")).toBeNull();
  expect(document.activeElement).toBe(button);
});

it("says so when both ways are refused", async () => {
  withoutClipboard(false);
  expect(await copyText("x")).toBe(false);
});
