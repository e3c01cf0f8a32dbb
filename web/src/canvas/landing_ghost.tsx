import { ViewportPortal } from "@xyflow/react";
import { orgStore } from "@/model/org";
import { useSelected } from "@/ui/store";
import { marksStore } from "./marks";
import styles from "./graph.module.css";

/** The place a dragged card would take in the team under it. */
export function LandingGhost() {
  const landing = useSelected(marksStore, (marks) => marks.landing);
  const team = useSelected(marksStore, (marks) => marks.dropInto);
  const name = useSelected(orgStore, (org) => (team === undefined ? undefined : org.workspaces.get(team)?.name));
  if (!landing) return null;
  const { x, y, w, h } = landing;
  return (
    <ViewportPortal>
      <div className={styles.ghost} style={{ transform: `translate(${x}px, ${y}px)`, width: w, height: h }} data-landing>
        <span>Drop into: {name}</span>
      </div>
    </ViewportPortal>
  );
}
