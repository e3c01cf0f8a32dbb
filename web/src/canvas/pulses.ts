import type { Frame } from "@/live/frame";
import { orgStore, type Org } from "@/model/org";
import { Store } from "@/ui/store";

/** So long a card's border pulses. */
export const pulseMs = 1400;
/** Cards that pulse at once; where more would, nobody could tell one from another. */
export const pulsesMax = 100;

/** Cards whose border pulses, because a lead and somebody in its team have just talked: the one is drawn in the other. */
export const pulsesStore = new Store<ReadonlySet<string>>(new Set());

const told = new Set<Frame["event"]>(["DELEGATION_SENT", "DELEGATION_COMPLETE", "DELEGATION_FAILED"]);

/** The cards to pulse after some events. */
export function talkingInTeams(org: Org, frames: readonly Frame[]): string[] {
  const ids = new Set<string>();
  for (const frame of frames) {
    if (!told.has(frame.event)) continue;
    const to = (frame.payload as { target_id?: unknown }).target_id;
    const [one, other] = [org.workspaces.get(frame.workspace_id), typeof to === "string" ? org.workspaces.get(to) : undefined];
    if (one && other && (one.parent_id === other.id || other.parent_id === one.id)) ids.add(one.id).add(other.id);
  }
  return [...ids];
}

export function pulse(frames: readonly Frame[]): void {
  const now = pulsesStore.get();
  const fresh = talkingInTeams(orgStore.get(), frames).filter((id) => !now.has(id));
  if (fresh.length === 0 || now.size + fresh.length > pulsesMax) return;
  pulsesStore.set(new Set([...now, ...fresh]));
  setTimeout(() => pulsesStore.set(new Set([...pulsesStore.get()].filter((id) => !fresh.includes(id)))), pulseMs);
}
