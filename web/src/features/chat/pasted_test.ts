import { expect, it } from "vitest";
import { fieldCharactersMax, fieldLinesMax, inserted, isLong, wholeLength, wholeText } from "./pasted";

it("takes a text of many characters or many lines for long", () => {
  expect(isLong("x".repeat(fieldCharactersMax))).toBe(false);
  expect(isLong("x".repeat(fieldCharactersMax + 1))).toBe(true);
  expect(isLong("\n".repeat(fieldLinesMax - 1))).toBe(false);
  expect(isLong("\n".repeat(fieldLinesMax))).toBe(true);
});

it("finds what was put in, at the beginning, in the middle, at the end and instead of something", () => {
  expect(inserted("", "new")).toEqual({ kept: "", added: "new" });
  expect(inserted("ab", "anewb")).toEqual({ kept: "ab", added: "new" });
  expect(inserted("ab", "newab")).toEqual({ kept: "ab", added: "new" });
  expect(inserted("ab", "abnew")).toEqual({ kept: "ab", added: "new" });
  expect(inserted("a old b", "a new b")).toEqual({ kept: "a  b", added: "new" });
  expect(inserted("aa", "aaa")).toEqual({ kept: "aa", added: "a" });
});

it("sends what was pasted behind the words, as it is", () => {
  expect(wholeText(" look: ", [{ key: 1, text: "  a\n" }, { key: 2, text: "b" }])).toBe("look:\n\n  a\n\n\nb");
  expect(wholeText("", [{ key: 1, text: " a " }])).toBe(" a ");
  expect(wholeLength("look:", [{ key: 1, text: "a" }])).toBe("look:\n\na".length);
  expect(wholeLength(" ", [{ key: 1, text: "a" }])).toBe(1);
});
