import { Pause, Play, RefreshCw } from "lucide-react";
import { useState } from "react";
import type { Workspace } from "@/api/workspace";
import { BeatsLine } from "@/canvas/beats_line";
import { useActivityFeed } from "@/live/use_activity_feed";
import { Button, IconButton } from "@/ui/button";
import { Empty, Failure, Loading } from "@/ui/notice";
import { ActivityRowView, isFailed } from "./activity_row";
import styles from "./activity.module.css";

const filters = [
  { value: "", label: "All" },
  { value: "a2a_receive", label: "A2A in" },
  { value: "a2a_send", label: "A2A out" },
  { value: "delegation", label: "Delegations" },
  { value: "task_update", label: "Tasks" },
  { value: "skill_promotion", label: "Skill promotions" },
  { value: "agent_log", label: "Logs" },
  { value: "error", label: "Errors" },
];

interface ActivityPanelProps {
  workspace: Workspace;
  filter: string;
  onFilter: (filter: string) => void;
}

/** Everything that happened to a workspace, newest first, growing as events arrive. */
export function ActivityPanel({ workspace, filter, onFilter }: ActivityPanelProps) {
  const [live, setLive] = useState(true);
  // Failures have many types, so they are picked out here rather than asked for by type.
  const failures = filter === "error";
  const { state, feed } = useActivityFeed(workspace.id, { type: failures ? undefined : filter || undefined }, live);
  const rows = failures ? state.rows.filter(isFailed) : state.rows;
  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        <select aria-label="Show" value={filter} onChange={(event) => onFilter(event.target.value)}>
          {filters.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <p role="status">
          {rows.length} {rows.length === 1 ? "entry" : "entries"}
          {live ? "" : ", paused"}
        </p>
        <IconButton label={live ? "Pause live updates" : "Follow live updates"} aria-pressed={live} onClick={() => setLive(!live)}>
          {live ? <Pause size={15} aria-hidden /> : <Play size={15} aria-hidden />}
        </IconButton>
        <IconButton label="Refresh" onClick={() => void feed.load()}>
          <RefreshCw size={15} aria-hidden />
        </IconButton>
      </div>
      <div className={styles.beats}>
        <BeatsLine workspace={workspace.id} name={workspace.name} />
      </div>
      {state.error !== undefined && (
        <div className={styles.failure}>
          <Failure text={`Activity could not be read: ${state.error}`} onRetry={() => void feed.load()} />
        </div>
      )}
      {state.loading && rows.length === 0 && <Loading text="Reading activity…" />}
      {!state.loading && rows.length === 0 && state.error === undefined && (
        <Empty title="Nothing yet">Messages, delegations, task changes and errors of {workspace.name} appear here as they happen.</Empty>
      )}
      <ul className={styles.list} aria-label={`Activity of ${workspace.name}`}>
        {rows.map((row) => (
          <ActivityRowView key={row.id} row={row} />
        ))}
        {state.more && (
          <li className={styles.more}>
            <Button onClick={() => void feed.loadOlder()} disabled={state.loadingOlder}>
              {state.loadingOlder ? "Loading…" : "Load older"}
            </Button>
          </li>
        )}
      </ul>
    </div>
  );
}
