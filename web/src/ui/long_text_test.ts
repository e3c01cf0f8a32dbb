import { expect, it } from "vitest";
import { divide, fold, maxCells, maxFormatted, maxNesting, maxPiece, maxPieceLines, maxRun, maxUnfolded, piecesOf } from "./long_text";

const paragraph = "Some **bold** words of a paragraph.\n\n- one\n- two\n\n";

it("formats a text of ordinary length whole", () => {
  expect(divide(paragraph)).toEqual({ beginning: paragraph, formats: true, rest: "" });
  const full = "x".repeat(maxFormatted);
  expect(divide(full)).toEqual({ beginning: full, formats: true, rest: "" });
});

it("formats only the beginning of a long text, up to the end of a paragraph, and loses nothing", () => {
  const text = paragraph.repeat(50_000);
  const { beginning, formats, rest } = divide(text);
  expect(formats).toBe(true);
  expect(beginning.length).toBeLessThanOrEqual(maxFormatted);
  expect(beginning.length).toBeGreaterThan(maxFormatted / 2);
  expect(beginning.endsWith("\n\n")).toBe(true);
  expect(beginning + rest).toBe(text);
});

it("cuts between characters where there is no line to cut at", () => {
  const text = `${"x".repeat(maxFormatted - 1)}🦊${"y".repeat(9)}`;
  expect(divide(text)).toEqual({ beginning: "x".repeat(maxFormatted - 1), formats: true, rest: `🦊${"y".repeat(9)}` });
});

it.each([">", "> ", "- ", "1. ", "- > "])("shows %j nested without end as it is", (marker) => {
  const text = `first\n${marker.repeat(maxNesting + 1)}x`;
  expect(divide(text)).toEqual({ beginning: text, formats: false, rest: "" });
  expect(divide(`${">".repeat(maxNesting)} x`).formats).toBe(true);
});

it.each(["", "> ", "- "])("shows tables of many cells behind %j as they are, also where few are written", (before) => {
  const table = (columns: number, rows: number) =>
    `${before}${"|a".repeat(columns)}|\n${before}${"|-".repeat(columns)}|\n${`${before}x\n`.repeat(rows)}`;
  expect(divide(table(10, 20)).formats).toBe(true);
  expect(divide(table(maxCells, 1)).formats).toBe(false);
  expect(divide(table(maxCells / 50, 60)).formats).toBe(false);
  expect(divide(`${table(30, 40)}\n`.repeat(2)).formats).toBe(false);
});

it("takes no rule for nested lists", () => {
  const rules = `${"-".repeat(80)}\n${"*".repeat(80)}\n`;
  expect(divide(rules).formats).toBe(true);
});

it("gives the rest in pieces that are bounded and together are all of it", () => {
  const text = paragraph.repeat(3000) + "🦊".repeat(maxPiece);
  const pieces = piecesOf(text);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(maxPiece);
  expect(pieces.join("")).toBe(text);
  // A lone half of a character.
  expect(pieces.some((piece) => /[\ud800-\udfff]/u.test(piece))).toBe(false);
  expect(piecesOf("")).toEqual([]);
});

it("bounds the lines of a piece, too", () => {
  const text = "x\n".repeat(maxPieceLines * 2 + 1);
  const pieces = piecesOf(text);
  expect(pieces.map((piece) => piece.split("\n").length - 1)).toEqual([maxPieceLines, maxPieceLines, 1]);
  expect(pieces.join("")).toBe(text);
});

it("takes lines apart that are too long, between words where there are any", () => {
  const text = `short\n${"x".repeat(maxRun * 2 + 1)}\n${"word ".repeat(maxRun / 2)}\nend`;
  const pieces = piecesOf(text);
  expect(pieces.join("")).toBe(text);
  expect(pieces.every((piece) => piece.split("\n").every((line) => line.length <= maxRun))).toBe(true);
  expect(pieces.filter((piece) => piece.startsWith("word")).every((piece) => /(word |end)$/.test(piece))).toBe(true);
  expect(piecesOf("🦊".repeat(maxRun)).some((piece) => /[\ud800-\udfff]/u.test(piece))).toBe(false);
});

it("folds a text without formats by its lines, too", () => {
  expect(fold("a\nb")).toEqual({ beginning: "a\nb", rest: "" });
  const { beginning, rest } = fold("x\n".repeat(maxUnfolded + 1));
  expect([beginning.length, rest]).toEqual([maxUnfolded * 2, "x\n"]);
});
