import { lackOf, type Workspace } from "@/api/workspace";
import type { WorkspaceStatus } from "@/api/wire";
import type { Org } from "./org";

/** The word for a status, as people read it. */
export const statusWords: Record<WorkspaceStatus, string> = {
  provisioning: "Starting",
  awaiting_agent: "Waiting for agent",
  online: "Online",
  degraded: "Degraded",
  offline: "Offline",
  paused: "Paused",
  hibernating: "Hibernating",
  hibernated: "Hibernated",
  failed: "Failed",
  removed: "Removed",
};

export const tierWords: Record<number, string> = { 1: "Sealed", 2: "Small", 3: "Standard", 4: "Large" };

export const isReachable = (workspace: Workspace): boolean =>
  workspace.status === "online" || workspace.status === "degraded";

/** What a workspace lacks to work, while it runs otherwise well. */
export const unconfigured = (workspace: Workspace): string | undefined => (workspace.status === "online" ? lackOf(workspace.agent_card) : undefined);

/** How a workspace stands, in a word. */
export const standingWord = (workspace: Workspace): string => (unconfigured(workspace) === undefined ? statusWords[workspace.status] : "Not configured");

/** Runtimes whose agents run elsewhere and join from there. */
const remoteRuntimes: ReadonlySet<string> = new Set(["external", "kimi", "kimi-cli"]);

export const isRemote = (workspace: Workspace): boolean => remoteRuntimes.has(workspace.runtime);

/** Nobody but its owner starts its agent, wherever that is. */
export const joinsByItself = (workspace: Workspace): boolean => isRemote(workspace) || workspace.runtime === "local";

export const childrenOf = (org: Org, id: string | null): readonly string[] => org.children.get(id) ?? [];

/** Everything below a workspace, parents before children. */
export function descendantsOf(org: Org, id: string): string[] {
  const found: string[] = [];
  const seen = new Set([id]);
  const open = [...childrenOf(org, id)];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    if (seen.has(next)) continue;
    seen.add(next);
    found.push(next);
    open.push(...childrenOf(org, next));
  }
  return found;
}

/** Those that a workspace may talk to: its team, its siblings and its lead. */
export function peersOf(org: Org, id: string): string[] {
  const parent = org.workspaces.get(id)?.parent_id ?? null;
  const siblings = childrenOf(org, parent).filter((each) => each !== id);
  return [...childrenOf(org, id), ...siblings, ...(parent === null ? [] : [parent])];
}

/** Why `id` cannot move under `parent`; undefined when it can. */
export function nestingRefusal(org: Org, id: string, parent: string): string | undefined {
  if (id === parent) return "A workspace cannot contain itself.";
  if (descendantsOf(org, id).includes(parent)) return "A workspace cannot move into its own team.";
  return undefined;
}

export type StatusCounts = Partial<Record<WorkspaceStatus, number>>;

export function countStatuses(org: Org): StatusCounts {
  const counts: StatusCounts = {};
  for (const { status } of org.workspaces.values()) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Workspaces whose name, role, status or skill contains every word, best name matches first. */
export function searchWorkspaces(org: Org, query: string): Workspace[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (workspace: Workspace): number => {
    const name = workspace.name.toLowerCase();
    const first = words[0] ?? "";
    return name.startsWith(first) ? 0 : name.includes(first) ? 1 : 2;
  };
  return [...org.workspaces.values()]
    .filter((workspace) => {
      const skills = JSON.stringify(workspace.agent_card?.skills ?? "");
      const text = `${workspace.name} ${workspace.role ?? ""} ${statusWords[workspace.status]} ${skills}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
