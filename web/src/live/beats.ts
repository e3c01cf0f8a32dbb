import { Store } from "@/ui/store";
import type { Frame } from "./frame";
import { onFrames } from "./live_bus";

/** A heartbeat as it came, with how much its agent had to do. */
export interface Beat {
  at: number;
  tasks: number;
}

export type Beats = ReadonlyMap<string, readonly Beat[]>;

/** So long a heartbeat is remembered. */
export const beatsMs = 10 * 60_000;
const perWorkspaceMax = 120;
/** Workspaces whose heartbeats are remembered; the platform keeps none, and nobody looks at more. */
export const workspacesMax = 10_000;

/** The heartbeats since this page was opened. */
export const beatsStore = new Store<Beats>(new Map());

/** The heartbeats after some events; the same map where none came. */
export function withBeats(beats: Beats, frames: readonly Frame[]): Beats {
  let next: Map<string, readonly Beat[]> | undefined;
  for (const frame of frames) {
    if (frame.event !== "WORKSPACE_HEARTBEAT" || frame.workspace_id === "") continue;
    next ??= new Map(beats);
    // Whoever was heard last stands last; those that are silent for long give their places up.
    const before = next.get(frame.workspace_id) ?? [];
    next.delete(frame.workspace_id);
    for (const [id, heard] of next) {
      if (frame.at - (heard.at(-1)?.at ?? 0) < beatsMs) break;
      next.delete(id);
    }
    if (next.size >= workspacesMax) continue;
    const tasks = typeof frame.payload.active_tasks === "number" ? frame.payload.active_tasks : 0;
    next.set(frame.workspace_id, [...before.filter(({ at }) => frame.at - at < beatsMs), { at: frame.at, tasks }].slice(-perWorkspaceMax));
  }
  return next ?? beats;
}

/** Begins to remember heartbeats; answers with how to end that. */
export const collectBeats = (): (() => void) => onFrames((frames) => beatsStore.set(withBeats(beatsStore.get(), frames)));

/** The most tasks in each part of the time until `now`; undefined: no heartbeat came in it. */
export function beatBars(beats: readonly Beat[], now: number, count: number): (number | undefined)[] {
  const bars: (number | undefined)[] = Array.from({ length: count }, () => undefined);
  for (const { at, tasks } of beats) {
    const index = count - 1 - Math.floor(((now - at) / beatsMs) * count);
    if (index >= 0 && index < count) bars[index] = Math.max(bars[index] ?? 0, tasks);
  }
  return bars;
}
