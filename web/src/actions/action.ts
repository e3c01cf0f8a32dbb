import type { LucideIcon } from "lucide-react";
import type { Workspace } from "@/api/workspace";
import type { Org } from "@/model/org";

/** One thing a person can do to a workspace. Menu, palette, keys and tests read the same list. */
export interface Action {
  name: string;
  label: string;
  icon: LucideIcon;
  /** The key on a focused card, as KeyboardEvent.key says it. */
  key?: string;
  danger?: boolean;
  /** Absent actions are not offered at all. */
  shown?: (workspace: Workspace, org: Org) => boolean;
  /** Why it cannot be done now, in words; undefined when it can. */
  refusal?: (workspace: Workspace, org: Org) => string | undefined;
  /** What comes of it, where that is not plain from its name. */
  meaning?: (workspace: Workspace, org: Org) => string;
  run: (workspace: Workspace, org: Org) => void;
}

/** The actions on offer for a workspace, each with its refusal. */
export function offered(actions: readonly Action[], workspace: Workspace, org: Org): { action: Action; refusal: string | undefined }[] {
  return actions
    .filter((action) => action.shown?.(workspace, org) ?? true)
    .map((action) => ({ action, refusal: action.refusal?.(workspace, org) }));
}
