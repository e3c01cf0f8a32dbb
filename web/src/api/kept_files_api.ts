import { ApiError } from "./api_error";
import { requestBeginning } from "./request";

const id = "[0-9a-fA-F-]{36}";
const uri = new RegExp(`^platform-pending:(${id})/(${id})$`);
const place = new RegExp(`/workspaces/(${id})/attachments/(${id})$`);

/** The route of a file that a message names; nothing for what is not this platform's. */
export function placeOf(named: string, origin = typeof window === "undefined" ? "" : window.location.origin): string | undefined {
  const found = uri.exec(named) ?? (origin !== "" && named.startsWith(`${origin}/`) ? place.exec(named) : null);
  return found ? `/workspaces/${found[1]}/attachments/${found[2]}` : undefined;
}

export interface Beginning {
  /** What the platform found it to be, whatever a message calls it. */
  type: string;
  /** Of the whole file, in bytes. */
  size: number;
  bytes: Uint8Array;
}

/** The first bytes of a file that the platform keeps. Throws why it cannot be had. */
export async function readBeginning(path: string, most: number, signal?: AbortSignal): Promise<Beginning> {
  try {
    const { headers, bytes } = await requestBeginning(path, most, signal);
    const whole = Number(/\/(\d+)$/.exec(headers.get("Content-Range") ?? "")?.[1] ?? headers.get("Content-Length") ?? bytes.length);
    return { type: headers.get("Content-Type") ?? "", size: whole, bytes };
  } catch (error) {
    // Of a file without bytes no part can be given out.
    if (error instanceof ApiError && error.status === 416) return { type: "", size: 0, bytes: new Uint8Array() };
    throw error;
  }
}
