import { expect, it } from "vitest";
import type { AgentCard } from "@/api/workspace";
import { skillsOf } from "./skill_list";

it("reads a skill with what belongs to it, and no more than a person reads", () => {
  const [skill] = skillsOf({
    skills: [{ id: "sum", name: "Summarise", description: "Shortens", tags: ["a", "b", "c", "d", "e"], examples: ["one", "two", "three"] }],
  });
  expect(skill).toEqual({ key: "0:Summarise", name: "Summarise", id: "sum", description: "Shortens", tags: ["a", "b", "c", "d"], examples: ["one", "two"] });
});

it("leaves out what has no name, whatever a card holds", () => {
  const odd = { skills: [null, {}, { name: 7 }, { id: "x", tags: "no list", examples: [1, "ok"] }] } as unknown as AgentCard;
  expect(skillsOf(odd)).toEqual([{ key: "3:x", name: "x", id: "x", description: undefined, tags: [], examples: ["ok"] }]);
  expect(skillsOf(null)).toEqual([]);
  expect(skillsOf({ skills: "many" } as unknown as AgentCard)).toEqual([]);
});
