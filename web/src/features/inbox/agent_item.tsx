import { offered } from "@/actions/action";
import { shell } from "@/actions/shell";
import { workspaceActions } from "@/actions/workspace_actions";
import type { Workspace } from "@/api/workspace";
import { StatusDot } from "@/canvas/status_dot";
import { nextStep, type Trouble } from "@/model/needs";
import { orgStore } from "@/model/org";
import { standingWord, unconfigured } from "@/model/selectors";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import styles from "./inbox.module.css";

/** Where to look first. */
const looks: Record<Trouble, { tab: string; label: string }> = {
  failed: { tab: "details", label: "Details" },
  degraded: { tab: "activity", label: "Its failures" },
  unconfigured: { tab: "secrets", label: "Its secrets" },
  waiting: { tab: "details", label: "Connect its agent" },
};

/** An agent in trouble, and what to do next. */
export function AgentItem({ workspace, trouble }: { workspace: Workspace; trouble: Trouble }) {
  const heard = workspace.last_heartbeat_at ? Date.parse(workspace.last_heartbeat_at) : undefined;
  const org = orgStore.get();
  const mends = offered(workspaceActions, workspace, org).filter(({ action, refusal }) => (action.name === "restart" || action.name === "pause") && refusal === undefined);
  return (
    <>
      <div className={styles.title}>
        <StatusDot status={workspace.status} />
        <h3>{workspace.name}</h3>
        <span className={classNames(styles.tag, styles[trouble])}>
          {standingWord(workspace)}
          {trouble === "degraded" && `, ${Math.round(workspace.last_error_rate * 100)} % fails`}
        </span>
        <span className={styles.age}>{heard === undefined ? "never heard" : <Age at={heard} />}</span>
      </div>
      {workspace.last_sample_error !== "" && trouble !== "waiting" && <p className={styles.error}>{workspace.last_sample_error}</p>}
      {trouble === "unconfigured" && <p className={styles.error}>{unconfigured(workspace)}</p>}
      <p className={styles.muted}>{nextStep(workspace)}</p>
      <div className={styles.tools}>
        <Button data-key="a" onClick={() => shell.current.open(workspace.id, looks[trouble].tab)} aria-label={`${looks[trouble].label}: ${workspace.name}`}>
          {looks[trouble].label}
        </Button>
        {mends.map(({ action }) => (
          <Button key={action.name} aria-label={`${action.label} ${workspace.name}`} onClick={() => action.run(workspace, org)}>
            <action.icon size={14} aria-hidden /> {action.label}
          </Button>
        ))}
      </div>
    </>
  );
}
