import { EllipsisVertical, MessageSquare } from "lucide-react";
import { memo, type CSSProperties } from "react";
import { RuntimePill, TierPill } from "@/canvas/pills";
import { StatusDot } from "@/canvas/status_dot";
import { errorShare, type ListRow } from "@/model/list_rows";
import { standingWord, unconfigured } from "@/model/selectors";
import { Age } from "@/ui/age";
import { IconButton } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import styles from "./list.module.css";

/** Deeper ones are not set in further. */
const indentMax = 6;

interface ListRowProps {
  row: ListRow;
  /** Its place among all. */
  place: number;
  id: string;
  active: boolean;
  open: boolean;
  picked: boolean;
  leaving: boolean;
}

/** One workspace. Clicks are the table's: it finds the row by its place. */
export const ListRowView = memo(function ListRowView({ row: { workspace, depth, team }, place, id, active, open, picked, leaving }: ListRowProps) {
  const share = errorShare(workspace);
  const heard = workspace.last_heartbeat_at ? Date.parse(workspace.last_heartbeat_at) : undefined;
  // One stop for Tab in each row that is reached, and none in the others.
  const stop = active ? 0 : -1;
  return (
    <div
      role="row"
      id={id}
      className={classNames(styles.row, active && styles.active, open && styles.open, leaving && styles.leaving)}
      aria-rowindex={place + 2}
      aria-selected={picked}
      data-row={workspace.id}
      data-place={place}
      data-status={workspace.status}
    >
      <span role="gridcell" className={styles.pick}>
        <input type="checkbox" data-does="pick" aria-label={`Select ${workspace.name}`} checked={picked} tabIndex={stop} readOnly />
      </span>
      <span role="gridcell" className={styles.name} style={{ "--depth": Math.min(depth, indentMax) } as CSSProperties}>
        <StatusDot status={workspace.status} />
        <span className={styles.words}>
          <strong title={workspace.name}>{workspace.name}</strong>
          <small title={workspace.role ?? undefined}>{workspace.role}</small>
        </span>
        <span className={styles.pills}>
          <TierPill tier={workspace.tier} />
          <RuntimePill workspace={workspace} />
        </span>
      </span>
      <span role="gridcell" className={styles.team} title={team}>
        {team}
      </span>
      <span role="gridcell" className={classNames(styles.status, styles[workspace.status])}>
        {standingWord(workspace)}
        {workspace.late && ", late"}
      </span>
      <span role="gridcell" className={styles.task} title={workspace.current_task || workspace.last_sample_error}>
        {workspace.active_tasks > 1 && <b>{workspace.active_tasks} tasks </b>}
        {workspace.current_task !== "" ? (
          workspace.current_task
        ) : (
          <em>{workspace.status === "failed" || workspace.status === "degraded" ? workspace.last_sample_error : unconfigured(workspace)}</em>
        )}
      </span>
      <span role="gridcell" className={styles.errors}>
        {share > 0 ? `${Math.round(share * 100)} %` : ""}
      </span>
      <span role="gridcell" className={styles.seen}>
        {heard === undefined ? "never" : <Age at={heard} />}
      </span>
      <span role="gridcell" className={styles.tools}>
        <IconButton label={`Chat with ${workspace.name}`} data-does="chat" tabIndex={stop}>
          <MessageSquare size={16} aria-hidden />
        </IconButton>
        <IconButton label={`All actions for ${workspace.name}`} data-does="menu" tabIndex={stop} aria-haspopup="menu">
          <EllipsisVertical size={16} aria-hidden />
        </IconButton>
      </span>
    </div>
  );
});
