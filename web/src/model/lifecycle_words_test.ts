import { expect, it } from "vitest";
import { afterPause, beforehand } from "./lifecycle_words";

const pm = { name: "pm" };

it("says before a pause what becomes of the agent, its messages and its team", () => {
  expect(beforehand("pause", pm, 0)).toBe("The agent of pm keeps running where it was started and is told to wait; messages to it wait here.");
  expect(beforehand("pause", pm, 1)).toMatch(/The workspace in its team goes along\.$/);
  expect(beforehand("pause", pm, 3)).toMatch(/The 3 workspaces in its team go along\.$/);
});

it("promises no restart", () => {
  expect(beforehand("restart", pm, 0)).toMatch(/starts no agents/);
});

it("says after a pause what goes on", () => {
  expect(afterPause("pm is", 1)).toBe("pm is paused. Its agent goes on running and waits; messages to it wait here.");
  expect(afterPause("3 workspaces are", 3)).toMatch(/^3 workspaces are paused\. Their agents go on running/);
});
