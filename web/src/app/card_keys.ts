import type { KeyboardEvent } from "react";
import { offered } from "@/actions/action";
import { align, distribute, type Edge } from "@/actions/arranging";
import { groupAction } from "@/actions/group";
import { nudge } from "@/actions/placing";
import { workspaceActions } from "@/actions/workspace_actions";
import { graph } from "@/canvas/graph_controls";
import { cardAfter, endCard, nearCard, type Direction } from "@/canvas/near_card";
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

const ways: Record<string, Direction> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

/** The card that a key leads to from this one. */
function otherCard(id: string, event: KeyboardEvent): string | undefined {
  const layout = graph.controls?.layout();
  if (!layout) return undefined;
  const way = ways[event.key];
  if (event.altKey) return way && (nearCard(layout, id, way) ?? id);
  if (event.key === "PageDown") return cardAfter(layout, id, 1);
  if (event.key === "PageUp") return cardAfter(layout, id, -1);
  if (event.key === "Home" || event.key === "End") return endCard(layout, event.key === "End");
  return undefined;
}

/** What a key on a focused card does; true when it did something. */
export function cardKey(id: string, event: KeyboardEvent, open: (id: string) => void): boolean {
  const org = orgStore.get();
  const workspace = org.workspaces.get(id);
  // A dialog takes the focus a moment after it opens; what is typed meanwhile is meant for it.
  if (dialogOpen() || isComposing(event)) return false;
  if (!workspace || event.ctrlKey || event.metaKey) return false;
  const edge = edges[event.key];
  if (event.altKey && edge && marksStore.get().picked.size > 1) {
    if (event.shiftKey) void distribute(edge === "left" || edge === "right" ? "across" : "down");
    else void align(edge);
    return true;
  }
  const next = event.shiftKey ? undefined : otherCard(id, event);
  if (next !== undefined) {
    graph.controls?.focus(next);
    return true;
  }
  if (event.altKey) return false;
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
    const relative = event.shiftKey ? workspace.parent_id : childrenOf(org, id)[0];
    if (marksStore.get().selected === id && event.key === "Enter" && relative) graph.controls?.focus(relative);
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
