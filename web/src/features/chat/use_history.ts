import { useCallback, useEffect, useRef, useState } from "react";
import { listActivity } from "@/api/activity_api";
import { messageOf } from "@/api/api_error";
import { liveState } from "@/live/live_bus";
import { threadFromRows, withHistory } from "@/model/chat";
import { changeThread } from "@/model/chat_store";

const pageRows = 50;

export interface History {
  loading: boolean;
  error: string | undefined;
  more: boolean;
  reload: () => void;
  loadOlder: () => void;
}

/** Reads a workspace's conversation from the platform, again after each reconnect, and older pages on request. */
export function useHistory(workspaceId: string): History {
  const [state, setState] = useState<{ loading: boolean; error: string | undefined; more: boolean }>({
    loading: true,
    error: undefined,
    more: false,
  });
  const oldest = useRef<string | undefined>(undefined);
  const current = useRef(workspaceId);
  current.current = workspaceId;

  const read = useCallback(
    async (before: string | undefined) => {
      setState((was) => ({ ...was, loading: true, error: undefined }));
      try {
        const query = { type: "a2a_receive", source: "canvas", limit: pageRows } as const;
        const rows = await listActivity(workspaceId, before ? { ...query, before_ts: before } : query);
        changeThread(workspaceId, (thread) => withHistory(thread, threadFromRows(rows)));
        if (current.current !== workspaceId) return;
        const last = rows.at(-1)?.created_at;
        if (last && (before || oldest.current === undefined)) oldest.current = last;
        setState((was) => ({ loading: false, error: undefined, more: before || !was.more ? rows.length >= pageRows : was.more }));
      } catch (error) {
        if (current.current === workspaceId) setState((was) => ({ ...was, loading: false, error: messageOf(error) }));
      }
    },
    [workspaceId],
  );

  useEffect(() => {
    oldest.current = undefined;
    void read(undefined);
    return liveState.subscribe(() => {
      if (liveState.get() === "live") void read(undefined);
    });
  }, [read]);

  return {
    ...state,
    reload: () => void read(undefined),
    loadOlder: () => void read(oldest.current),
  };
}
