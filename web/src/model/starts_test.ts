import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { emptyOrg, orgStore, withPicture, withWorkspace, type Org } from "./org";
import { newIn, overdue, startsAfter, startsStore } from "./starts";

const make = (id: string, more: Record<string, unknown> = {}) => readWorkspace({ id, name: id, status: "provisioning", ...more });
const orgOf = (...all: ReturnType<typeof make>[]): Org => withPicture(emptyOrg, all);
const minute = 60_000;

it("knows since when each is being started, and forgets those that are up", () => {
  const first = startsAfter(new Map(), orgOf(make("a")), 1000);
  const second = startsAfter(first, orgOf(make("a"), make("b")), 5000);
  expect([...second]).toEqual([["a", 1000], ["b", 5000]]);
  expect(startsAfter(second, orgOf(make("a"), make("b")), 9000)).toBe(second);
  expect([...startsAfter(second, orgOf(make("a", { status: "online" }), make("b")), 9000)]).toEqual([["b", 5000]]);
});

it("gives a start two minutes, and more where many start at once", () => {
  expect(overdue(new Map([["a", 0]]), 2 * minute)).toEqual([]);
  expect(overdue(new Map([["a", 0], ["b", -5]]), 2 * minute + 1)).toEqual(["b", "a"]);
  const five = new Map(["a", "b", "c", "d", "e"].map((id) => [id, 0]));
  expect(overdue(five, 3 * minute)).toEqual([]);
  expect(overdue(five, 3.5 * minute + 1)).toHaveLength(5);
});

it("counts of a team those that are started for the first time", () => {
  const heard = { last_heartbeat_at: "2026-01-01T00:00:00Z" };
  const org = orgOf(make("lead", { status: "online", ...heard }), make("fresh", { parent_id: "lead" }), make("again", { parent_id: "lead", ...heard }), make("below", { parent_id: "fresh" }));
  expect(newIn(org, "lead")).toEqual(["fresh", "below"]);
  expect(newIn(org, "again")).toEqual([]);
});

it("follows the organisation of the page", () => {
  orgStore.set(orgOf(make("a")));
  expect([...startsStore.get().keys()]).toEqual(["a"]);
  orgStore.set(withWorkspace(orgStore.get(), make("a", { status: "failed" })));
  expect(startsStore.get().size).toBe(0);
});
