import type { Workspace } from "@/api/workspace";
import { Store } from "@/ui/store";
import { standingWord } from "./selectors";

/**
 * The organisation as this page knows it. Replaced, never changed in place: a workspace that did not change keeps its
 * identity, and each of the counts moves only when what it stands for did: what is worked out from ten thousand
 * workspaces is worked out for nothing else.
 */
export interface Org {
  readonly workspaces: ReadonlyMap<string, Workspace>;
  /** Children by parent, in order of creation; roots under null. A workspace whose parent is unknown is a root. */
  readonly children: ReadonlyMap<string | null, readonly string[]>;
  /** The tree, a position or a fold. */
  readonly shape: number;
  /** The same, or a name. */
  readonly structure: number;
  /** How one of them stands. */
  readonly standings: number;
  readonly loaded: boolean;
}

export const emptyOrg: Org = { workspaces: new Map(), children: new Map(), shape: 0, structure: 0, standings: 0, loaded: false };

/** The one organisation of this page. Only live events and pictures change it. */
export const orgStore = new Store<Org>(emptyOrg);

function indexChildren(workspaces: ReadonlyMap<string, Workspace>): Map<string | null, string[]> {
  const children = new Map<string | null, string[]>();
  for (const { id, parent_id } of workspaces.values()) {
    const parent = parent_id !== null && workspaces.has(parent_id) && parent_id !== id ? parent_id : null;
    const list = children.get(parent);
    if (list) list.push(id);
    else children.set(parent, [id]);
  }
  return children;
}

const shapeKeys = ["parent_id", "x", "y", "collapsed"] as const;

/** What changed between two pictures of workspaces. */
class Moved {
  shape = false;
  name = false;
  standing = false;

  /** One is another now, or there where it was not. */
  note(before: Workspace | undefined, next: Workspace): void {
    this.shape ||= !before || shapeKeys.some((key) => before[key] !== next[key]);
    this.name ||= before?.name !== next.name;
    this.standing ||= !before || before.status !== next.status || standingWord(before) !== standingWord(next);
  }

  /** One is gone. */
  lost(): void {
    this.shape = this.standing = true;
  }

  after(org: Org, workspaces: ReadonlyMap<string, Workspace>): Org {
    return {
      workspaces,
      children: this.shape ? indexChildren(workspaces) : org.children,
      shape: org.shape + Number(this.shape),
      structure: org.structure + Number(this.shape || this.name),
      standings: org.standings + Number(this.standing),
      loaded: org.loaded,
    };
  }
}

function sameContent(a: Workspace, b: Workspace): boolean {
  return (Object.keys(b) as (keyof Workspace)[]).every((key) =>
    key === "agent_card" ? JSON.stringify(a[key]) === JSON.stringify(b[key]) : a[key] === b[key],
  );
}

/** Takes a whole picture in. Unchanged workspaces keep their identity, so nothing of theirs renders again. */
export function withPicture(org: Org, picture: readonly Workspace[]): Org {
  const workspaces = new Map<string, Workspace>();
  const moved = new Moved();
  if (!org.loaded || picture.length !== org.workspaces.size) moved.lost();
  for (const next of picture) {
    if (next.status === "removed") continue;
    const before = org.workspaces.get(next.id);
    if (before && sameContent(before, next)) workspaces.set(next.id, before);
    else {
      workspaces.set(next.id, next);
      moved.note(before, next);
    }
  }
  return { ...moved.after(org, workspaces), loaded: true };
}

/** Adds or replaces one workspace. */
export function withWorkspace(org: Org, next: Workspace): Org {
  const before = org.workspaces.get(next.id);
  if (before && sameContent(before, next)) return org;
  const moved = new Moved();
  moved.note(before, next);
  return moved.after(org, new Map(org.workspaces).set(next.id, next));
}

/** Drops one workspace; its children move up to its parent until their own events arrive. */
export function withoutWorkspace(org: Org, id: string): Org {
  const gone = org.workspaces.get(id);
  if (!gone) return org;
  const workspaces = new Map<string, Workspace>();
  for (const [key, value] of org.workspaces) {
    if (key === id) continue;
    workspaces.set(key, value.parent_id === id ? { ...value, parent_id: gone.parent_id } : value);
  }
  const moved = new Moved();
  moved.lost();
  return moved.after(org, workspaces);
}

/** Changes the platform has just confirmed. */
export function withChanges(org: Org, changes: ReadonlyMap<string, Partial<Workspace>>): Org {
  const workspaces = new Map(org.workspaces);
  const moved = new Moved();
  let changed = false;
  for (const [id, change] of changes) {
    const before = workspaces.get(id);
    if (!before) continue;
    const next = { ...before, ...change };
    if (sameContent(before, next)) continue;
    changed = true;
    moved.note(before, next);
    workspaces.set(id, next);
  }
  return changed ? moved.after(org, workspaces) : org;
}
