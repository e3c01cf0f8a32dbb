import { wordsOf, type Frame } from "@/live/frame";
import { Store } from "@/ui/store";

/** Tasks that began a moment ago, by workspace. Work of a few milliseconds is over before a card is drawn. */
export type RecentTasks = ReadonlyMap<string, { text: string; until: number }>;

/** A task stays readable for at least this long after it began. */
export const readableMs = 2000;
/** Workspaces remembered at once; more than this begin too much for anyone to read. */
export const recentMax = 500;

export const recentTasksStore = new Store<RecentTasks>(new Map());

/** The recent tasks after one event that arrived at `now`. */
export function applyTask(recent: RecentTasks, frame: Frame, now: number): RecentTasks {
  const text = frame.event === "TASK_UPDATED" ? wordsOf(frame.payload, "current_task") : undefined;
  if (text === undefined || (recent.size >= recentMax && !recent.has(frame.workspace_id))) return recent;
  return new Map(recent).set(frame.workspace_id, { text, until: now + readableMs });
}

/** Without those that were readable long enough; the same map when there is none. */
export function pruneTasks(recent: RecentTasks, now: number): RecentTasks {
  const fresh = [...recent].filter(([, task]) => task.until > now);
  return fresh.length === recent.size ? recent : new Map(fresh);
}
