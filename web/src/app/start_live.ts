import { ApiError } from "@/api/api_error";
import { listEvents } from "@/api/events_api";
import { addressOf } from "@/api/root";
import type { Workspace } from "@/api/workspace";
import { marksStore } from "@/canvas/marks";
import { getWorkspace, listWorkspaces } from "@/api/workspaces_api";
import { LiveConnection, type LiveState, type Socket } from "@/live/connection";
import type { Frame } from "@/live/frame";
import { connection as liveConnection, knownAt, liveState, publishFrames, publishStale } from "@/live/live_bus";
import { ReadAgain } from "@/live/read_again";
import { apply } from "@/model/apply";
import { applyToThreads, threadsStore } from "@/model/chat_store";
import { applyHop, hopsStore, pruneHops } from "@/model/hops";
import { orgStore, withoutWorkspace, withPicture, withWorkspace, type Org } from "@/model/org";
import { applyTask, pruneTasks, readableMs, recentTasksStore } from "@/model/recent_tasks";
import { learnTime, now } from "@/ui/clock";
import { toast } from "@/ui/toast";
import { routeStore } from "./routes";

export interface LiveProblems {
  onLoadFailure: (error: unknown) => void;
  onLoaded: () => void;
  onSignedOut: () => void;
}

const pruneEveryMs = 60_000;
/** How far back in the log edges are looked for when the page opens. */
const pastEvents = 500;

/** Draws the delegations of before this page was opened; `until` is where its live events begin. */
async function recallHops(until: number): Promise<void> {
  const past = await listEvents(pastEvents);
  let hops = hopsStore.get();
  for (const { event_type, workspace_id, payload, created_at, seq } of past.toReversed()) {
    if (workspace_id === null || seq === undefined || seq > until) continue;
    hops = applyHop(hops, { event: event_type, workspace_id, payload, at: Date.parse(created_at), seq, transient: false } as Frame);
  }
  hopsStore.set(pruneHops(hops, now()));
}

function openSocket(since: number): Socket {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${window.location.host}${addressOf("/ws")}?since=${since}`);
  const face: Socket = {
    onmessage: null,
    onclose: null,
    close: () => {
      // Closing before it has opened would be reported as an error in the console.
      if (socket.readyState === WebSocket.CONNECTING) socket.addEventListener("open", () => socket.close());
      else socket.close();
    },
  };
  socket.addEventListener("message", ({ data }) => face.onmessage?.({ data }));
  socket.addEventListener("close", ({ code }) => face.onclose?.(code));
  return face;
}

/** Reads again what an event told too little about. */
const incomplete = new ReadAgain<Workspace>(
  getWorkspace,
  (id, workspace) => {
    if (workspace.status === "removed") return;
    const known = orgStore.get().workspaces.get(id);
    // A single read leaves out what only lists tell; the event's own word stands for those.
    orgStore.set(withWorkspace(orgStore.get(), known ? { ...workspace, current_task: known.current_task } : workspace));
  },
  (id, error) => {
    if (error instanceof ApiError && (error.status === 404 || error.status === 410)) orgStore.set(withoutWorkspace(orgStore.get(), id));
  },
);

/** The open workspace was deleted by somebody else: its panel closes, and not without a word. */
function tellRemoved(org: Org, id: string): void {
  const gone = org.workspaces.get(id);
  if (gone && routeStore.get().workspace === id && !marksStore.get().leaving.has(id)) toast("info", `${gone.name} was deleted elsewhere`);
}

/** The position of the newest picture: what happened up to there is in it, and events of it must not set it back. */
let pictured = 0;

function takeFrames(frames: Frame[]): void {
  let org = orgStore.get();
  let threads = threadsStore.get();
  let hops = hopsStore.get();
  let recent = recentTasksStore.get();
  for (const frame of frames) {
    learnTime(frame.at);
    if (frame.event === "WORKSPACE_REMOVED" && frame.seq > pictured) tellRemoved(org, frame.workspace_id);
    if (frame.transient || frame.seq > pictured) {
      const applied = apply(org, frame);
      org = applied.org;
      incomplete.noticed(frame.workspace_id);
      if (applied.incomplete !== undefined) incomplete.want(applied.incomplete);
    }
    threads = applyToThreads(threads, frame);
    hops = applyHop(hops, frame);
    recent = applyTask(recent, frame, now());
  }
  orgStore.set(org);
  threadsStore.set(threads);
  hopsStore.set(hops);
  if (recent !== recentTasksStore.get()) {
    recentTasksStore.set(recent);
    setTimeout(() => recentTasksStore.set(pruneTasks(recentTasksStore.get(), now())), readableMs);
  }
  publishFrames(frames);
}

/** Starts the page's one connection; answers with how to try again and how to end it. */
export function startLive(problems: LiveProblems): { retry: () => void; stop: () => void } {
  let wasDown = false;
  let recalled = false;
  const connection = new LiveConnection<Workspace[]>(
    {
      snapshot: async () => {
        const { workspaces, seq } = await listWorkspaces();
        if (!recalled) {
          recalled = true;
          // Edges of the past are an extra: without them the page is whole.
          recallHops(seq).catch(() => undefined);
        }
        return { picture: workspaces, seq };
      },
      open: openSocket,
      after: (milliseconds, run) => {
        const timer = setTimeout(run, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    {
      onPicture: (picture, seq) => {
        pictured = seq;
        knownAt.set(now());
        orgStore.set(withPicture(orgStore.get(), picture));
        problems.onLoaded();
      },
      onFrames: takeFrames,
      onGap: () => {
        hopsStore.set(new Map());
        recallHops(pictured).catch(() => undefined);
        publishStale();
      },
      onPolled: publishStale,
      onState: (state: LiveState) => {
        if (liveState.get() === "live") knownAt.set(now());
        liveState.set(state);
        if (state === "reconnecting" || state === "offline") wasDown = true;
        if (state === "live" && wasDown) {
          wasDown = false;
          toast("success", "Live updates restored");
        }
      },
      onLoadFailure: (error) => problems.onLoadFailure(error),
      onPollFailure: (error) => {
        if (error instanceof ApiError && error.status === 401) problems.onSignedOut();
      },
    },
  );
  liveConnection.reconnect = () => connection.reconnect();
  const hurry = () => connection.hurry();
  window.addEventListener("online", hurry);
  const pruning = setInterval(() => hopsStore.set(pruneHops(hopsStore.get(), now())), pruneEveryMs);
  connection.start();
  return {
    retry: () => connection.retry(),
    stop: () => {
      window.removeEventListener("online", hurry);
      clearInterval(pruning);
      connection.stop();
    },
  };
}
