import { expect, it } from "vitest";
import type { ActivityRow } from "@/api/activity_api";
import { readWay, wayOfRow, writeWay } from "./way_address";

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
