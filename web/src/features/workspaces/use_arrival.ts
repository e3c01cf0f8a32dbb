import { useEffect, useState } from "react";
import { textMember } from "@/api/a2a_text";
import { onFrames } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import { isReachable } from "@/model/selectors";
import { useSelected } from "@/ui/store";

/** How far an agent has come that is to hold a workspace, told by what the platform saw. */
export interface Arrival {
  registered: boolean;
  heard: boolean;
  answered: boolean;
  /** The last time somebody was refused as its agent, unless one was let in since. */
  refused: { at: number; why: string } | undefined;
}

/** Watches a workspace for its agent. `answered` may also be learned from an answer that came directly. */
export function useArrival(id: string): Arrival & { onAnswered: () => void } {
  const registered = useSelected(orgStore, (org) => {
    const workspace = org.workspaces.get(id);
    return workspace !== undefined && isReachable(workspace);
  });
  const everHeard = useSelected(orgStore, (org) => Boolean(org.workspaces.get(id)?.last_heartbeat_at));
  const [beat, setBeat] = useState(false);
  const [answered, setAnswered] = useState(false);
  const [refused, setRefused] = useState<Arrival["refused"]>();

  useEffect(
    () =>
      onFrames((frames) => {
        for (const frame of frames) {
          if (frame.workspace_id !== id) continue;
          if (frame.event === "WORKSPACE_HEARTBEAT") setBeat(true);
          if (frame.event === "AGENT_MESSAGE" || frame.event === "A2A_RESPONSE") setAnswered(true);
          if (frame.event === "AGENT_REFUSED") setRefused({ at: frame.at, why: textMember(frame.payload, "error") ?? "no reason was given" });
          if (frame.event === "WORKSPACE_ONLINE") setRefused(undefined);
        }
      }),
    [id],
  );

  return { registered, heard: beat || everHeard, answered, refused, onAnswered: () => setAnswered(true) };
}
