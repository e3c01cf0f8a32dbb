import type { Workspace } from "@/api/workspace";

/** What the platform does to a workspace and what happens to its agent, which is a process of its own somewhere. */
export type Lifecycle = "pause" | "resume" | "restart";

const inTeam = (team: number): string => (team === 0 ? "" : team === 1 ? " The workspace in its team goes along." : ` The ${team} workspaces in its team go along.`);

/** What it means, to be read before it is done. `team` is how many stand below the workspace. */
export function beforehand(what: Lifecycle, { name }: Pick<Workspace, "name">, team: number): string {
  switch (what) {
    case "pause":
      return `The agent of ${name} keeps running where it was started and is told to wait; messages to it wait here.${inTeam(team)}`;
    case "resume":
      return `Messages that waited are handed to the agent of ${name}.${inTeam(team)}`;
    case "restart":
      return `The platform starts no agents: where ${name}’s runs, its owner restarts it.`;
  }
}

/** What a pause did, to be read after it. `who` is them with their verb: "pm is", "3 workspaces are". */
export const afterPause = (who: string, count: number): string =>
  count === 1 ? `${who} paused. Its agent goes on running and waits; messages to it wait here.` : `${who} paused. Their agents go on running and wait; messages to them wait here.`;
