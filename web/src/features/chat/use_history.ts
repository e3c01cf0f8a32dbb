import { useEffect, useMemo } from "react";
import { liveState, onStale } from "@/live/live_bus";
import { useSelected } from "@/ui/store";
import { ChatHistory, type HistoryState } from "./chat_history";
import { readOn, restoreUnconfirmed } from "./chat_session";

export interface History extends HistoryState {
  reload: () => void;
  loadOlder: () => void;
}

/** A workspace's conversation as the platform keeps it, read again after each reconnect, and older pages on request. */
export function useHistory(workspaceId: string): History {
  const history = useMemo(() => new ChatHistory(workspaceId), [workspaceId]);
  const state = useSelected(history.state, (value) => value);

  useEffect(() => {
    const stop = history.start();
    const leave = liveState.subscribe(() => {
      if (liveState.get() === "live") void history.read();
    });
    const leaveStale = onStale(() => void history.read());
    return () => {
      leaveStale();
      leave();
      stop();
    };
  }, [history]);

  const read = !state.loading && state.error === undefined;
  useEffect(() => {
    // Only a conversation that was read can tell which messages the platform has.
    if (read) restoreUnconfirmed(workspaceId);
    if (read) readOn(workspaceId);
  }, [read, workspaceId]);

  return { ...state, reload: () => void history.read(), loadOlder: () => void history.readOlder() };
}
