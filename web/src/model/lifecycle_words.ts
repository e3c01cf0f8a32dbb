import type { Workspace } from "@/api/workspace";
import { joinsByItself } from "./selectors";

/** What the platform does to a workspace and what happens to its agent, which is a process of its own somewhere. */
export type Lifecycle = "pause" | "resume" | "restart";

const inTeam = (team: number): string => (team === 0 ? "" : team === 1 ? " The workspace in its team goes along." : ` The ${team} workspaces in its team go along.`);

/** What it means, to be read before it is done. `team` is how many stand below the workspace. */
export function beforehand(what: Lifecycle, workspace: Workspace, team: number): string {
  const { name } = workspace;
  const here = !joinsByItself(workspace);
  switch (what) {
    case "pause":
      if (here) return `The agent of ${name} is ended and its files are kept; messages to it wait here.${inTeam(team)}`;
      return `The agent of ${name} keeps running where it was started and is told to wait; messages to it wait here.${inTeam(team)}`;
    case "resume":
      if (here) return `The agent of ${name} is started again and gets the messages that waited.${inTeam(team)}`;
      return `Messages that waited are handed to the agent of ${name}.${inTeam(team)}`;
    case "restart":
      return here ? `The agent of ${name} is ended and started anew; its files stay.` : `Where the agent of ${name} runs, its owner restarts it.`;
  }
}

/** What a pause did, to be read after it. `who` is them with their verb: "pm is", "3 workspaces are"; `elsewhere`: their agents run where their owners started them. */
export function afterPause(who: string, count: number, elsewhere = true): string {
  if (!elsewhere) return `${who} paused. Messages to ${count === 1 ? "it" : "them"} wait here.`;
  return count === 1
    ? `${who} paused. Its agent goes on running and waits; messages to it wait here.`
    : `${who} paused. Their agents go on running and wait; messages to them wait here.`;
}
