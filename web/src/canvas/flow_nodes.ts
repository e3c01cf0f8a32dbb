import { MarkerType } from "@xyflow/react";
import type { Org } from "@/model/org";
import { standingWord } from "@/model/selectors";
import { isStarting } from "@/model/starts";
import type { Hop, Hops } from "@/model/hops";
import { clearest, curvesBetween, type Curve, type End } from "./hop_curve";
import type { HopFlowEdge } from "./hop_edge";
import { placeLabels, wordsEnd } from "./hop_labels";
import type { Box, Layout, Point } from "./layout";
import { nearbyOf } from "./nearby";
import type { WorkspaceFlowNode } from "./workspace_node";

/** How far a way around leaves the cards it joins. */
const reach = 170;

/** Above every other card and every edge; what is inside of a card goes up with it. */
const heldZ = 2000;

/**
 * The graph library's nodes for the cards to draw, parents before their children. A node that did not change keeps its identity, so a heartbeat or a task
 * touches no node at all; those `holding` are being dragged and keep their places with the pointer.
 */
export function flowNodes(
  org: Org,
  cards: readonly Box[],
  before: readonly WorkspaceFlowNode[],
  holding: ReadonlySet<string>,
): WorkspaceFlowNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  const drawn = new Set(cards.map(({ id }) => id));
  return cards.flatMap((box) => {
    const workspace = org.workspaces.get(box.id);
    if (!workspace) return [];
    const label = `${workspace.name} workspace — ${standingWord(workspace)}`;
    const old = known.get(box.id);
    const parent = box.parent !== null && drawn.has(box.parent) ? box.parent : undefined;
    // Without its team it stands on the canvas itself.
    const place = parent === undefined ? { x: box.x, y: box.y } : box.rel;
    if (old && sameNode(old, box, parent, place, label, holding, isStarting(org, box.id))) return [old];
    const node: WorkspaceFlowNode = {
      ...(old?.measured ? { measured: old.measured } : {}),
      id: box.id,
      type: "workspace",
      position: old && holding.has(box.id) && old.parentId === parent ? old.position : place,
      ...(holding.has(box.id) ? { zIndex: heldZ } : {}),
      ...(isStarting(org, box.id) ? { draggable: false } : {}),
      width: box.w,
      height: box.h,
      data: { open: box.open, status: workspace.status },
      ariaLabel: label,
      ariaRole: "button",
      // The canvas is one stop of Tab; inside it keys go from card to card.
      domAttributes: { "data-workspace-id": box.id, tabIndex: -1 } as NonNullable<WorkspaceFlowNode["domAttributes"]>,
      ...(parent === undefined ? {} : { parentId: parent }),
    };
    return [node];
  });
}

function sameNode(old: WorkspaceFlowNode, box: Box, parent: string | undefined, place: Point, label: string, holding: ReadonlySet<string>, fixed: boolean): boolean {
  return (
    old.ariaLabel === label &&
    old.width === box.w &&
    old.height === box.h &&
    old.parentId === parent &&
    old.data.open === box.open &&
    (old.draggable === false) === fixed &&
    old.zIndex === (holding.has(box.id) ? heldZ : undefined) &&
    (holding.has(box.id) || (old.position.x === place.x && old.position.y === place.y))
  );
}

const endOf = (box: Box): End => ({ x: box.x, y: box.y, w: box.w, h: box.h, words: box.open ? wordsEnd : box.h });

/** The cards a box is in, itself among them. */
function within(layout: Layout, id: string): Set<string> {
  const found = new Set<string>();
  for (let at: string | null = id; at !== null && !found.has(at); at = layout.boxes.get(at)?.parent ?? null) found.add(at);
  return found;
}

/** How a call ended, for the colour of its edge: traffic alone is no trouble. */
export type Outcome = "fine" | "failed" | "canceled";
export const outcomeOf = ({ failed, canceled }: Hop): Outcome => (failed > 0 ? "failed" : canceled > 0 ? "canceled" : "fine");
/** How thick an edge is on the screen. */
export const hopWidth = ({ count }: Hop): number => Math.min(6, 1.5 + Math.log2(Math.max(1, count)));
const colours: Record<Outcome, string> = { fine: "var(--primary)", failed: "var(--bad)", canceled: "var(--grey)" };

/** The curves of a layout, by their hops: a call that is counted moves none of them. */
const curves = new WeakMap<Layout, Map<string, Curve>>();

/** The way from one card to another that crosses the fewest others. */
function curveOf(layout: Layout, { key, from, to }: Hop, source: Box, target: Box): Curve {
  let known = curves.get(layout);
  if (!known) curves.set(layout, (known = new Map()));
  const kept = known.get(key);
  if (kept) return kept;
  const around = new Set([...within(layout, from), ...within(layout, to)]);
  const [left, top] = [Math.min(source.x, target.x) - reach, Math.min(source.y, target.y) - reach];
  const area = { x: left, y: top, w: Math.max(source.x + source.w, target.x + target.w) + reach - left, h: Math.max(source.y + source.h, target.y + target.h) + reach - top };
  // What is in a card that is crossed is crossed with it.
  const others = [...nearbyOf(layout).within(area)].filter((box) => !around.has(box.id) && (box.parent === null || around.has(box.parent)));
  const curve = clearest(curvesBetween(endOf(source), endOf(target)), others);
  known.set(key, curve);
  return curve;
}

/** Hops whose both ends are visible, each by the way that crosses the fewest cards. */
export function drawnHops(hops: Hops, layout: Layout): { hop: Hop; curve: Curve; ends: readonly [Box, Box] }[] {
  return [...hops.values()].flatMap((hop) => {
    const [source, target] = [layout.boxes.get(hop.from), layout.boxes.get(hop.to)];
    if (!source || !target) return [];
    return [{ hop, curve: curveOf(layout, hop, source, target), ends: [source, target] as const }];
  });
}

/** The edges to draw as elements. */
export function flowEdges(hops: Hops, layout: Layout, onOpen: (from: string) => void): HopFlowEdge[] {
  const drawn = drawnHops(hops, layout);
  const places = placeLabels(drawn, layout);
  return drawn.map(({ hop, curve, ends: [source, target] }) => ({
    id: hop.key,
    type: "hop",
    source: hop.from,
    target: hop.to,
    sourceHandle: "bottom",
    targetHandle: "top",
    data: { onOpen, curve, ends: [endOf(source), endOf(target)], part: 0.5, crowded: true, ...places.get(hop.key) },
    focusable: false,
    selectable: false,
    zIndex: 1000,
    markerEnd: { type: MarkerType.ArrowClosed, color: colours[outcomeOf(hop)], width: 30, height: 30, markerUnits: "userSpaceOnUse" },
  }));
}
