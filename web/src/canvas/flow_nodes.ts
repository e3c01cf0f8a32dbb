import type { Org } from "@/model/org";
import { statusWords } from "@/model/selectors";
import type { Hops } from "@/model/hops";
import type { HopFlowEdge } from "./hop_edge";
import { placeLabels, wordsEnd } from "./hop_labels";
import type { Box, Layout, Point } from "./layout";
import type { WorkspaceFlowNode } from "./workspace_node";

/**
 * The graph library's nodes for a layout. A node that did not change keeps its identity, so a heartbeat or a task
 * touches no node at all; those `holding` are being dragged and keep their places with the pointer.
 */
export function flowNodes(
  org: Org,
  layout: Layout,
  before: readonly WorkspaceFlowNode[],
  holding: ReadonlySet<string>,
): WorkspaceFlowNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  return [...layout.boxes.values()].flatMap((box) => {
    const workspace = org.workspaces.get(box.id);
    if (!workspace) return [];
    const label = `${workspace.name} workspace — ${statusWords[workspace.status]}`;
    const old = known.get(box.id);
    if (old && sameNode(old, box, label, holding)) return [old];
    const node: WorkspaceFlowNode = {
      ...(old?.measured ? { measured: old.measured } : {}),
      id: box.id,
      type: "workspace",
      position: old && holding.has(box.id) ? old.position : box.rel,
      width: box.w,
      height: box.h,
      data: { open: box.open, status: workspace.status },
      ariaLabel: label,
      ariaRole: "button",
      domAttributes: { "data-workspace-id": box.id } as NonNullable<WorkspaceFlowNode["domAttributes"]>,
      ...(box.parent === null ? {} : { parentId: box.parent }),
    };
    return [node];
  });
}

function sameNode(old: WorkspaceFlowNode, box: Box, label: string, holding: ReadonlySet<string>): boolean {
  return (
    old.ariaLabel === label &&
    old.width === box.w &&
    old.height === box.h &&
    (old.parentId ?? null) === box.parent &&
    old.data.open === box.open &&
    (holding.has(box.id) || (old.position.x === box.rel.x && old.position.y === box.rel.y))
  );
}

function isInside(layout: Layout, id: string, ancestor: string): boolean {
  for (let at = layout.boxes.get(id)?.parent ?? null; at !== null; at = layout.boxes.get(at)?.parent ?? null)
    if (at === ancestor) return true;
  return false;
}

const above = ({ x, y, w }: Box): Point => ({ x: x + w / 2, y });
const below = ({ x, y, w, h, open }: Box): Point => ({ x: x + w / 2, y: y + (open ? wordsEnd : h) });

/** The edges to draw: hops whose both ends are visible. A parent is entered and left below its own words. */
export function flowEdges(hops: Hops, layout: Layout, onOpen: (from: string) => void): HopFlowEdge[] {
  const drawn = [...hops.values()].flatMap((hop) => {
    const [source, target] = [layout.boxes.get(hop.from), layout.boxes.get(hop.to)];
    if (!source || !target) return [];
    const upward = isInside(layout, hop.from, hop.to);
    const [from, to] = upward ? [above(source), below(target)] : [below(source), above(target)];
    return [{ hop, curve: { from, to, upward } }];
  });
  const places = placeLabels(drawn, layout);
  return drawn.map(({ hop, curve: { upward } }) => ({
    id: hop.key,
    type: "hop",
    source: hop.from,
    target: hop.to,
    sourceHandle: upward ? "top" : "bottom",
    targetHandle: upward ? "bottom" : "top",
    data: { onOpen, upward, part: 0.5, crowded: true, ...places.get(hop.key) },
    focusable: false,
    selectable: false,
    zIndex: 1000,
  }));
}
