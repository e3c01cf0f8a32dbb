/** What a card may weigh, in bytes of its JSON, as the platform takes it. */
export const cardBytesMax = 256 * 1024;

/** A card as text to be edited. */
export const cardText = (card: unknown): string => (card === null || card === undefined ? "{\n  \n}" : JSON.stringify(card, null, 2));

/** The card that a text is, or why it is none. */
export function readCardText(text: string): { card: Record<string, unknown> } | { flaw: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { flaw: `This is not JSON yet: ${placed(error instanceof Error ? error.message : String(error), text)}.` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { flaw: "A card is one object in braces: { … }." };
  const { name, skills } = value as Record<string, unknown>;
  if (name !== undefined && typeof name !== "string") return { flaw: "The card’s name is a text." };
  if (skills !== undefined && !Array.isArray(skills)) return { flaw: "The card’s skills are a list: [ … ]." };
  const bytes = new TextEncoder().encode(JSON.stringify(value)).length;
  if (bytes > cardBytesMax) return { flaw: `A card has at most ${cardBytesMax / 1024} KiB; this one has ${Math.ceil(bytes / 1024)}.` };
  return { card: value as Record<string, unknown> };
}

/** Browsers tell the place by its number or by line and column; people look for the line. */
function placed(message: string, text: string): string {
  const at = /position (\d+)/.exec(message)?.[1];
  if (at === undefined || /line \d+/.test(message)) return message;
  return `${message} (line ${text.slice(0, Number(at)).split("\n").length})`;
}
