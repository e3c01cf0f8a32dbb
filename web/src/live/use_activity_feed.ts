import { useEffect, useMemo } from "react";
import { useSelected } from "@/ui/store";
import { ActivityFeed, type FeedState } from "./activity_feed";
import { liveState, onFrames, onStale } from "./live_bus";

/** The feed of one workspace for as long as the caller is shown. `live` false stops following new events. */
export function useActivityFeed(
  workspaceId: string,
  query: { type?: string | undefined; source?: "canvas" | "agent" | undefined },
  live = true,
): { state: FeedState; feed: ActivityFeed } {
  const { type, source } = query;
  const feed = useMemo(
    () => new ActivityFeed(workspaceId, { ...(type ? { type } : {}), ...(source ? { source } : {}) }),
    [workspaceId, type, source],
  );

  useEffect(() => {
    feed.start();
    return () => feed.stop();
  }, [feed]);

  useEffect(() => {
    if (!live) return;
    const leaveFrames = onFrames((frames) => feed.notice(frames));
    // What happened while the socket was down came without events.
    const leaveState = liveState.subscribe(() => {
      if (liveState.get() === "live") void feed.load();
    });
    const leaveStale = onStale(() => void feed.load());
    return () => {
      leaveStale();
      leaveFrames();
      leaveState();
    };
  }, [feed, live]);

  return { state: useSelected(feed.state, (state) => state), feed };
}
