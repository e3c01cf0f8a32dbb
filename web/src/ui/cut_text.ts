const graphemes = "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : undefined;

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** The beginning of a text, at most `max` UTF-16 units long, never ending inside of what people see as one character. */
export function cutText(text: string, max: number, segmenter: Pick<Intl.Segmenter, "segment"> | undefined = graphemes): string {
  if (text.length <= max) return text;
  if (max <= 0) return "";
  // One character may be longer than all that is asked for; half of it would be no text at all.
  const end = segmenter?.segment(text).containing(max)?.index ?? max;
  const whole = isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end;
  return text.slice(0, whole);
}
