import { describe, expect, it } from "vitest";
import type { ActivityRow } from "@/api/activity_api";
import { concerns, mergeNewest, pageSize } from "./activity_feed";
import type { Frame } from "./frame";

const row = (id: string, more = {}) => ({ id, status: "ok", ...more }) as ActivityRow;
const page = (from: number) => Array.from({ length: pageSize }, (_, i) => row(`r${from - i}`));
const ids = (rows: readonly ActivityRow[]) => rows.map((each) => each.id);

describe("a newest page", () => {
  it("goes over what is known, replacing rows that changed", () => {
    const merged = mergeNewest([row("b", { status: "queued" }), row("a")], [row("c"), row("b")], false);
    expect(ids(merged)).toEqual(["c", "b", "a"]);
    expect(merged[1]?.status).toBe("ok");
  });
  it("that no longer touches what is known replaces it: there is a hole between them", () => {
    expect(ids(mergeNewest(page(60), page(500), true))).toEqual(ids(page(500)));
    // Large rows make a page short: its length says nothing about what lies between.
    expect(ids(mergeNewest(page(60), [row("z")], true))).toEqual(["z"]);
  });
});

describe("an event", () => {
  const frame = (event: string, workspace_id: string, payload = {}) => ({ event, workspace_id, payload, seq: 1, at: 0, transient: false }) as Frame;
  it("renews the feed of the workspace it is about, and of both ends of a hop", () => {
    expect(concerns(frame("ACTIVITY_LOGGED", "a"), "a")).toBe(true);
    expect(concerns(frame("DELEGATION_SENT", "a", { target_id: "b" }), "b")).toBe(true);
    expect(concerns(frame("ACTIVITY_LOGGED", "a"), "c")).toBe(false);
    expect(concerns(frame("WORKSPACE_HEARTBEAT", "a"), "a")).toBe(false);
  });
});
