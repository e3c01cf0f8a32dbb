import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { emptyOrg, withPicture } from "@/model/org";
import { offered } from "./action";
import { workspaceActions } from "./workspace_actions";

const org = withPicture(
  emptyOrg,
  [
    { id: "pm", name: "pm", status: "online", runtime: "local" },
    { id: "r", name: "researcher", status: "paused", runtime: "external", parent_id: "pm" },
  ].map(readWorkspace),
);
function names(id: string): Map<string, string | undefined> {
  const workspace = org.workspaces.get(id);
  if (!workspace) throw new Error(id);
  return new Map(offered(workspaceActions, workspace, org).map(({ action, refusal }) => [action.name, refusal]));
}

it("offers a lead what leads can do", () => {
  const lead = names("pm");
  for (const name of ["arrange", "collapse", "zoom", "pause"]) expect(lead.has(name)).toBe(true);
  for (const name of ["expand", "extract", "resume"]) expect(lead.has(name)).toBe(false);
});

it("offers a paused child to resume and to leave its team, and says why it cannot be restarted from here", () => {
  const child = names("r");
  expect(child.has("resume")).toBe(true);
  expect(child.has("extract")).toBe(true);
  expect(child.get("restart")).toContain("elsewhere");
});

it("gives no two actions on offer the same key", () => {
  for (const [, workspace] of org.workspaces) {
    const keys = offered(workspaceActions, workspace, org).flatMap(({ action }) => action.key ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  }
});
