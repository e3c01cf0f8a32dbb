import { skillNames, type Workspace } from "@/api/workspace";
import type { WorkspaceStatus } from "@/api/wire";
import type { Org } from "./org";
import { childrenOf, isReachable, statusWords } from "./selectors";

/** What the list can be ordered by. */
export const sortKeys = ["name", "team", "status", "tasks", "errors", "seen"] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Sort {
  key: SortKey;
  down: boolean;
}

export interface ListQuery {
  /** Words that a row must have. */
  find: string;
  /** Empty: any. */
  statuses: ReadonlySet<WorkspaceStatus>;
  /** Undefined: as the organisation is built, each team below its lead. */
  sort: Sort | undefined;
}

export interface ListRow {
  workspace: Workspace;
  /** How deep in the organisation it is drawn; 0 wherever the order is another one. */
  depth: number;
  /** Whose team it is in; empty: none's. */
  team: string;
}

/** What needs somebody first stands first. */
const urgency: Record<WorkspaceStatus, number> = {
  failed: 0,
  degraded: 1,
  offline: 2,
  awaiting_agent: 3,
  provisioning: 4,
  paused: 5,
  hibernating: 6,
  hibernated: 7,
  online: 8,
  removed: 9,
};

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** As the address has it: "status", or "-status" for the other way round. */
export function readSort(text: string): Sort | undefined {
  const down = text.startsWith("-");
  const key = sortKeys.find((each) => each === (down ? text.slice(1) : text));
  return key === undefined ? undefined : { key, down };
}

export const writeSort = (sort: Sort | undefined): string => (sort ? `${sort.down ? "-" : ""}${sort.key}` : "");

/** The order after a click on a column: up, then down, then as the organisation is built. */
export function nextSort(sort: Sort | undefined, key: SortKey): Sort | undefined {
  if (sort?.key !== key) return { key, down: false };
  return sort.down ? undefined : { key, down: true };
}

export function readStatuses(text: string): ReadonlySet<WorkspaceStatus> {
  return new Set(text.split(",").filter((each): each is WorkspaceStatus => each in statusWords));
}

/** The filter with one status more, or one less, as the address has it. */
export function toggledStatus(text: string, status: WorkspaceStatus): string {
  const next = new Set(readStatuses(text));
  if (!next.delete(status)) next.add(status);
  return [...next].join(",");
}

function matches(workspace: Workspace, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const skills = skillNames(workspace.agent_card).join(" ");
  const text = `${workspace.name} ${workspace.role ?? ""} ${statusWords[workspace.status]} ${workspace.current_task} ${skills}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The share of its work that fails; what is not running says nothing of it. */
export const errorShare = (workspace: Workspace): number => (isReachable(workspace) ? workspace.last_error_rate : 0);

function comparison({ key }: Sort): (a: ListRow, b: ListRow) => number {
  switch (key) {
    case "name":
      return (a, b) => collator.compare(a.workspace.name, b.workspace.name);
    case "team":
      return (a, b) => collator.compare(a.team, b.team);
    case "status":
      return (a, b) => urgency[a.workspace.status] - urgency[b.workspace.status];
    case "tasks":
      return (a, b) => b.workspace.active_tasks - a.workspace.active_tasks;
    case "errors":
      return (a, b) => errorShare(b.workspace) - errorShare(a.workspace);
    case "seen":
      // Times of one form order as texts do; who was never heard is last.
      return (a, b) => compareTexts(b.workspace.last_heartbeat_at ?? "", a.workspace.last_heartbeat_at ?? "");
  }
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Everybody, each team below its lead. */
function inOrder(org: Org): ListRow[] {
  const rows: ListRow[] = [];
  const open: { id: string; depth: number }[] = [];
  const push = (parent: string | null, depth: number) => {
    for (const id of childrenOf(org, parent).toReversed()) open.push({ id, depth });
  };
  push(null, 0);
  const seen = new Set<string>();
  for (let next = open.pop(); next; next = open.pop()) {
    const workspace = org.workspaces.get(next.id);
    if (!workspace || seen.has(next.id)) continue;
    seen.add(next.id);
    const team = workspace.parent_id === null ? "" : (org.workspaces.get(workspace.parent_id)?.name ?? "");
    rows.push({ workspace, depth: next.depth, team });
    push(next.id, next.depth + 1);
  }
  return rows;
}

/** The rows of the list: those that match, in the order that is asked for. */
export function listRows(org: Org, { find, statuses, sort }: ListQuery): ListRow[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const all = inOrder(org);
  const found = words.length === 0 && statuses.size === 0 ? all : all.filter(({ workspace }) => (statuses.size === 0 || statuses.has(workspace.status)) && matches(workspace, words));
  const flat = found.length < all.length || sort !== undefined;
  const rows = flat ? found.map((row) => ({ ...row, depth: 0 })) : found;
  if (sort === undefined) return rows;
  const compare = comparison(sort);
  // Equal ones stay as the organisation is built, whichever way the order is.
  return rows.sort((a, b) => (sort.down ? -compare(a, b) : compare(a, b)));
}
