import { messageOf } from "@/api/api_error";
import { cancelTask, readStanding, tasksUnderWay } from "@/api/tasks_api";
import type { Workspace } from "@/api/workspace";
import { orgStore, type Org } from "@/model/org";
import { toast } from "@/ui/toast";
import { askEach } from "./deeds";

/** At work, as its agent says. */
export const isAtWork = ({ active_tasks, current_task }: Workspace): boolean => active_tasks > 0 || current_task !== "";

/** Those at work, by name. */
export const atWork = (org: Org): Workspace[] => [...org.workspaces.values()].filter(isAtWork).sort((a, b) => a.name.localeCompare(b.name));

interface Outcome {
  stopped: number;
  /** Asked to stop, and not stopped yet, or its agent cannot be stopped. */
  goesOn: number;
}

async function stopOne(id: string): Promise<Outcome> {
  const outcome: Outcome = { stopped: 0, goesOn: 0 };
  await askEach(await tasksUnderWay(id), async (task) => {
    try {
      if (readStanding(await cancelTask(id, task))?.state === "canceled") outcome.stopped += 1;
      else outcome.goesOn += 1;
    } catch {
      outcome.goesOn += 1;
    }
  });
  return outcome;
}

const tasks = (count: number): string => (count === 1 ? "1 task" : `${count} tasks`);

/** Calls off what these agents are working on. Only an agent ends its work, so what goes on is told. */
export async function stopWork(ids: readonly string[]): Promise<void> {
  const all: Outcome = { stopped: 0, goesOn: 0 };
  try {
    await askEach(ids, async (id) => {
      const { stopped, goesOn } = await stopOne(id);
      all.stopped += stopped;
      all.goesOn += goesOn;
    });
  } catch (error) {
    toast("error", `Not everything could be stopped: ${messageOf(error)}`);
  }
  const who = ids.length === 1 ? (orgStore.get().workspaces.get(ids[0] ?? "")?.name ?? "It") : `${ids.length} workspaces`;
  if (all.stopped + all.goesOn === 0) return void toast("info", `${who}: nothing that came through the platform is being worked on`);
  const words = `${who}: ${tasks(all.stopped)} stopped${all.goesOn > 0 ? `, ${tasks(all.goesOn)} cannot be stopped and ${all.goesOn === 1 ? "goes" : "go"} on` : ""}`;
  toast(all.goesOn > 0 ? "info" : "success", words);
}
