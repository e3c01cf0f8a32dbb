import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { afterPause, beforehand } from "./lifecycle_words";

const pm = readWorkspace({ id: "p", name: "pm", runtime: "external" });
const here = readWorkspace({ id: "h", name: "coder", runtime: "claude-code" });

it("says before a pause what becomes of the agent, its messages and its team", () => {
  expect(beforehand("pause", pm, 0)).toBe("The agent of pm keeps running where it was started and is told to wait; messages to it wait here.");
  expect(beforehand("pause", pm, 1)).toMatch(/The workspace in its team goes along\.$/);
  expect(beforehand("pause", pm, 3)).toMatch(/The 3 workspaces in its team go along\.$/);
});

it("promises no restart of what runs elsewhere", () => {
  expect(beforehand("restart", pm, 0)).toMatch(/its owner restarts it/);
});

it("says what becomes of an agent that the platform started", () => {
  expect(beforehand("pause", here, 0)).toMatch(/is ended and its files are kept/);
  expect(beforehand("resume", here, 0)).toMatch(/is started again/);
  expect(beforehand("restart", here, 0)).toMatch(/started anew/);
});

it("says after a pause what goes on", () => {
  expect(afterPause("pm is", 1)).toBe("pm is paused. Its agent goes on running and waits; messages to it wait here.");
  expect(afterPause("coder is", 1, false)).toBe("coder is paused. Messages to it wait here.");
  expect(afterPause("3 workspaces are", 3)).toMatch(/^3 workspaces are paused\. Their agents go on running/);
});
