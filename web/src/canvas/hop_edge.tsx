import { EdgeLabelRenderer, getBezierPath, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { hopHotMs, hopsStore } from "@/model/hops";
import { classNames } from "@/ui/class_names";
import { useSelected } from "@/ui/store";
import { shortAge, useNow } from "@/ui/time";
import styles from "./hop_edge.module.css";

export type HopEdgeData = { onOpen: (from: string) => void };
export type HopFlowEdge = Edge<HopEdgeData, "hop">;

const widthMax = 5;

/** Delegations from one card to another in the last hour: thicker for more, moving while fresh, red when the last ones fail. */
export const HopEdge = memo(function HopEdge(props: EdgeProps<HopFlowEdge>) {
  const hop = useSelected(hopsStore, (hops) => hops.get(props.id));
  const now = useNow();
  const [path, labelX, labelY] = getBezierPath(props);
  if (!hop) return null;
  const age = now - hop.lastAt;
  const calls = hop.count === 1 ? "1 call" : `${hop.count} calls`;
  return (
    <>
      <path
        className={classNames(styles.path, age < hopHotMs && styles.hot, hop.failed > 0 && styles.failed)}
        d={path}
        strokeWidth={Math.min(widthMax, 1.5 + Math.log2(Math.max(1, hop.count)))}
        markerEnd={props.markerEnd}
      />
      <EdgeLabelRenderer>
        <button
          type="button"
          className={classNames(styles.label, "nodrag nopan")}
          style={{ transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY}px)`, zIndex: 1001 }}
          onClick={() => props.data?.onOpen(hop.from)}
          title="Open the activity behind this"
        >
          {age < hopHotMs && <span className={classNames(styles.ember, hop.failed > 0 && styles.failing)} aria-hidden />}
          {calls} · {shortAge(age)}
          {hop.failed > 0 && ` · ${hop.failed} failed`}
          {hop.canceled > 0 && ` · ${hop.canceled} canceled`}
        </button>
      </EdgeLabelRenderer>
    </>
  );
});
