import { Check } from "lucide-react";
import { skillNames, type Workspace } from "@/api/workspace";
import { orgStore } from "@/model/org";
import { descendantsOf, standingWord, unconfigured } from "@/model/selectors";
import { newIn } from "@/model/starts";
import { Age } from "@/ui/age";
import { classNames } from "@/ui/class_names";
import { useSelected } from "@/ui/store";
import { NextButton, StartsButton } from "./card_buttons";
import { RuntimePill } from "./pills";
import styles from "./workspace_node.module.css";

const skillsShown = 4;

/** What is written between a card's name and its foot. */
export function Words({ workspace, recent }: { workspace: Workspace; recent: string | undefined }) {
  const team = useSelected(orgStore, (org) => (org.children.has(workspace.id) ? descendantsOf(org, workspace.id).length : 0));
  // Of a whole tree its root tells.
  const fresh = useSelected(orgStore, (org) => (team > 0 && workspace.parent_id === null ? newIn(org, workspace.id).length : 0));
  const working = workspace.current_task !== "";
  const task = workspace.current_task || recent;
  return (
    <>
      <div className={styles.pills}>
        <RuntimePill workspace={workspace} />
        {team > 0 && <span className={styles.team}>{workspace.collapsed ? `${team} inside, folded` : `${team} in team`}</span>}
        {fresh > 0 && <StartsButton id={workspace.id} count={fresh} />}
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
        <div className={classNames(styles.strip, styles.error)} title={flawOf(workspace)}>
          <span>{flawOf(workspace)}</span>
        </div>
      )}
    </>
  );
}

/** What is wrong with it, in the words of its agent; empty when nothing is. */
function flawOf(workspace: Workspace): string {
  const { status, last_sample_error: error } = workspace;
  return status === "degraded" || status === "failed" || status === "provisioning" ? error : (unconfigured(workspace) ?? "");
}

export const showsError = (workspace: Workspace): boolean => flawOf(workspace) !== "";

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

export function Foot({ workspace, far }: { workspace: Workspace; far: boolean }) {
  const heard = workspace.last_heartbeat_at ? Date.parse(workspace.last_heartbeat_at) : undefined;
  const silent = workspace.late || workspace.status === "offline";
  return (
    <div className={styles.foot}>
      <span className={workspace.late ? styles.late : styles.word}>
        {workspace.late ? "Late" : standingWord(workspace)}
        {!far && workspace.status === "degraded" && ` · ${Math.round(workspace.last_error_rate * 100)}% errors`}
      </span>
      {workspace.active_tasks > 0 ? (
        <span className={styles.tasks}>
          <span className={styles.pulse} aria-hidden />
          {far ? workspace.active_tasks : workspace.active_tasks === 1 ? "1 task" : `${workspace.active_tasks} tasks`}
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
      {!far && workspace.active_tasks === 0 && <NextButton workspace={workspace} />}
    </div>
  );
}
