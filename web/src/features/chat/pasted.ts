import { countLines } from "@/ui/long_text";

/** A long text of a message that is being written, beside the field: a field with such a text would stand still. */
export interface Pasted {
  key: number;
  text: string;
}

/** What a field takes at once without being felt, in characters and in lines. */
export const fieldCharactersMax = 20_000;
export const fieldLinesMax = 1000;

export const isLong = (text: string): boolean => text.length > fieldCharactersMax || countLines(text) > fieldLinesMax;

/** What was put into a text to make it another: all but what both have at their beginning and end. */
export function inserted(before: string, after: string): { kept: string; added: string } {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return { kept: after.slice(0, head) + after.slice(after.length - tail), added: after.slice(head, after.length - tail) };
}

const partsOf = (text: string, pasted: readonly Pasted[]): string[] => [text.trim(), ...pasted.map((each) => each.text)].filter((each) => each !== "");
const between = "\n\n";

/** What is sent: the words of the field, and behind them what was pasted. */
export const wholeText = (text: string, pasted: readonly Pasted[]): string => partsOf(text, pasted).join(between);

export const wholeLength = (text: string, pasted: readonly Pasted[]): number =>
  partsOf(text, pasted).reduce((sum, part, index) => sum + part.length + (index > 0 ? between.length : 0), 0);
