import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { Check } from "lucide-react";
import { memo, useEffect, useState } from "react";
import { skillNames, type Workspace, type WorkspaceStatus } from "@/api/workspace";
import { orgStore } from "@/model/org";
import { recentTasksStore } from "@/model/recent_tasks";
import { descendantsOf, isRemote, statusWords } from "@/model/selectors";
import { Age } from "@/ui/age";
import { classNames } from "@/ui/class_names";
import { useSelected } from "@/ui/store";
import { header } from "./layout";
import { marksStore } from "./marks";
import { RuntimePill, TierPill } from "./pills";
import { StatusDot } from "./status_dot";
import { zoomStore } from "./zoom_level";
import styles from "./workspace_node.module.css";

/** Only what the graph itself needs; the card reads everything else of its workspace by id. */
export type WorkspaceNodeData = { open: boolean; status: WorkspaceStatus };
export type WorkspaceFlowNode = Node<WorkspaceNodeData, "workspace">;

const skillsShown = 4;
/** Cards that were on the canvas before do not arrive again when they scroll back into view. */
const seen = new Set<string>();

function useArriving(id: string): boolean {
  const [arriving] = useState(() => !seen.has(id));
  useEffect(() => {
    seen.add(id);
  }, [id]);
  return arriving;
}

export const WorkspaceNode = memo(function WorkspaceNode({ id, data }: NodeProps<WorkspaceFlowNode>) {
  const workspace = useSelected(orgStore, (org) => org.workspaces.get(id));
  const selected = useSelected(marksStore, (marks) => marks.selected === id);
  const dropInto = useSelected(marksStore, (marks) => marks.dropInto === id);
  const leaving = useSelected(marksStore, (marks) => marks.leaving.has(id));
  const recent = useSelected(recentTasksStore, (tasks) => tasks.get(id)?.text);
  const arriving = useArriving(id);
  const far = useSelected(zoomStore, (zoom) => zoom === "far");
  if (!workspace) return null;
  const parentHandle = data.open ? { top: header - 16, bottom: "auto" } : {};
  const busy = workspace.current_task !== "" || recent !== undefined || showsError(workspace);
  return (
    <div
      className={classNames(
        styles.card,
        styles[workspace.status],
        workspace.late && styles.late_card,
        data.open && styles.open,
        busy && styles.busy,
        selected && styles.selected,
        dropInto && styles.drop_into,
        leaving && styles.leaving,
        arriving && styles.arriving,
      )}
    >
      <Handle id="top" type="target" position={Position.Top} className={styles.handle} isConnectable={false} />
      <Handle id="top" type="source" position={Position.Top} className={styles.handle} isConnectable={false} />
      <div className={styles.head}>
        <StatusDot status={workspace.status} />
        <span className={styles.name} title={workspace.name}>
          {workspace.name}
        </span>
        {!far && <TierPill tier={workspace.tier} />}
      </div>
      {far ? (
        isRemote(workspace) && (
          <div className={styles.pills}>
            <RuntimePill workspace={workspace} />
          </div>
        )
      ) : (
        <Words workspace={workspace} recent={recent} />
      )}
      <Foot workspace={workspace} far={far} />
      {dropInto && <span className={styles.drop_label}>Drop into: {workspace.name}</span>}
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

/** What is written between a card's name and its foot. */
function Words({ workspace, recent }: { workspace: Workspace; recent: string | undefined }) {
  const team = useSelected(orgStore, (org) => (org.children.has(workspace.id) ? descendantsOf(org, workspace.id).length : 0));
  const working = workspace.current_task !== "";
  const task = workspace.current_task || recent;
  return (
    <>
      <div className={styles.pills}>
        <RuntimePill workspace={workspace} />
        {team > 0 && <span className={styles.team}>{workspace.collapsed ? `${team} inside, folded` : `${team} in team`}</span>}
      </div>
      {workspace.role && <div className={styles.role}>{workspace.role}</div>}
      <Skills workspace={workspace} />
      {task !== undefined && (
        <div className={classNames(styles.strip, styles.task)} title={working ? task : `Just done: ${task}`} data-current-task>
          {working ? <span className={styles.pulse} aria-hidden /> : <Check size={13} aria-label="Just done:" />}
          <span>{task}</span>
        </div>
      )}
      {showsError(workspace) && (
        <div className={classNames(styles.strip, styles.error)} title={workspace.last_sample_error}>
          <span>{workspace.last_sample_error}</span>
        </div>
      )}
    </>
  );
}

function showsError(workspace: Workspace): boolean {
  return workspace.last_sample_error !== "" && (workspace.status === "degraded" || workspace.status === "failed");
}

function Skills({ workspace }: { workspace: Workspace }) {
  const names = skillNames(workspace.agent_card);
  if (names.length === 0) return null;
  return (
    <div className={styles.skills}>
      {names.slice(0, skillsShown).map((name, index) => (
        <span key={`${index}:${name}`} className={styles.skill} title={name}>
          {name}
        </span>
      ))}
      {names.length > skillsShown && (
        <span className={styles.skill} title={names.slice(skillsShown).join(", ")}>
          +{names.length - skillsShown}
        </span>
      )}
    </div>
  );
}

function Foot({ workspace, far }: { workspace: Workspace; far: boolean }) {
  const heard = workspace.last_heartbeat_at ? Date.parse(workspace.last_heartbeat_at) : undefined;
  const silent = workspace.late || workspace.status === "offline";
  return (
    <div className={styles.foot}>
      <span className={workspace.late ? styles.late : styles.word}>
        {workspace.late ? "Late" : statusWords[workspace.status]}
        {workspace.status === "degraded" && ` · ${Math.round(workspace.last_error_rate * 100)}% errors`}
      </span>
      {workspace.active_tasks > 0 ? (
        <span className={styles.tasks}>
          <span className={styles.pulse} aria-hidden />
          {workspace.active_tasks === 1 ? "1 task" : `${workspace.active_tasks} tasks`}
        </span>
      ) : (
        silent &&
        !far &&
        heard !== undefined && (
          <span>
            last seen <Age at={heard} />
          </span>
        )
      )}
    </div>
  );
}
