/** A text that must stay as it came, and how a field shows it: fields know only one kind of line end. */
export interface SecretText {
  /** What is kept, byte for byte. */
  exact: string;
  /** What the field holds. */
  shown: string;
}

export const noSecret: SecretText = { exact: "", shown: "" };

const asShown = (exact: string): string => exact.replace(/\r\n?/g, "\n");

/** Taken as it is: pasted as a whole, or read from a file. */
export const taken = (exact: string): SecretText => ({ exact, shown: asShown(exact) });

/** After somebody typed into the field: lines go on ending as they did. */
export function edited(before: SecretText, shown: string): SecretText {
  const ends = before.exact.match(/\r\n|\r|\n/g) ?? [];
  const end = ends.length > 0 && ends.every((each) => each === ends[0]) ? (ends[0] ?? "\n") : "\n";
  return { exact: shown.replaceAll("\n", end), shown };
}

/** What somebody pasted or chose, in words: a single line needs none. */
export function secretShape({ exact }: SecretText): string | undefined {
  const lines = exact.split(/\r\n|\r|\n/);
  if (lines.length === 1) return undefined;
  const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  const bytes = new TextEncoder().encode(exact).length;
  return `${count} ${count === 1 ? "line" : "lines"}, ${bytes} bytes${/\r/.test(exact) ? ", line ends as they came (CR)" : ""}. Kept exactly so.`;
}
