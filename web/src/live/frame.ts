import { textMember } from "@/api/a2a_text";
import type { EventPayloads } from "@/api/wire";
import { now } from "@/ui/clock";

export type EventName = keyof EventPayloads;

/** What an event of this kind brings, by the platform's names. A value may be odd, so each is looked at before it is used. */
export type Brought<K extends EventName> = { readonly [M in keyof EventPayloads[K]]?: unknown };

interface Told<K extends EventName> {
  event: K;
  workspace_id: string;
  /** Milliseconds since the epoch. */
  at: number;
  payload: Brought<K>;
  seq: number;
  /** A latest-value frame: it does not advance the position in the log. */
  transient: boolean;
}

/** One event as it arrives on the socket. A newer platform may tell of others besides: whoever reads frames passes them over. */
export type Frame = { [K in EventName]: Told<K> }[EventName];

/** The words of one member; undefined when there are none. */
export const wordsOf = <P extends object>(payload: P, member: keyof P & string) => textMember(payload, member);

/** The first frame of every connection. */
export interface Hello {
  event: "HELLO";
  seq: number;
  resumed: boolean;
}

/** Reads a text frame; undefined for anything that is not an event. */
export function readFrame(text: string): Frame | Hello | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof raw !== "object" || raw === null) return undefined;
  const fields = raw as Record<string, unknown>;
  if (typeof fields.event !== "string") return undefined;
  const seq = typeof fields.seq === "number" ? fields.seq : 0;
  if (fields.event === "HELLO") return { event: "HELLO", seq, resumed: fields.resumed === true };
  const at = typeof fields.timestamp === "string" ? Date.parse(fields.timestamp) : Number.NaN;
  const payload = fields.payload;
  return {
    event: fields.event,
    workspace_id: typeof fields.workspace_id === "string" ? fields.workspace_id : "",
    at: Number.isNaN(at) ? now() : at,
    payload: typeof payload === "object" && payload !== null ? payload : {},
    seq,
    transient: fields.transient === true,
  } as Frame;
}

export function isHello(frame: Frame | Hello): frame is Hello {
  return frame.event === "HELLO";
}
