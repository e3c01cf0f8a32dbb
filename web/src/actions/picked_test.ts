import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { mark, marksStore, pick, unpick } from "@/canvas/marks";
import { emptyOrg, orgStore, withPicture } from "@/model/org";
import { graceMs } from "./leaving";
import { planFor, runTogether } from "./picked";

const org = withPicture(
  emptyOrg,
  [
    { id: "lead", name: "lead", status: "online", runtime: "local" },
    { id: "in", name: "inside", status: "online", runtime: "local", parent_id: "lead" },
    { id: "far", name: "far", status: "offline", runtime: "external" },
    { id: "down", name: "down", status: "offline", runtime: "langgraph" },
  ].map(readWorkspace),
);
beforeEach(() => {
  orgStore.set(org);
  mark({ picked: new Set(), selected: undefined, leaving: new Set() });
});
afterEach(() => vi.unstubAllGlobals());

it("asks once for a team, and names whom it reaches", () => {
  const plan = planFor(org, new Set(["lead", "in"]), "delete");
  expect(plan.ids).toEqual(["lead"]);
  expect(plan.reached.toSorted()).toEqual(["in", "lead"]);
});

it("leaves out what is not possible, with the reason", () => {
  const plan = planFor(org, new Set(["far", "down", "lead"]), "restart");
  expect(plan.ids).toEqual(["down"]);
  expect(plan.refused.map((each) => each.name).toSorted()).toEqual(["far", "lead"]);
});

it("keeps picked what failed, and takes away what is gone when its time is over", async () => {
  vi.useFakeTimers();
  vi.stubGlobal(
    "fetch",
    vi.fn(async (path: string) =>
      path.includes("far") ? new Response('{"error":"no","code":"refused"}', { status: 409 }) : new Response("{}"),
    ),
  );
  await runTogether(planFor(org, new Set(["lead", "far"]), "delete"), "delete");
  expect([...marksStore.get().leaving].toSorted()).toEqual(["far", "in", "lead"]);
  expect(orgStore.get().workspaces.size).toBe(4);
  await vi.advanceTimersByTimeAsync(graceMs + 100);
  vi.useRealTimers();
  expect([...marksStore.get().picked]).toEqual(["far"]);
  expect([...orgStore.get().workspaces.keys()].toSorted()).toEqual(["down", "far"]);
  expect(marksStore.get().leaving.size).toBe(0);
});

it("picks beside the open card, and lets go", () => {
  mark({ selected: "lead" });
  pick("down");
  expect([...marksStore.get().picked].toSorted()).toEqual(["down", "lead"]);
  pick("down");
  expect([...marksStore.get().picked]).toEqual(["lead"]);
  expect(unpick()).toBe(true);
  expect(unpick()).toBe(false);
});
