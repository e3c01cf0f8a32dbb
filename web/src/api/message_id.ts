/** The version and variant bits of a random UUID (RFC 9562, version 4). */
const versionAt = 6;
const variantAt = 8;

/**
 * A new id for a message. `crypto.randomUUID` exists only on pages that came over https or from this machine; the
 * random bytes below are there on every page.
 */
export function newMessageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[versionAt] = ((bytes[versionAt] ?? 0) & 0x0f) | 0x40;
  bytes[variantAt] = ((bytes[variantAt] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
