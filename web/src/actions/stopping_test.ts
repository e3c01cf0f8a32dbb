import { afterEach, expect, it, vi } from "vitest";
import { readWorkspace } from "@/api/workspace";
import { emptyOrg, orgStore, withPicture } from "@/model/org";
import { atWork, stopWork } from "./stopping";

afterEach(() => vi.unstubAllGlobals());

const task = (id: string, state: string, standing: string) => ({ kind: "task", id, status: { state }, metadata: { molecule: { standing, since: "2026-01-01T00:00:00Z" } } });
const told = vi.hoisted(() => [] as string[]);
vi.mock("@/ui/toast", () => ({ toast: (_tone: string, text: string) => told.push(text) }));

it("calls off what an agent works on, leaves what waits, and tells what goes on", async () => {
  orgStore.set(withPicture(emptyOrg, [readWorkspace({ id: "pm", name: "pm", status: "online", active_tasks: 2 }), readWorkspace({ id: "idle", name: "idle", status: "online" })]));
  expect(atWork(orgStore.get()).map(({ id }) => id)).toEqual(["pm"]);
  const canceled: string[] = [];
  vi.stubGlobal("fetch", (_path: string, { body }: { body: string }) => {
    const { method, params } = JSON.parse(body) as { method: string; params: { status?: string; id?: string } };
    const answer = (result: unknown) => Promise.resolve(new Response(JSON.stringify({ jsonrpc: "2.0", id: 1, ...(result as object) })));
    if (method === "tasks/list")
      return answer({ result: { tasks: params.status === "working" ? [task("a", "working", "seen"), task("b", "working", "leased")] : [task("c", "submitted", "waiting")] } });
    canceled.push(params.id ?? "");
    return answer(params.id === "a" ? { result: task("a", "canceled", "canceled") } : { error: { code: -32002, message: "no" } });
  });
  await stopWork(["pm"]);
  expect(canceled.toSorted()).toEqual(["a", "b"]);
  expect(told).toEqual(["pm: 1 task stopped, 1 task cannot be stopped and goes on"]);
});
