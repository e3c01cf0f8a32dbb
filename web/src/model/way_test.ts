import { expect, it } from "vitest";
import type { ActivityRow } from "@/api/activity_api";
import type { QueueItem } from "@/api/wire";
import { buildWay, readWay, span, wayOfRow, writeWay, type Told } from "./way";

const begin = Date.parse("2030-01-01T10:00:00Z");
function told(id: string, seq: number, more: Partial<ActivityRow> = {}, standing = "answered"): Told {
  const row = { id, seq, workspace_id: `w${id}`, source_id: null, activity_type: "a2a_receive", created_at: new Date(begin + seq * 1000).toISOString(), duration_ms: 500, mail: standing === "answered" ? "settled" : "queued", request_body: { params: { message: { parts: [{ text: `ask ${id}` }] } } }, ...more };
  return { row: row as ActivityRow, item: { standing, attempts: 0 } as QueueItem };
}

it("is a tree that is read from where it began, siblings by time", () => {
  const all = [told("c", 3, { parent_id: "a" }), told("a", 1), told("d", 4, { parent_id: "b" }), told("b", 2, { parent_id: "a" })];
  const way = buildWay(all, "b", false);
  expect(way.steps.map(({ id, depth }) => [id, depth])).toEqual([["a", 0], ["b", 1], ["d", 2], ["c", 1]]);
  expect(way.steps[0]).toMatchObject({ from: null, to: "wa", text: "ask a", standing: "answered", endedAt: begin + 1500 });
  expect([way.startedAt, way.endedAt]).toEqual([begin + 1000, begin + 4500]);
});

it("is not over as long as one message is not", () => {
  const way = buildWay([told("a", 0), told("b", 1, { parent_id: "a" }, "waiting")], "a", false);
  expect(way.endedAt).toBeUndefined();
  const [first, last] = way.steps;
  if (!first || !last) throw new Error("two steps");
  expect(span(way, first, begin + 2000)).toEqual({ from: 0, length: 0.25 });
  expect(span(way, last, begin + 2000)).toEqual({ from: 0.5, length: 0.5 });
});

it("shows what has lost its beginning as a beginning", () => {
  expect(buildWay([told("b", 2, { parent_id: "gone" })], "b", false).steps.map(({ depth }) => depth)).toEqual([0]);
});

it("has an address for whatever row is about a message", () => {
  for (const address of [{ workspace: "w", message: "m" }, { workspace: "w", delegation: "d" }]) expect(readWay(writeWay(address))).toEqual(address);
  expect(readWay("")).toBeUndefined();
  expect(readWay("w..")).toBeUndefined();
  const row = (more: object) => ({ id: "r", workspace_id: "w", target_id: "t", source_id: "s", activity_type: "delegation", ...more }) as ActivityRow;
  expect(wayOfRow(row({ activity_type: "a2a_receive", mail: "settled" }))).toBe("w.r.");
  expect(wayOfRow(row({ method: "delegate", request_body: { delegation_id: "d" } }))).toBe("t..d");
  expect(wayOfRow(row({ method: "delegate_result", request_body: { delegation_id: "d" } }))).toBe("s..d");
  expect(wayOfRow(row({ activity_type: "dead_letter", request_body: { dead_letter: "l" } }))).toBe("w.l.");
  expect(wayOfRow(row({ activity_type: "task_update" }))).toBeUndefined();
});
