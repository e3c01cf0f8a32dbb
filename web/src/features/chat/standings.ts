import { useEffect } from "react";
import { getTask, readStanding, type Standing } from "@/api/tasks_api";
import { onFrames } from "@/live/live_bus";
import type { ChatMessage } from "@/model/chat";
import { Store } from "@/ui/store";
import { readOn } from "./chat_session";

/** Where the messages that are waited for stand, by their id, as the platform said last. */
export const standingsStore = new Store<ReadonlyMap<string, Standing>>(new Map());

/** Messages asked about at once, the newest. */
const watchedMax = 5;
/** Between two questions; an event of the workspace brings the next one forward. */
const askMinMs = 2000;
const askMaxMs = 15_000;
const gatherMs = 200;

const same = (a: Standing | undefined, b: Standing): boolean => JSON.stringify(a) === JSON.stringify(b);

function put(id: string, standing: Standing): void {
  const before = standingsStore.get();
  if (!same(before.get(id), standing)) standingsStore.set(new Map(before).set(id, standing));
}

function forget(ids: readonly string[]): void {
  const before = standingsStore.get();
  const after = new Map(before);
  for (const id of ids) after.delete(id);
  if (after.size < before.size) standingsStore.set(after);
}

/**
 * Keeps known where messages stand as long as they are waited for and looked at. No event tells when one is taken up,
 * so the platform is asked; once the agent has it, its answer is read as it comes.
 */
export function useStandings(workspaceId: string, open: readonly ChatMessage[]): void {
  const watched = open.flatMap(({ id, rowId }) => (rowId === undefined ? [] : [`${id} ${rowId}`])).slice(-watchedMax);
  const key = watched.join("\n");
  useEffect(() => {
    if (key === "") return;
    const turns = key.split("\n").map((each) => each.split(" ") as [string, string]);
    const abort = new AbortController();
    let pause = askMinMs;
    let timer: ReturnType<typeof setTimeout>;

    async function look() {
      let taken = false;
      for (const [id, rowId] of turns) {
        try {
          const standing = readStanding(await getTask(workspaceId, rowId, abort.signal));
          if (abort.signal.aborted) return;
          if (!standing) continue;
          taken ||= standing.word === "leased" || (standing.word === "seen" && standing.state !== "submitted");
          put(id, standing);
        } catch {
          if (abort.signal.aborted) return;
          // What is shown stays; the next question may be answered.
        }
      }
      if (taken) readOn(workspaceId);
      timer = setTimeout(() => void look(), pause);
      pause = Math.min(pause * 1.5, askMaxMs);
    }
    const next = (milliseconds: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => void look(), milliseconds);
    };
    timer = setTimeout(() => void look(), gatherMs);
    const leaveFrames = onFrames((frames) => {
      if (!frames.some((frame) => frame.workspace_id === workspaceId)) return;
      pause = askMinMs;
      next(gatherMs);
    });
    return () => {
      clearTimeout(timer);
      abort.abort();
      leaveFrames();
      forget(turns.map(([id]) => id));
    };
  }, [workspaceId, key]);
}
