import { cutText } from "./cut_text";

/** So much of a text is formatted, in UTF-16 units: a millisecond parses 20 to 60 of them, and the time grows faster than the text. */
export const maxFormatted = 8 * 1024;
/** So much plain text is added to the page at once. */
export const maxPiece = 32 * 1024;
/** A line that is longer is taken apart: breaking it takes a browser time that grows with the square of its length. */
export const maxRun = 4096;
/** A long text without formats shows so many lines before its fold. */
export const maxUnfolded = 300;
/** So many lines are added at once; laying out a line takes a browser as long as many words. */
export const maxPieceLines = 1000;
/** Quotes and lists that begin on one line; the parser's time grows with the square of their number. */
export const maxNesting = 32;
/** Cells of all tables together. A row gets as many as its table has columns, however few it writes. */
export const maxCells = 2000;

/** One character may reach this far beyond the place of a cut. */
const reach = 64;
const tooNested = new RegExp(`^(?:[ \\t]*(?:>|[-*+](?=\\s)|\\d{1,9}[.)](?=\\s))){${maxNesting + 1}}`, "m");
/** What the line below a table's heads is made of, in a list or quote too. */
const columnsLine = /^[-:| \t>*+\d.)]+$/;

export interface LongText {
  /** What is shown at once. */
  beginning: string;
  /** Whether the beginning is formatted; what would take too long is shown as it is. */
  formats: boolean;
  /** What follows the beginning, shown as it is when someone asks for it. */
  rest: string;
}

/** Cuts a text where formatting ends: after a paragraph, else a line, else a character. */
export function divide(text: string): LongText {
  const first = text.length <= maxFormatted ? text : beginning(text, 0, maxFormatted);
  return { beginning: first, formats: !tooNested.test(first) && cellsOf(first) <= maxCells, rest: text.slice(first.length) };
}

/** A text as pieces that a page can take one after the other. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const long = text.length - at <= maxPiece ? text.slice(at) : beginning(text, at, maxPiece);
    const piece = withoutLongRun(firstLines(long, maxPieceLines));
    pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}

/** Cuts a text that is shown as it is where it is folded. */
export function fold(text: string): { beginning: string; rest: string } {
  const first = firstLines(text.length <= maxFormatted ? text : beginning(text, 0, maxFormatted), maxUnfolded);
  return { beginning: first, rest: text.slice(first.length) };
}

/** A text up to its first line that is too long, or the first part of that one. */
function withoutLongRun(text: string): string {
  for (let at = 0; text.length - at > maxRun; ) {
    const end = text.indexOf("\n", at);
    if (end >= 0 && end - at <= maxRun) at = end + 1;
    else return at > 0 ? text.slice(0, at) : firstRun(text);
  }
  return text;
}

function firstRun(line: string): string {
  const run = cutText(line.slice(0, maxRun + reach), maxRun);
  const space = run.lastIndexOf(" ");
  return space >= maxRun / 2 ? run.slice(0, space + 1) : run;
}

function firstLines(text: string, most: number): string {
  let end = 0;
  for (let lines = 0; lines < most; lines += 1) {
    end = text.indexOf("\n", end) + 1;
    if (end === 0) return text;
  }
  return text.slice(0, end);
}

export function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

function beginning(text: string, at: number, max: number): string {
  // Only the stretch that is cut is looked at: the whole may be megabytes long.
  const stretch = text.slice(at, at + max + reach);
  for (const end of ["\n\n", "\n"]) {
    const found = stretch.lastIndexOf(end, max - end.length);
    if (found >= max / 2) return stretch.slice(0, found + end.length);
  }
  return cutText(stretch, max);
}

/** At least as many cells as the tables of a text would have. */
function cellsOf(text: string): number {
  let cells = 0;
  let columns = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") columns = 0;
    else if (line.includes("|") && columnsLine.test(line)) columns = Math.max(columns, line.split("|").length);
    cells += columns;
  }
  return cells;
}
