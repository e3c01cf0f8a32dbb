import { shell } from "@/actions/shell";
import type { Workspace } from "@/api/workspace";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/notice";
import { Facts, PanelBody, Section } from "@/ui/section";
import { skillsOf } from "./skill_list";
import styles from "./skills.module.css";

/** What the agent of a workspace says it can do. */
export function SkillsPanel({ workspace }: { workspace: Workspace }) {
  const card = workspace.agent_card;
  const skills = skillsOf(card);
  if (!card)
    return (
      <PanelBody>
        <Empty title="No agent card yet">
          {workspace.name}’s agent brings its card, and with it its skills, when it registers.
          <Button onClick={() => shell.current.connect(workspace.id)}>Connect an agent</Button>
        </Empty>
      </PanelBody>
    );
  return (
    <PanelBody>
      <Section title="Agent card" action={<Button onClick={() => shell.current.open(workspace.id, "details")}>Change in Details</Button>}>
        <Facts
          facts={[
            ["Agent", card.name],
            ["Description", card.description],
            ["Version", card.version],
            ["Runtime", workspace.runtime],
            ["Skills", String(skills.length)],
          ]}
        />
      </Section>
      <Section title="Skills">
        {skills.length === 0 && <Empty title="No skills">The card of {workspace.name}’s agent names none. Peers choose whom to ask by skills.</Empty>}
        {skills.map(({ key, name, id, description, tags, examples }) => (
          <article key={key} className={styles.skill} aria-label={name}>
            <div className={styles.head}>
              <h3>{name}</h3>
              {id !== undefined && id !== name && <code>{id}</code>}
            </div>
            {description !== undefined && <p>{description}</p>}
            {tags.length > 0 && (
              <ul className={styles.tags} aria-label="Tags">
                {tags.map((tag) => (
                  <li key={tag}>{tag}</li>
                ))}
              </ul>
            )}
            {examples.length > 0 && (
              <ul className={styles.examples} aria-label="Examples">
                {examples.map((example) => (
                  <li key={example}>“{example}”</li>
                ))}
              </ul>
            )}
          </article>
        ))}
      </Section>
    </PanelBody>
  );
}
