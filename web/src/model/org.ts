import type { Workspace } from "@/api/workspace";
import { Store } from "@/ui/store";

/**
 * The organisation as this page knows it. Replaced, never changed in place: a workspace that did not change keeps its
 * identity, and `structure` changes only when the tree, a position, a fold or a name did.
 */
export interface Org {
  readonly workspaces: ReadonlyMap<string, Workspace>;
  /** Children by parent, in order of creation; roots under null. A workspace whose parent is unknown is a root. */
  readonly children: ReadonlyMap<string | null, readonly string[]>;
  readonly structure: number;
  readonly loaded: boolean;
}

export const emptyOrg: Org = { workspaces: new Map(), children: new Map(), structure: 0, loaded: false };

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

const shapeKeys = ["parent_id", "x", "y", "collapsed", "name"] as const;

function sameShape(a: Workspace, b: Workspace): boolean {
  return shapeKeys.every((key) => a[key] === b[key]);
}

function sameContent(a: Workspace, b: Workspace): boolean {
  return (Object.keys(b) as (keyof Workspace)[]).every((key) =>
    key === "agent_card" ? JSON.stringify(a[key]) === JSON.stringify(b[key]) : a[key] === b[key],
  );
}

/** Takes a whole picture in. Unchanged workspaces keep their identity, so nothing of theirs renders again. */
export function withPicture(org: Org, picture: readonly Workspace[]): Org {
  const workspaces = new Map<string, Workspace>();
  let reshaped = !org.loaded || picture.length !== org.workspaces.size;
  for (const next of picture) {
    if (next.status === "removed") continue;
    const before = org.workspaces.get(next.id);
    if (before && sameContent(before, next)) workspaces.set(next.id, before);
    else {
      workspaces.set(next.id, next);
      if (!before || !sameShape(before, next)) reshaped = true;
    }
  }
  return {
    workspaces,
    children: reshaped ? indexChildren(workspaces) : org.children,
    structure: reshaped ? org.structure + 1 : org.structure,
    loaded: true,
  };
}

/** Adds or replaces one workspace. */
export function withWorkspace(org: Org, next: Workspace): Org {
  const before = org.workspaces.get(next.id);
  if (before && sameContent(before, next)) return org;
  const workspaces = new Map(org.workspaces).set(next.id, next);
  if (before && sameShape(before, next)) return { ...org, workspaces };
  return { ...org, workspaces, children: indexChildren(workspaces), structure: org.structure + 1 };
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
  return { ...org, workspaces, children: indexChildren(workspaces), structure: org.structure + 1 };
}

/** Changes the platform has just confirmed. */
export function withChanges(org: Org, changes: ReadonlyMap<string, Partial<Workspace>>): Org {
  const workspaces = new Map(org.workspaces);
  let [changed, reshaped] = [false, false];
  for (const [id, change] of changes) {
    const before = workspaces.get(id);
    if (!before) continue;
    const next = { ...before, ...change };
    if (sameContent(before, next)) continue;
    changed = true;
    reshaped ||= !sameShape(before, next);
    workspaces.set(id, next);
  }
  if (!changed) return org;
  return reshaped ? { ...org, workspaces, children: indexChildren(workspaces), structure: org.structure + 1 } : { ...org, workspaces };
}
