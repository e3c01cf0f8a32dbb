import { EdgeLabelRenderer, useInternalNode, type Edge, type EdgeProps, type InternalNode } from "@xyflow/react";
import { memo } from "react";
import { drawnHopsStore } from "@/model/hop_view";
import { hopHotMs } from "@/model/hops";
import { classNames } from "@/ui/class_names";
import { useSelected } from "@/ui/store";
import { shortAge, useNow } from "@/ui/time";
import { hopWidth, outcomeOf } from "./flow_nodes";
import { curvePath, curvePoint, curvesBetween, type Curve, type End } from "./hop_curve";
import { hopWords, type LabelPlace } from "./hop_labels";
import { litStore, pointedStore } from "./marks";
import styles from "./hop_edge.module.css";

export type HopEdgeData = LabelPlace & { curve: Curve; ends: readonly [End, End]; onOpen: (from: string) => void };
export type HopFlowEdge = Edge<HopEdgeData, "hop">;

/** Where a card is drawn just now, which is elsewhere while it is dragged. */
function endNow(node: InternalNode | undefined, end: End): End {
  const { x, y } = node?.internals.positionAbsolute ?? end;
  return x === end.x && y === end.y ? end : { ...end, x, y };
}

/**
 * Delegations from one card to another in the last hour: thicker for more, moving while fresh, in the colour of how they
 * ended. A label that has no room is shown while one of the two cards is pointed at, or when keys reach it.
 */
export const HopEdge = memo(function HopEdge({ id, source, target, data, markerEnd }: EdgeProps<HopFlowEdge>) {
  const hop = useSelected(drawnHopsStore, (hops) => hops.get(id));
  const pointed = useSelected(pointedStore, (card) => card === source || card === target);
  const dimmed = useSelected(pointedStore, (card) => card !== undefined && card !== source && card !== target && litStore.get().size > 0);
  const [one, other] = [useInternalNode(source), useInternalNode(target)];
  const now = useNow();
  if (!hop || !data) return null;
  const [from, to] = [endNow(one, data.ends[0]), endNow(other, data.ends[1])];
  const still = from === data.ends[0] && to === data.ends[1];
  const curve = still ? data.curve : (curvesBetween(from, to)[0] ?? data.curve);
  const beside = data.beside ? curve.beside : undefined;
  const at = beside ?? curvePoint(curve, data.part);
  const age = now - hop.lastAt;
  const outcome = outcomeOf(hop);
  return (
    <>
      <path
        className={classNames(styles.path, age < hopHotMs && styles.hot, styles[outcome], pointed && styles.near, dimmed && styles.dimmed)}
        d={curvePath(curve)}
        strokeWidth={hopWidth(hop)}
        markerEnd={markerEnd}
        data-outcome={outcome}
      />
      <EdgeLabelRenderer>
        <button
          type="button"
          className={classNames(styles.label, data.crowded && styles.crowded, pointed && styles.pointed, dimmed && styles.dimmed, "nodrag nopan")}
          style={{ transform: `translate(${beside ? -100 : -50}%, -50%) translate(${at.x}px, ${at.y}px)` }}
          onClick={() => data.onOpen(hop.from)}
          title="Open the activity behind this"
        >
          {age < hopHotMs && <span className={classNames(styles.ember, hop.failed > 0 && styles.failing)} aria-hidden />}
          {hopWords(hop, shortAge(age))}
        </button>
      </EdgeLabelRenderer>
    </>
  );
});
