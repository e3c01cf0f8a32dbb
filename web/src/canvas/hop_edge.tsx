import { EdgeLabelRenderer, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { hopHotMs, hopsStore } from "@/model/hops";
import { classNames } from "@/ui/class_names";
import { useSelected } from "@/ui/store";
import { shortAge, useNow } from "@/ui/time";
import { curvePath, curvePoint } from "./hop_curve";
import { hopWords, type LabelPlace } from "./hop_labels";
import { pointedStore } from "./marks";
import styles from "./hop_edge.module.css";

export type HopEdgeData = LabelPlace & { upward: boolean; onOpen: (from: string) => void };
export type HopFlowEdge = Edge<HopEdgeData, "hop">;

const widthMax = 5;

/**
 * Delegations from one card to another in the last hour: thicker for more, moving while fresh, red when the last ones
 * fail. A label that has no room is shown while one of the two cards is pointed at, or when keys reach it.
 */
export const HopEdge = memo(function HopEdge({ id, source, target, data, sourceX, sourceY, targetX, targetY, markerEnd }: EdgeProps<HopFlowEdge>) {
  const hop = useSelected(hopsStore, (hops) => hops.get(id));
  const pointed = useSelected(pointedStore, (card) => card === source || card === target);
  const now = useNow();
  if (!hop || !data) return null;
  const curve = { from: { x: sourceX, y: sourceY }, to: { x: targetX, y: targetY }, upward: data.upward };
  const at = curvePoint(curve, data.part);
  const age = now - hop.lastAt;
  return (
    <>
      <path
        className={classNames(styles.path, age < hopHotMs && styles.hot, hop.failed > 0 && styles.failed)}
        d={curvePath(curve)}
        strokeWidth={Math.min(widthMax, 1.5 + Math.log2(Math.max(1, hop.count)))}
        markerEnd={markerEnd}
      />
      <EdgeLabelRenderer>
        <button
          type="button"
          className={classNames(styles.label, data.crowded && styles.crowded, pointed && styles.pointed, "nodrag nopan")}
          style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}
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
