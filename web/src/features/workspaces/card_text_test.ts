import { expect, test } from "vitest";
import { cardBytesMax, cardText, readCardText } from "./card_text";

const flawOf = (text: string) => {
  const read = readCardText(text);
  return "flaw" in read ? read.flaw : undefined;
};

test("a card is read back from its text as it was", () => {
  const card = { name: "alpha", skills: [{ id: "a", examples: ["“quoted”"] }], extra: { deep: [1, null] } };
  expect(readCardText(cardText(card))).toEqual({ card });
  expect(readCardText(cardText(null))).toEqual({ card: {} });
});

test("what is no card is told with its line, before it is sent", () => {
  expect(flawOf('{\n  "name": "alpha"\n  "skills": []\n}')).toMatch(/not JSON yet.*line 3/);
  expect(flawOf('{ "name": ')).toMatch(/not JSON yet/);
  expect(flawOf("[1]")).toMatch(/one object/);
  expect(flawOf("null")).toMatch(/one object/);
  expect(flawOf('{"name": 3}')).toMatch(/name/);
  expect(flawOf('{"skills": {}}')).toMatch(/skills/);
  expect(flawOf(JSON.stringify({ name: "x".repeat(cardBytesMax) }))).toMatch(/at most 256 KiB/);
});
