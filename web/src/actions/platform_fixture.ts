import { vi } from "vitest";
import type { CardPlaces, WorkspaceChange } from "@/api/wire";
import { readWorkspace, type Workspace } from "@/api/workspace";
import { graph, type GraphControls } from "@/canvas/graph_controls";
import { intentsStore } from "@/canvas/intents";
import { layoutOrg } from "@/canvas/layout";
import { mark } from "@/canvas/marks";
import { emptyOrg, orgStore, withPicture } from "@/model/org";
import { descendantsOf } from "@/model/selectors";
import { forgetAll } from "./history";

/** What the platform holds, answering the requests of actions as it does. */
export class FakePlatform {
  workspaces = new Map<string, Workspace>();
  /** Each is refused whatever is asked about it. */
  refuses = new Set<string>();
  asked: string[] = [];

  constructor(raw: readonly Record<string, unknown>[]) {
    for (const each of raw) this.workspaces.set(String(each.id), readWorkspace({ name: each.id, status: "online", ...each }));
    orgStore.set(withPicture({ ...emptyOrg, loaded: true }, [...this.workspaces.values()]));
    mark({ picked: new Set(), selected: undefined, leaving: new Set() });
    intentsStore.set(new Map());
    forgetAll();
    graph.controls = { layout: () => layoutOrg(orgStore.get(), intentsStore.get()), reveal: () => undefined } as unknown as GraphControls;
    vi.stubGlobal("fetch", vi.fn((path: string, init: { method: string; body?: string }) => Promise.resolve(this.#answer(path, init))));
  }

  /** What a picture of it would show, statuses left out. */
  places(): unknown {
    return [...this.workspaces.values()].map(({ id, x, y, parent_id, collapsed, name }) => ({ id, x, y, parent_id, collapsed, name }));
  }

  #change(id: string, change: Partial<Workspace>): void {
    const before = this.workspaces.get(id);
    if (before) this.workspaces.set(id, { ...before, ...change });
  }

  #answer(path: string, { method, body }: { method: string; body?: string }): Response {
    this.asked.push(`${method} ${path}`);
    const [, , id = "", verb = ""] = (path.split("?")[0] ?? "").split("/");
    const refused = new Response('{"error":"no","code":"refused"}', { status: 409 });
    if (path === "/canvas/places") {
      const { places } = JSON.parse(body ?? "") as CardPlaces;
      if (places.some((each) => this.refuses.has(each.id))) return refused;
      for (const { id: card, ...change } of places) this.#change(card, change as Partial<Workspace>);
      return new Response(JSON.stringify({ changed: places.length }));
    }
    if (method === "POST" && id === "") {
      // Its event comes later: what was made is not on the page yet.
      const made = `made-${this.workspaces.size}`;
      this.workspaces.set(made, readWorkspace({ status: "awaiting_agent", ...(JSON.parse(body ?? "") as object), id: made }));
      return new Response(JSON.stringify({ id: made }));
    }
    if (this.refuses.has(id)) return refused;
    const org = withPicture(emptyOrg, [...this.workspaces.values()]);
    const all = [id, ...descendantsOf(org, id)];
    if (method === "PATCH") this.#change(id, JSON.parse(body ?? "") as WorkspaceChange as Partial<Workspace>);
    else if (method === "DELETE") for (const each of all) this.workspaces.delete(each);
    else if (verb === "pause" || verb === "resume") {
      if ((this.workspaces.get(id)?.status === "paused") === (verb === "pause")) return new Response('{"error":"so already","code":"workspace_not_found"}', { status: 404 });
      for (const each of all) this.#change(each, { status: verb === "pause" ? "paused" : "online" });
      // As its events tell.
      orgStore.set(withPicture(orgStore.get(), [...this.workspaces.values()]));
    }
    return new Response("{}");
  }
}
