import { expect, test } from "vitest";
import { readWorkspace } from "@/api/workspace";
import type { DeadLetter, Question } from "@/api/wire";
import { countNeeds, needsOf, nextStep, shortCount } from "./needs";
import { emptyOrg, withPicture } from "./org";
import { standingWord, unconfigured } from "./selectors";

const workspace = (id: string, status: string, more = {}) => readWorkspace({ id, name: id, status, ...more });
const org = withPicture(emptyOrg, [workspace("well", "online"), workspace("new", "awaiting_agent"), workspace("broken", "failed"), workspace("ill", "degraded"), workspace("rests", "paused")]);
const question = (id: string, workspace_id = "well") => ({ id, workspace_id }) as Question;
const letter = { id: "letter" } as DeadLetter;

test("questions come first, then letters, then agents by their trouble", () => {
  expect(needsOf(org, [question("q")], [letter]).map(({ key }) => key)).toEqual(["q", "letter", "broken", "ill", "new"]);
});

test("the count is of the same things, and a question of a workspace that is gone is none", () => {
  const questions = [question("q"), question("old", "gone")];
  expect(countNeeds(org, questions, [letter])).toBe(needsOf(org, questions, [letter]).length);
  expect(countNeeds(org, questions, [letter])).toBe(5);
  expect(shortCount(100)).toBe("99+");
});

test("every trouble has a next step", () => {
  expect(nextStep(workspace("a", "failed"))).toMatch(/restart/);
  expect(nextStep(workspace("a", "failed", { runtime: "external" }))).toMatch(/its machine/);
  expect(nextStep(workspace("a", "degraded"))).toMatch(/recovers/);
  expect(nextStep(workspace("a", "awaiting_agent"))).toMatch(/details/);
  expect(nextStep(workspace("a", "online", { agent_card: { configuration_status: "not_configured" } }))).toMatch(/secrets/);
});

test("an agent that runs and is not configured is in trouble, and says what it lacks", () => {
  const lacking = (more = {}) => workspace("lacks", "online", { agent_card: { configuration_status: "not_configured", ...more } });
  expect(needsOf(withPicture(org, [lacking(), workspace("ill", "degraded")]), [], []).map(({ key }) => key)).toEqual(["ill", "lacks"]);
  expect(unconfigured(lacking({ configuration_error: "ANTHROPIC_API_KEY is missing" }))).toBe("ANTHROPIC_API_KEY is missing");
  expect(standingWord(lacking())).toBe("Not configured");
  expect(standingWord(workspace("well", "online", { agent_card: { configuration_status: "ready", configuration_error: "old" } }))).toBe("Online");
  expect(standingWord(workspace("off", "offline", { agent_card: { configuration_status: "not_configured" } }))).toBe("Offline");
});
