import { describe, expect, it } from "vitest";
import { cutText } from "./cut_text";

describe("cutting text", () => {
  it("leaves what fits", () => {
    expect(cutText("four", 4)).toBe("four");
    expect(cutText("four", 0)).toBe("");
  });
  it("never ends inside a character", () => {
    expect(cutText(`${"x".repeat(9)}🦊 end`, 10)).toBe("x".repeat(9));
    expect(cutText("ab👩‍👩‍👧‍👦", 6)).toBe("ab");
    expect(cutText("cafe\u0301!", 4)).toBe("caf");
    expect(cutText("👩‍👩‍👧‍👦", 4)).toBe("");
  });
  it("is well formed everywhere, also where the browser cannot tell characters apart", () => {
    const text = "a🦊b👩‍👧é\u0301🇦🇹z".repeat(3);
    for (let max = 0; max <= text.length; max += 1) {
      expect(cutText(text, max)).not.toMatch(/\p{Surrogate}/u);
      expect(cutText(text, max, { segment: () => ({ containing: () => undefined }) as unknown as Intl.Segments })).not.toMatch(/\p{Surrogate}/u);
    }
  });
});
