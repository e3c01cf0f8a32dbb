import type { Workspace } from "@/api/workspace";
import type { DeadLetter, Question } from "@/api/wire";
import type { Org } from "./org";
import { isRemote, unconfigured } from "./selectors";

/** Something that goes on only when a person does something. */
export type Need =
  | { kind: "question"; key: string; question: Question }
  | { kind: "letter"; key: string; letter: DeadLetter }
  | { kind: "agent"; key: string; workspace: Workspace; trouble: Trouble };

export type Trouble = "failed" | "degraded" | "unconfigured" | "waiting";

/** Why somebody should look after an agent; undefined: nobody need. */
export function troubleOf(workspace: Workspace): Trouble | undefined {
  const { status } = workspace;
  if (unconfigured(workspace) !== undefined) return "unconfigured";
  if (status === "failed" || status === "degraded") return status;
  return status === "awaiting_agent" ? "waiting" : undefined;
}

const collator = new Intl.Collator();
const ranks: Record<Trouble, number> = { failed: 0, degraded: 1, unconfigured: 2, waiting: 3 };

/** Agents that somebody should look after, the worst first. */
export function troubled(org: Org): Workspace[] {
  const rank = (workspace: Workspace) => ranks[troubleOf(workspace) ?? "waiting"];
  return [...org.workspaces.values()].filter((each) => troubleOf(each) !== undefined).sort((a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name));
}

/** All that waits for a person: who is asked first, then what nobody answered, then agents in trouble. */
export function needsOf(org: Org, questions: readonly Question[], letters: readonly DeadLetter[]): Need[] {
  return [
    ...questions.filter(({ workspace_id }) => org.workspaces.has(workspace_id)).map((question): Need => ({ kind: "question", key: question.id, question })),
    ...letters.map((letter): Need => ({ kind: "letter", key: letter.id, letter })),
    ...troubled(org).map((workspace): Need => ({ kind: "agent", key: workspace.id, workspace, trouble: troubleOf(workspace) ?? "waiting" })),
  ];
}

/** How many there are. */
export function countNeeds(org: Org, questions: readonly Question[], letters: readonly DeadLetter[]): number {
  let count = letters.length;
  for (const { workspace_id } of questions) if (org.workspaces.has(workspace_id)) count += 1;
  for (const workspace of org.workspaces.values()) if (troubleOf(workspace) !== undefined) count += 1;
  return count;
}

/** A count as it is shown where there is little room. */
export const shortCount = (count: number): string => (count > 99 ? "99+" : String(count));

/** What to do next about an agent in trouble. */
export function nextStep(workspace: Workspace): string {
  switch (troubleOf(workspace)) {
    case "failed":
      return isRemote(workspace) ? "It could not be started. Look at what its machine says, then start it there again." : "It could not be started. Mend what the error names, then restart it.";
    case "degraded":
      return "It runs, and much of its work fails. Its activity shows which; when the cause is gone it recovers by itself.";
    case "unconfigured":
      return "It runs, and lacks what its agent names: often a key among its secrets. Its agent looks when it starts again.";
    case "waiting":
      return "No agent has connected to it yet. Its details have the lines to start one with.";
    case undefined:
      return "";
  }
}
