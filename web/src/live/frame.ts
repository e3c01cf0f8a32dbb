import { now } from "@/ui/clock";

/** One event as it arrives on the socket. */
export interface Frame {
  event: string;
  workspace_id: string;
  /** Milliseconds since the epoch. */
  at: number;
  payload: Record<string, unknown>;
  seq: number;
  /** A latest-value frame: it does not advance the position in the log. */
  transient: boolean;
}

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
    payload: typeof payload === "object" && payload !== null ? (payload as Record<string, unknown>) : {},
    seq,
    transient: fields.transient === true,
  };
}

export function isHello(frame: Frame | Hello): frame is Hello {
  return frame.event === "HELLO";
}
