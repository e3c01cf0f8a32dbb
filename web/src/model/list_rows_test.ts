import { expect, test } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { listRows, nextSort, readSort, readStatuses, toggledStatus, writeSort } from "./list_rows";
import { emptyOrg, withPicture } from "./org";

const person = (id: string, more: Record<string, unknown> = {}) => readWorkspace({ id, name: id, status: "online", created_at: "", ...more });
const org = withPicture(emptyOrg, [
  person("lead"),
  person("zoe", { parent_id: "lead", status: "failed", current_task: "Reading invoices" }),
  person("other", { status: "degraded", last_error_rate: 0.6, last_heartbeat_at: "2026-01-02T00:00:00Z" }),
  person("abe", { parent_id: "zoe", active_tasks: 3, last_heartbeat_at: "2026-01-01T00:00:00Z" }),
]);
const any = { find: "", statuses: new Set<never>(), sort: undefined };
const names = (rows: ReturnType<typeof listRows>) => rows.map(({ workspace, depth }) => `${depth} ${workspace.name}`);

test("without an order each team stands below its lead", () => {
  expect(names(listRows(org, any))).toEqual(["0 lead", "1 zoe", "2 abe", "0 other"]);
  expect(listRows(org, any)[2]?.team).toBe("zoe");
});

test("what matches is flat, by name, task and status", () => {
  expect(names(listRows(org, { ...any, find: "invoices" }))).toEqual(["0 zoe"]);
  expect(names(listRows(org, { ...any, statuses: new Set(["failed", "degraded"] as const) }))).toEqual(["0 zoe", "0 other"]);
});

test("columns order it, and what needs somebody is first", () => {
  const by = (text: string) => names(listRows(org, { ...any, sort: readSort(text) })).map((each) => each.slice(2));
  expect(by("status")).toEqual(["zoe", "other", "lead", "abe"]);
  expect(by("name")).toEqual(["abe", "lead", "other", "zoe"]);
  expect(by("-name")).toEqual(["zoe", "other", "lead", "abe"]);
  expect(by("tasks")[0]).toBe("abe");
  expect(by("errors")[0]).toBe("other");
  expect(by("seen")).toEqual(["other", "abe", "lead", "zoe"]);
});

test("a column's clicks go up, down and back", () => {
  const up = nextSort(undefined, "name");
  const down = nextSort(up, "name");
  expect([writeSort(up), writeSort(down), writeSort(nextSort(down, "name")), writeSort(nextSort(down, "seen"))]).toEqual(["name", "-name", "", "seen"]);
  expect(readSort("-nothing")).toBeUndefined();
});

test("statuses come and go from an address that may be odd", () => {
  expect(toggledStatus("failed", "online")).toBe("failed,online");
  expect(toggledStatus("failed,online", "failed")).toBe("online");
  expect([...readStatuses("failed,nonsense,")]).toEqual(["failed"]);
});

test("ten thousand are ordered within a moment", () => {
  const many = withPicture(
    emptyOrg,
    Array.from({ length: 10_000 }, (_, index) => person(`agent ${index}`, index % 10 === 0 ? {} : { parent_id: `agent ${index - (index % 10)}` })),
  );
  const began = performance.now();
  expect(listRows(many, { ...any, sort: { key: "name", down: true } })).toHaveLength(10_000);
  expect(performance.now() - began).toBeLessThan(1000);
});
