import type { KeyboardEvent } from "react";
import { offered } from "@/actions/action";
import { align, type Edge } from "@/actions/arranging";
import { groupAction } from "@/actions/group";
import { nudge } from "@/actions/placing";
import { workspaceActions } from "@/actions/workspace_actions";
import { graph } from "@/canvas/graph_controls";
import { marksStore, pick } from "@/canvas/marks";
import { orgStore } from "@/model/org";
import { childrenOf } from "@/model/selectors";
import { isComposing } from "@/ui/composing";
import { toast } from "@/ui/toast";
import { dialogOpen } from "./use_page_keys";

const step = 10;
const stride = 50;
const edges: Record<string, Edge> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "top", ArrowDown: "bottom" };
const arrows: Record<string, { x: number; y: number }> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** What a key on a focused card does; true when it did something. */
export function cardKey(id: string, event: KeyboardEvent, open: (id: string) => void): boolean {
  const org = orgStore.get();
  const workspace = org.workspaces.get(id);
  // A dialog takes the focus a moment after it opens; what is typed meanwhile is meant for it.
  if (dialogOpen() || isComposing(event)) return false;
  if (!workspace || event.ctrlKey || event.metaKey) return false;
  const edge = edges[event.key];
  if (event.altKey) {
    if (!edge || marksStore.get().picked.size < 2) return false;
    void align(edge);
    return true;
  }
  const arrow = arrows[event.key];
  if (arrow) {
    const far = event.shiftKey ? stride : step;
    nudge(id, { x: arrow.x * far, y: arrow.y * far });
    return true;
  }
  if (event.key === "Enter" || event.key === " ") {
    // Space picks more cards; Enter does too, but on the open card it goes up to the parent.
    if (event.shiftKey && (event.key === " " || marksStore.get().selected !== id)) {
      pick(id);
      return true;
    }
    const next = event.shiftKey ? workspace.parent_id : childrenOf(org, id)[0];
    if (marksStore.get().selected === id && event.key === "Enter" && next) graph.controls?.focus(next);
    else open(id);
    return true;
  }
  // With Shift a letter is meant for the whole canvas.
  if (event.shiftKey && event.key.length === 1) return false;
  const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = offered(workspaceActions, workspace, org).find(({ action }) => action.key === pressed);
  if (!found) return false;
  const together = groupAction(found.action.name, id);
  if (together) together();
  else if (found.refusal === undefined) found.action.run(workspace, org);
  else toast("info", found.refusal);
  return true;
}
