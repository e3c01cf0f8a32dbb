import { expect, test } from "vitest";
import { chosen, entryOf, namesIn, sentence, type Told } from "./timeline";

const names: Record<string, string> = { pm: "pm", re: "researcher" };
const nameOf = (id: string) => names[id] ?? id;
let seq = 0;
const told = (event: string, payload: Record<string, unknown> = {}, workspace: string | null = "pm"): Told => ({ seq: (seq += 1), event, workspace, at: 0, payload });
const says = (event: string, payload: Record<string, unknown> = {}, workspace: string | null = "pm") => {
  const entry = entryOf(told(event, payload, workspace));
  return entry && sentence(entry, nameOf);
};
const message = (text: string) => ({ params: { message: { parts: [{ kind: "text", text }] } } });
const answer = (text: string) => ({ result: { kind: "message", parts: [{ kind: "text", text }] } });

test("a message is told when it is asked and when it is answered, with its way", () => {
  const of = { activity_id: "m", activity_type: "a2a_receive", source_id: null, target_id: "pm" };
  expect(says("ACTIVITY_LOGGED", { ...of, status: "pending", summary: "message/send → pm: hello", request_body: message("hello") })).toBe("You asked pm: hello");
  expect(says("ACTIVITY_LOGGED", { ...of, status: "ok", duration_ms: 3, response_body: answer("hi") })).toBe("pm answered you: hi");
  expect(says("ACTIVITY_LOGGED", { ...of, status: "error", duration_ms: 3, error_detail: "it is gone" })).toBe("pm did not answer you: it is gone");
  expect(entryOf(told("ACTIVITY_LOGGED", { ...of, status: "ok", duration_ms: 3 }))?.way).toBe("pm.m.");
  expect(entryOf(told("ACTIVITY_LOGGED", { ...of, source_id: "re", status: "ok", duration_ms: 3 }))?.kind).toBe("delegations");
});

test("what two events say is told once", () => {
  for (const event of ["USER_MESSAGE", "A2A_RESPONSE", "DELEGATION_STATUS", "WORKSPACE_HEARTBEAT"]) expect(says(event)).toBeUndefined();
  expect(says("DELEGATION_SENT", { target_id: "re", delegation_id: "d", task_id: "t", task_preview: "look" })).toBeUndefined();
  expect(says("DELEGATION_SENT", { target_id: "re", delegation_id: "d", task_preview: "look" })).toBe("pm handed work to researcher: look");
  expect(says("TASK_UPDATED", { current_task: "" })).toBeUndefined();
  expect(says("WORKSPACE_UPDATED", { x: 1, y: 2 })).toBeUndefined();
});

test("changes are told in words, with names in place of ids", () => {
  expect(says("WORKSPACE_UPDATED", { parent_id: "re" })).toBe("pm moved to the team of researcher");
  expect(says("WORKSPACE_UPDATED", { role: "lead", tier: 2 })).toBe("pm has another role, tier: lead");
  expect(says("SECRET_CHANGED", { key: "KEY", scope: "workspace" })).toBe("pm had a secret changed: KEY");
  expect(says("TICKET_MADE", { name: "laptop" }, null)).toBe("A join ticket was made: laptop");
  expect(says("ORG_KEY_MADE", { prefix: "mol_abcdefgh", name: "", scope: "read", by: "session" }, null)).toBe("A key was made: mol_abcdefgh (read), by session");
  expect(says("TOKEN_MADE", { prefix: "mol_abcdefgh", label: "laptop", by: "session" })).toBe("pm was given another token: laptop, by session");
  expect(says("TOKEN_REVOKED", { prefix: "mol_abcdefgh", by: "workspace" })).toBe("pm had a token revoked: mol_abcdefgh, by workspace");
  expect(entryOf(told("TOKEN_MADE", {}))?.kind).toBe("access");
  expect(says("TERMINAL_OPENED", { terminal_id: "t", who: "session", address: "127.0.0.1" })).toBe("pm had a terminal opened: session");
  expect(says("TERMINAL_CLOSED", { terminal_id: "t", who: "session", seconds: 3, reason: "the workspace was paused" })).toBe("pm had a terminal closed: the workspace was paused");
  expect(says("WORKSPACE_ONLINE", { recovered_from: "degraded" })).toBe("pm is online again, after it was degraded");
  expect(says("SOMETHING_NEW", {})).toBe("pm something new");
  const id = "11111111-2222-3333-4444-555555555555";
  names[id] = "clerk";
  expect(says("TASK_UPDATED", { current_task: `asks ${id}` })).toBe("pm works on: asks clerk");
});

test("kinds, failures and words choose", () => {
  const entries = [told("WORKSPACE_DEGRADED", { error_rate: 0.5, sample_error: "no paper" }), told("SECRET_CHANGED", { key: "KEY", scope: "workspace" })].map((each) => entryOf(each)).filter((each) => each !== undefined);
  const by = (show: string, find = "") => chosen(entries, { show, find }, nameOf).map((each) => each.kind);
  expect(by("failed")).toEqual(["lifecycle"]);
  expect(by("access")).toEqual(["access"]);
  expect(by("", "PAPER pm")).toEqual(["lifecycle"]);
  expect(by("")).toHaveLength(2);
});

test("workspaces that are gone keep the last name that events brought", () => {
  expect(namesIn([told("WORKSPACE_PAUSED", { name: "new" }, "x"), told("WORKSPACE_PROVISIONING", { name: "old" }, "x"), told("TICKET_MADE", { name: "no" }, "y")])).toEqual(new Map([["x", "new"]]));
});

test("an agent that is late or away is not well, and has not failed", () => {
  for (const event of ["WORKSPACE_LATE", "WORKSPACE_OFFLINE"]) expect(entryOf(told(event))).toMatchObject({ unwell: true, failed: false });
  expect(entryOf(told("WORKSPACE_ONLINE"))).toMatchObject({ unwell: false, failed: false });
});
