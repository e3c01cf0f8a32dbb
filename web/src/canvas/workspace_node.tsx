import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { memo, useCallback, useEffect, useRef, useState, type AnimationEvent, type MouseEvent } from "react";
import type { WorkspaceStatus } from "@/api/wire";
import { orgStore } from "@/model/org";
import { recentTasksStore } from "@/model/recent_tasks";
import { isRemote, unconfigured } from "@/model/selectors";
import { isStarting, newIn } from "@/model/starts";
import { classNames } from "@/ui/class_names";
import { useSelected } from "@/ui/store";
import { MoreButton, NameField } from "./card_buttons";
import { Foot, showsError, Words } from "./card_words";
import { header, type Layout } from "./layout";
import { litStore, mark, marksStore } from "./marks";
import { RuntimePill, TierPill } from "./pills";
import { pulsesStore } from "./pulses";
import { StatusDot } from "./status_dot";
import { zoomStore } from "./zoom_level";
import styles from "./workspace_node.module.css";

/** Only what the graph itself needs; the card reads everything else of its workspace by id. */
export type WorkspaceNodeData = { open: boolean; status: WorkspaceStatus };
export type WorkspaceFlowNode = Node<WorkspaceNodeData, "workspace">;

/** Cards that were there when the canvas was opened, or came while nobody looked at their place, do not arrive when they scroll into view. */
const known = new Set<string>();
const arrivingMs = 1000;

/** Tells cards that are new from those that only come into view. */
export function useKnownCards(layout: Layout): void {
  const opening = useRef(true);
  useEffect(() => {
    const know = () => {
      for (const id of layout.boxes.keys()) known.add(id);
    };
    if (!opening.current) {
      const timer = setTimeout(know, arrivingMs);
      return () => clearTimeout(timer);
    }
    know();
    opening.current = layout.boxes.size === 0;
    return undefined;
  }, [layout]);
}

function useArriving(id: string): boolean {
  const [arriving] = useState(() => !known.has(id));
  return arriving;
}

/** True for a moment once the last agent of a team is up. */
function useUp(count: number): readonly [boolean, (event: AnimationEvent) => void] {
  const [was, setWas] = useState(count);
  const [up, setUp] = useState(false);
  if (count !== was) {
    setWas(count);
    setUp(count === 0);
  }
  const settle = useCallback(({ target, currentTarget }: AnimationEvent) => {
    if (target === currentTarget) setUp(false);
  }, []);
  return [up, settle];
}

export const WorkspaceNode = memo(function WorkspaceNode({ id, data }: NodeProps<WorkspaceFlowNode>) {
  const workspace = useSelected(orgStore, (org) => org.workspaces.get(id));
  const selected = useSelected(marksStore, (marks) => marks.selected === id);
  const picked = useSelected(marksStore, (marks) => marks.picked.has(id));
  const dropInto = useSelected(marksStore, (marks) => marks.dropInto === id);
  const leaving = useSelected(marksStore, (marks) => marks.leaving.has(id));
  const recent = useSelected(recentTasksStore, (tasks) => tasks.get(id)?.text);
  const renaming = useSelected(marksStore, (marks) => marks.renaming === id);
  const lit = useSelected(litStore, (ids) => ids.has(id));
  const pulsing = useSelected(pulsesStore, (ids) => ids.has(id));
  const arriving = useArriving(id);
  const starting = useSelected(orgStore, (org) => isStarting(org, id));
  const [up, settle] = useUp(useSelected(orgStore, (org) => (data.open && org.workspaces.get(id)?.parent_id === null ? newIn(org, id).length : 0)));
  const zoom = useSelected(zoomStore, (value) => value);
  const far = zoom === "far" || zoom === "map";
  // On the map a leaf is a field of its colour; its name would be smaller than a hair.
  const named = zoom !== "map" || data.open;
  if (!workspace) return null;
  const rename = (event: MouseEvent) => {
    event.stopPropagation();
    mark({ renaming: id });
  };
  const parentHandle = data.open ? { top: header - 16, bottom: "auto" } : {};
  const working = workspace.current_task !== "" || recent !== undefined;
  const failing = showsError(workspace);
  return (
    <div
      className={classNames(
        styles.card,
        styles[workspace.status],
        (workspace.late || unconfigured(workspace) !== undefined) && styles.late_card,
        data.open && styles.open,
        (working || failing) && styles.busy,
        working && failing && styles.crowded,
        selected && styles.selected,
        picked && styles.picked,
        dropInto && styles.drop_into,
        leaving && styles.leaving,
        arriving && styles.arriving,
        lit && styles.lit,
        pulsing && styles.pulsing,
        starting && styles.starting,
        up && styles.up,
      )}
      onAnimationEnd={settle}
    >
      <Handle id="top" type="target" position={Position.Top} className={styles.handle} isConnectable={false} />
      <Handle id="top" type="source" position={Position.Top} className={styles.handle} isConnectable={false} />
      <div className={styles.head}>
        <StatusDot status={workspace.status} />
        {named && renaming && <NameField id={id} name={workspace.name} />}
        {named && !renaming && (
          <span className={styles.name} title={workspace.name} onDoubleClick={rename}>
            {workspace.name}
          </span>
        )}
        {!far && <TierPill tier={workspace.tier} />}
        {!far && <MoreButton id={id} />}
      </div>
      {!far && <Words workspace={workspace} recent={recent} />}
      {zoom === "far" && isRemote(workspace) && (
        <div className={styles.pills}>
          <RuntimePill workspace={workspace} />
        </div>
      )}
      {zoom !== "map" && <Foot workspace={workspace} far={far} />}
      <Handle
        id="bottom"
        type="source"
        position={Position.Bottom}
        className={styles.handle}
        isConnectable={false}
        style={parentHandle}
      />
      <Handle
        id="bottom"
        type="target"
        position={Position.Bottom}
        className={styles.handle}
        isConnectable={false}
        style={parentHandle}
      />
    </div>
  );
});
