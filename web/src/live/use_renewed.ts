import { useEffect } from "react";
import { liveState, onFrames, onStale } from "./live_bus";
import type { Frame } from "./frame";

/** What is read from the platform, and again when events say that it may be another. */
interface Renewed {
  load(): Promise<void>;
  notice(frames: readonly Frame[]): void;
  stop(): void;
}

/** Keeps something current for as long as the caller is shown. Undefined: nothing is wanted. */
export function useRenewed(wanted: Renewed | undefined): void {
  useEffect(() => {
    if (!wanted) return;
    void wanted.load();
    const leaveFrames = onFrames((frames) => wanted.notice(frames));
    // What happened while the socket was down came without events.
    const leaveState = liveState.subscribe(() => {
      if (liveState.get() === "live") void wanted.load();
    });
    const leaveStale = onStale(() => void wanted.load());
    return () => {
      leaveStale();
      leaveState();
      leaveFrames();
      wanted.stop();
    };
  }, [wanted]);
}
