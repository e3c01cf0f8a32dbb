import { useEffect } from "react";
import { liveState, onFrames, onStale } from "./live_bus";
import type { DeadLetters } from "./dead_letters";

/** Keeps dead letters current for as long as the caller is shown. Undefined: none are wanted. */
export function useDeadLetters(letters: DeadLetters | undefined): void {
  useEffect(() => {
    if (!letters) return;
    void letters.load();
    const leaveFrames = onFrames((frames) => letters.notice(frames));
    // What happened while the socket was down came without events.
    const leaveState = liveState.subscribe(() => {
      if (liveState.get() === "live") void letters.load();
    });
    const leaveStale = onStale(() => void letters.load());
    return () => {
      leaveStale();
      leaveState();
      leaveFrames();
      letters.stop();
    };
  }, [letters]);
}
