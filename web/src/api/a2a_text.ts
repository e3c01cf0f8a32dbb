/**
 * Reads the words out of an A2A body, whichever generation or wrapper it came in: parts tagged `kind`, `type` or
 * untagged, all artifacts, task status messages, the SDK's plain {result}. Unknown shapes give no text.
 */
export type Fields = Record<string, unknown>;
/** In the metadata of an artifact: its parts came one after the other, and its texts are one text. */
export const appendedMark = "molecule_appended";
const depthMax = 6;

export function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function partTexts(parts: unknown): string[] {
  if (!Array.isArray(parts)) return [];
  return parts.flatMap((part) => {
    const value = fields(part)?.text;
    return typeof value === "string" && value !== "" ? [value] : [];
  });
}

function artifactTexts(artifact: unknown): string[] {
  const texts = partTexts(fields(artifact)?.parts);
  return fields(fields(artifact)?.metadata)?.[appendedMark] === true && texts.length > 0 ? [texts.join("")] : texts;
}

function gather(value: unknown, depth: number): string[] {
  if (depth > depthMax) return [];
  if (typeof value === "string") return value === "" ? [] : [value];
  const body = fields(value);
  if (!body) return [];
  const found = partTexts(body.parts);
  if (Array.isArray(body.artifacts)) for (const artifact of body.artifacts) found.push(...artifactTexts(artifact));
  if (found.length > 0) return found;
  for (const key of ["result", "message", "msg", "task", "status", "text"]) {
    if (key === "status" && typeof body[key] === "string") continue;
    const inner = gather(body[key], depth + 1);
    if (inner.length > 0) return inner;
  }
  return [];
}

/** All the text of an answer; empty when there is none. */
export function answerText(body: unknown): string {
  return gather(body, 0).join("\n\n");
}

/** The text of the message inside a request body (JSON-RPC or its bare params). */
export function requestText(body: unknown): string {
  const outer = fields(body);
  const params = fields(outer?.params) ?? outer;
  return partTexts(fields(params?.message)?.parts).join("\n\n") || answerText(outer?.params ?? outer?.task ?? "");
}

/** The sender's own id of the message inside a request body. */
export function requestMessageId(body: unknown): string | undefined {
  const outer = fields(body);
  const params = fields(outer?.params) ?? outer;
  const message = fields(params?.message);
  const id = message?.messageId ?? message?.message_id;
  return typeof id === "string" ? id : undefined;
}

/** The words of a JSON-RPC error, when the body is one. */
export function errorText(body: unknown): string | undefined {
  const error = fields(body)?.error;
  if (typeof error === "string") return error;
  const message = fields(error)?.message;
  return typeof message === "string" ? message : undefined;
}

/** The member of an object that is a non-empty string, if it is one. */
export function textMember(body: unknown, key: string): string | undefined {
  const value = fields(body)?.[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}
