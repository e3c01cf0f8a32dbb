import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { marksStore, mark } from "@/canvas/marks";
import { emptyOrg, orgStore, withPicture } from "@/model/org";
import { movers, nestTogether } from "./nest_together";
import { undoLast } from "./undo";

const org = withPicture(
  emptyOrg,
  [
    { id: "pm", name: "pm", x: 40, y: 40 },
    { id: "lead", name: "lead", x: 500, y: 40 },
    { id: "in", name: "inside", parent_id: "lead", x: 516, y: 240 },
    { id: "b", name: "b", x: 900, y: 40 },
    { id: "mine", name: "mine", parent_id: "pm", x: 56, y: 240 },
  ].map(readWorkspace),
);
beforeEach(() => {
  orgStore.set(org);
  mark({ picked: new Set(["lead", "in", "b"]) });
});
afterEach(() => vi.unstubAllGlobals());

it("moves only the topmost, and not what is there already or cannot be", () => {
  expect(movers(org, ["lead", "in", "b", "mine", "pm"], "pm")).toEqual(["lead", "b"]);
  expect(movers(org, ["lead", "b"], "in")).toEqual(["b"]);
});

it("puts each under the new parent; what is refused stays picked, and the rest can be taken back", async () => {
  const parents = new Map<string, unknown>();
  vi.stubGlobal(
    "fetch",
    vi.fn(async (path: string, { body }: { body: string }) => {
      const id = path.split("/").at(-1) ?? "";
      if (id === "b") return new Response('{"error":"no","code":"refused"}', { status: 409 });
      const change = JSON.parse(body) as { parent_id?: unknown };
      if ("parent_id" in change) parents.set(id, change.parent_id);
      return new Response("{}");
    }),
  );
  await nestTogether(["lead", "in", "b"], "pm");
  expect([...parents]).toEqual([["lead", "pm"]]);
  expect(orgStore.get().workspaces.get("lead")?.parent_id).toBe("pm");
  expect(orgStore.get().workspaces.get("b")?.parent_id).toBeNull();
  expect([...marksStore.get().picked]).toEqual(["b"]);
  undoLast();
  await vi.waitFor(() => expect(orgStore.get().workspaces.get("lead")?.parent_id).toBeNull());
});
