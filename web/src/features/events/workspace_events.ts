import type { PastEvent } from "@/api/events_api";
import type { Frame } from "@/live/frame";

/** An event as the list has it. */
export interface ShownEvent {
  seq: number;
  type: string;
  /** Milliseconds since the epoch. */
  at: number;
  payload: unknown;
}

/** Older ones are read up to this many. */
export const eventsMax = 1000;

export const fromPast = ({ seq, event_type, created_at, payload }: PastEvent): ShownEvent => ({
  seq,
  type: event_type,
  at: Date.parse(created_at),
  payload,
});

/** Of a batch that came live: what is kept in the log, about this workspace. */
export const fromFrames = (frames: readonly Frame[], workspaceId: string): ShownEvent[] =>
  frames
    .filter((frame) => !frame.transient && frame.workspace_id === workspaceId)
    .map(({ seq, event, at, payload }) => ({ seq, type: event, at, payload }));

/** Both together, newest first and none twice. */
export function merged(before: readonly ShownEvent[], more: readonly ShownEvent[]): ShownEvent[] {
  const known = new Map(before.map((each) => [each.seq, each]));
  for (const each of more) known.set(each.seq, each);
  return [...known.values()].sort((a, b) => b.seq - a.seq).slice(0, eventsMax);
}
