import { ViewportPortal } from "@xyflow/react";
import { useSelected } from "@/ui/store";
import { marksStore } from "./marks";
import styles from "./graph.module.css";

/** The place a dragged card would take in the team under it. */
export function LandingGhost() {
  const landing = useSelected(marksStore, (marks) => marks.landing);
  if (!landing) return null;
  const { x, y, w, h } = landing;
  return (
    <ViewportPortal>
      <div className={styles.ghost} style={{ transform: `translate(${x}px, ${y}px)`, width: w, height: h }} data-landing aria-hidden />
    </ViewportPortal>
  );
}
