import { useState } from "react";
import { offered } from "@/actions/action";
import { shell } from "@/actions/shell";
import { workspaceActions } from "@/actions/workspace_actions";
import type { Workspace } from "@/api/workspace";
import { BeatsLine } from "@/canvas/beats_line";
import { beforehand } from "@/model/lifecycle_words";
import { orgStore } from "@/model/org";
import { joinsByItself, standingWord, tierWords, unconfigured } from "@/model/selectors";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Notice } from "@/ui/notice";
import { Facts, PanelBody, Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { useSelected } from "@/ui/store";
import { shortAge } from "@/ui/time";
import { CardSection } from "./card_section";
import { ConnectionSection } from "./connection_section";
import { EditForm } from "./edit_form";
import { PeersSection } from "./peers_section";

const lifecycle = new Set(["pause", "resume", "restart"]);

export function DetailsPanel({ workspace, onOpen }: { workspace: Workspace; onOpen: (id: string) => void }) {
  const [editing, setEditing] = useState(false);
  const parent = useSelected(orgStore, (org) => (workspace.parent_id ? org.workspaces.get(workspace.parent_id) : undefined));
  const heard = workspace.last_heartbeat_at ? Date.parse(workspace.last_heartbeat_at) : undefined;
  return (
    <PanelBody>
      {workspace.last_sample_error !== "" && ["degraded", "failed", "provisioning"].includes(workspace.status) && (
        <Notice tone="bad">
          <strong>{workspace.status === "degraded" ? `Degraded: ${Math.round(workspace.last_error_rate * 100)}% of its work fails` : standingWord(workspace)}</strong>
          <p>{workspace.last_sample_error}</p>
        </Notice>
      )}
      {unconfigured(workspace) !== undefined && (
        <Notice tone="warn">
          <strong>Not configured</strong>
          <p>{unconfigured(workspace)}</p>
          <p>Its agent runs and answers nothing until that is there: often a key among its secrets. It looks when it starts again.</p>
        </Notice>
      )}
      <Section title="Workspace" action={!editing && <Button onClick={() => setEditing(true)}>Edit</Button>}>
        {editing ? (
          <EditForm key={workspace.id} workspace={workspace} onDone={() => setEditing(false)} />
        ) : (
          <Facts
            facts={[
              ["Name", workspace.name],
              ["Role", workspace.role],
              ["Tier", `T${workspace.tier} ${tierWords[workspace.tier] ?? ""}`],
              ["Status", `${standingWord(workspace)}${workspace.late ? ", late" : ""}`],
              ["Last heartbeat", heard === undefined ? "never" : <Age at={heard} />],
              ["Current task", workspace.current_task],
              ["Active tasks", String(workspace.active_tasks)],
              ["Running for", workspace.uptime_seconds > 0 ? shortAge(workspace.uptime_seconds * 1000) : undefined],
              ["Runtime", workspace.runtime],
              ["Delivery", workspace.delivery_mode === "poll" ? "poll: the agent fetches its messages" : "push: messages go to its URL"],
              ["URL", workspace.url && <Copyable text={workspace.url} what="URL" />],
              ["Parent", parent && <Button onClick={() => onOpen(parent.id)}>{parent.name}</Button>],
            ]}
          />
        )}
      </Section>
      <Section title="Lifecycle">
        <BeatsLine workspace={workspace.id} name={workspace.name} />
        <LifecycleButtons workspace={workspace} />
      </Section>
      <CardSection key={`card ${workspace.id}`} workspace={workspace} />
      <SkillsSection workspace={workspace} />
      <PeersSection workspace={workspace} onOpen={onOpen} />
      {joinsByItself(workspace) && <ConnectionSection key={workspace.id} workspace={workspace} />}
      <Section title="Danger zone">
        <div className={list.row}>
          <Button tone="danger_quiet" onClick={() => shell.current.askDelete(workspace.id)}>
            Delete {workspace.name}…
          </Button>
        </div>
      </Section>
    </PanelBody>
  );
}

function Copyable({ text, what }: { text: string; what: string }) {
  return (
    <span className={list.row}>
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  );
}

/** Each with what comes of it beside it: for an agent that runs elsewhere that is less than the words promise. */
function LifecycleButtons({ workspace }: { workspace: Workspace }) {
  const org = useSelected(orgStore, (value) => value);
  const actions = offered(workspaceActions, workspace, org).filter(({ action }) => lifecycle.has(action.name));
  return (
    <ul className={list.list} aria-label="Lifecycle">
      {actions.map(({ action, refusal }) => (
        <li key={action.name}>
          <div className={list.main}>
            <div className={list.sub}>{refusal === undefined ? action.meaning?.(workspace, org) : lifecycleRefusal(action.name, refusal, workspace)}</div>
          </div>
          <Button disabled={refusal !== undefined} title={refusal} onClick={() => action.run(workspace, org)}>
            <action.icon size={15} aria-hidden /> {action.label}
          </Button>
        </li>
      ))}
    </ul>
  );
}

const lifecycleRefusal = (name: string, refusal: string, workspace: Workspace): string =>
  name === "restart" && joinsByItself(workspace) ? beforehand("restart", workspace, 0) : `${refusal}.`;

function SkillsSection({ workspace }: { workspace: Workspace }) {
  const skills = Array.isArray(workspace.agent_card?.skills) ? workspace.agent_card.skills : [];
  return (
    <Section title="Skills">
      {skills.length === 0 ? (
        <p className={list.muted}>Its agent card names no skills{workspace.agent_card ? "" : ": no agent has registered yet"}.</p>
      ) : (
        <ul className={list.list}>
          {skills.map((skill, index) => (
            <li key={`${index}:${skill?.id ?? ""}`}>
              <div className={list.main}>
                {skill?.name ?? skill?.id ?? "unnamed"}
                {skill?.description && <div className={list.sub}>{skill.description}</div>}
                {Array.isArray(skill?.tags) && skill.tags.length > 0 && <div className={list.sub}>{skill.tags.slice(0, 4).join(" · ")}</div>}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
