import { expect, it } from "vitest";
import { isComposing } from "./composing";

it("knows a key that an input method takes, as each browser tells it", () => {
  expect(isComposing({ isComposing: true, keyCode: 13 })).toBe(true);
  expect(isComposing({ nativeEvent: { isComposing: true }, keyCode: 13 })).toBe(true);
  // Safari: after compositionend.
  expect(isComposing({ isComposing: false, keyCode: 229 })).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 13 })).toBe(false);
});
