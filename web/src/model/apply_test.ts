import { describe, expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import type { Frame } from "@/live/frame";
import { apply } from "./apply";
import { emptyOrg, withPicture, type Org } from "./org";
import { childrenOf, descendantsOf, nestingRefusal, searchWorkspaces } from "./selectors";

let seq = 0;
function frame(event: string, workspace_id: string, payload: Record<string, unknown> = {}): Frame {
  seq += 1;
  return { event, workspace_id, payload, seq, at: Date.parse("2026-01-01T00:00:00Z") + seq * 1000, transient: false } as Frame;
}
function orgOf(...raw: Record<string, unknown>[]): Org {
  return withPicture(emptyOrg, raw.map(readWorkspace));
}
const pm = { id: "pm", name: "pm", status: "online", x: 10, y: 10 };
const researcher = { id: "r", name: "researcher", status: "online", parent_id: "pm", x: 30, y: 200 };

describe("an event", () => {
  it("changes the status it stands for and nothing of the others", () => {
    const org = orgOf(pm, researcher);
    const after = apply(org, frame("WORKSPACE_OFFLINE", "r")).org;
    expect(after.workspaces.get("r")?.status).toBe("offline");
    expect(after.workspaces.get("pm")).toBe(org.workspaces.get("pm"));
    expect(after.structure).toBe(org.structure);
  });
  it("carries the task, and an offline agent has none", () => {
    const busy = apply(orgOf(pm), frame("TASK_UPDATED", "pm", { current_task: "Reading", active_tasks: 1 })).org;
    expect(busy.workspaces.get("pm")).toMatchObject({ current_task: "Reading", active_tasks: 1 });
    expect(apply(busy, frame("WORKSPACE_OFFLINE", "pm")).org.workspaces.get("pm")?.current_task).toBe("");
  });
  it("says why a workspace is degraded, and recovering clears it", () => {
    const bad = apply(orgOf(pm), frame("WORKSPACE_DEGRADED", "pm", { error_rate: 0.6, sample_error: "boom" })).org;
    expect(bad.workspaces.get("pm")).toMatchObject({ status: "degraded", last_error_rate: 0.6, last_sample_error: "boom" });
    expect(apply(bad, frame("WORKSPACE_ONLINE", "pm")).org.workspaces.get("pm")).toMatchObject({ status: "online", last_sample_error: "" });
  });
  it("marks a late agent until it is heard again", () => {
    const late = apply(orgOf(pm), frame("WORKSPACE_LATE", "pm")).org;
    expect(late.workspaces.get("pm")?.late).toBe(true);
    const beat = frame("WORKSPACE_HEARTBEAT", "pm", { active_tasks: 2, uptime_seconds: 9 });
    const heard = apply(late, beat).org.workspaces.get("pm");
    expect(heard).toMatchObject({ late: false, active_tasks: 2, last_heartbeat_at: new Date(beat.at).toISOString() });
  });
  it("replaces the agent card", () => {
    const org = apply(orgOf(pm), frame("AGENT_CARD_UPDATED", "pm", { agent_card: { skills: [{ id: "plan" }] } })).org;
    expect(org.workspaces.get("pm")?.agent_card?.skills?.[0]?.id).toBe("plan");
  });
  it("moves a workspace and renews the index of children", () => {
    const org = apply(orgOf(pm, researcher), frame("WORKSPACE_UPDATED", "r", { parent_id: null, x: 500 })).org;
    expect(childrenOf(org, null)).toEqual(["pm", "r"]);
    expect(org.workspaces.get("r")?.x).toBe(500);
    expect(org.workspaces.get("r")?.y).toBe(200);
  });
  it("of a new workspace adds it and asks for the rest", () => {
    const { org, incomplete } = apply(orgOf(pm), frame("WORKSPACE_PROVISIONING", "n", { name: "new", tier: 2, parent_id: "pm" }));
    expect(org.workspaces.get("n")).toMatchObject({ name: "new", tier: 2, status: "provisioning" });
    expect(childrenOf(org, "pm")).toEqual(["n"]);
    expect(incomplete).toBe("n");
  });
  it("that only mentions an unknown workspace adds nothing: a removed one stays removed", () => {
    const org = orgOf(pm);
    expect(apply(org, frame("WORKSPACE_HEARTBEAT", "gone", { active_tasks: 1 })).org).toBe(org);
  });
  it("moves the counts of what it changed and no others", () => {
    const org = orgOf(pm, researcher);
    const counts = ({ shape, structure, standings }: Org) => [shape - org.shape, structure - org.structure, standings - org.standings];
    const after = (name: string, payload = {}) => apply(org, frame(name, "r", payload)).org;
    expect(counts(after("WORKSPACE_UPDATED", { name: "reader" }))).toEqual([0, 1, 0]);
    expect(after("WORKSPACE_UPDATED", { name: "reader" }).children).toBe(org.children);
    expect(counts(after("WORKSPACE_UPDATED", { x: 50 }))).toEqual([1, 1, 0]);
    expect(counts(after("WORKSPACE_PAUSED"))).toEqual([0, 0, 1]);
    expect(counts(after("AGENT_CARD_UPDATED", { agent_card: { configuration_status: "not_configured" } }))).toEqual([0, 0, 1]);
    expect(counts(after("TASK_UPDATED", { current_task: "Reading" }))).toEqual([0, 0, 0]);
    expect(counts(after("WORKSPACE_REMOVED"))).toEqual([1, 1, 1]);
  });
  it("that is unknown changes nothing", () => {
    const org = orgOf(pm);
    expect(apply(org, frame("SOMETHING_NEW", "pm", { name: "x" })).org).toBe(org);
  });
  it("removes a workspace and lifts what was in it", () => {
    const org = apply(orgOf(pm, researcher), frame("WORKSPACE_REMOVED", "pm")).org;
    expect([...org.workspaces.keys()]).toEqual(["r"]);
    expect(org.workspaces.get("r")?.parent_id).toBeNull();
  });
});

describe("a picture", () => {
  it("keeps the identity of what did not change", () => {
    const org = orgOf(pm, researcher);
    const again = withPicture(org, [pm, { ...researcher, current_task: "x" }].map(readWorkspace));
    expect(again.workspaces.get("pm")).toBe(org.workspaces.get("pm"));
    expect(again.workspaces.get("r")).not.toBe(org.workspaces.get("r"));
    expect(again.structure).toBe(org.structure);
  });
  it("survives members that are missing or of the wrong kind", () => {
    const org = orgOf({ id: "a", name: 5, tier: "x", status: "dancing", agent_card: [], x: Number.NaN });
    expect(org.workspaces.get("a")).toMatchObject({ name: "unnamed", tier: 3, status: "offline", agent_card: null, x: 0 });
  });
});

describe("questions", () => {
  const org = orgOf(pm, researcher, { id: "d", name: "deep", parent_id: "r", status: "paused", agent_card: { skills: [{ name: "Dive" }] } });
  it("lists descendants, parents first", () => {
    expect(descendantsOf(org, "pm")).toEqual(["r", "d"]);
  });
  it("refuses a workspace in its own team", () => {
    expect(nestingRefusal(org, "pm", "d")).toBeDefined();
    expect(nestingRefusal(org, "pm", "pm")).toBeDefined();
    expect(nestingRefusal(org, "d", "pm")).toBeUndefined();
  });
  it("finds by name, status and skill", () => {
    expect(searchWorkspaces(org, "rese").map((each) => each.id)).toEqual(["r"]);
    expect(searchWorkspaces(org, "paused dive").map((each) => each.id)).toEqual(["d"]);
    expect(searchWorkspaces(org, "nothing")).toEqual([]);
  });
});
