import { expect, it } from "vitest";
import { edited, noSecret, secretShape, taken } from "./secret_text";

const pem = "-----BEGIN KEY-----\nMIIE\nvQIB\n-----END KEY-----\n";

it("keeps what was pasted byte for byte, whatever its lines end with", () => {
  for (const text of [pem, pem.replaceAll("\n", "\r\n"), "a\rb", " padded \t", "mixed\nends\r\n"]) expect(taken(text).exact).toBe(text);
  expect(taken("a\r\nb").shown).toBe("a\nb");
});

it("lets it be edited without another kind of line end", () => {
  expect(edited(taken("a\r\nb\r\n"), "a\nbc\n").exact).toBe("a\r\nbc\r\n");
  expect(edited(taken("a\nb"), "a\nb\n").exact).toBe("a\nb\n");
  expect(edited(noSecret, "x\ny").exact).toBe("x\ny");
});

it("says what has more than one line", () => {
  expect(secretShape(taken("one"))).toBeUndefined();
  expect(secretShape(taken(pem))).toBe("4 lines, 48 bytes. Kept exactly so.");
  expect(secretShape(taken("a\r\nb\r\n"))).toContain("CR");
});
