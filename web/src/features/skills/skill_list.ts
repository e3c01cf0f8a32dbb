import type { AgentCard } from "@/api/workspace";

/** A skill as a person reads it. */
export interface ShownSkill {
  key: string;
  name: string;
  id: string | undefined;
  description: string | undefined;
  tags: string[];
  examples: string[];
}

const tagsMax = 4;
const examplesMax = 2;

const text = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value : undefined);
const texts = (value: unknown, most: number): string[] =>
  Array.isArray(value) ? value.flatMap((each) => text(each) ?? []).slice(0, most) : [];

/** Every skill that has a name or an id, in the card's order. */
export function skillsOf(card: AgentCard | null): ShownSkill[] {
  if (!Array.isArray(card?.skills)) return [];
  return card.skills.flatMap((skill, index) => {
    const name = text(skill?.name) ?? text(skill?.id);
    if (name === undefined) return [];
    return [
      {
        key: `${index}:${name}`,
        name,
        id: text(skill.id),
        description: text(skill.description),
        tags: texts(skill.tags, tagsMax),
        examples: texts(skill.examples, examplesMax),
      },
    ];
  });
}
