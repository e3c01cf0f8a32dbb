// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { TaskNode } from "@/api/wire";
import { wayOf } from "@/model/way";
import { StepRow } from "./step_row";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const begin = Date.parse("2030-01-01T10:00:00Z");
const at = (milliseconds: number) => new Date(begin + milliseconds).toISOString();
const why = "it was canceled before its agent answered it";

/** A step in full; `answer` is what its message has for one. */
async function shows(node: Partial<TaskNode>, answer: unknown, error?: string) {
  const item = { attempts: 0, expires_at: null, last_error: error ?? null, response_body: answer };
  vi.stubGlobal("fetch", async (path: string) => Response.json(path.includes("/a2a/queue/") ? item : []));
  const way = wayOf(
    [{ id: "m", depth: 1, kind: "delegation", state: "completed", standing: "answered", created_at: at(0), since: at(7000), ended_at: at(5), workspace_id: "s", name: "srv", source_id: "g", summary: "count", ...node }],
    "m",
    false,
  );
  const [step] = way.steps;
  if (!step) throw new Error("a step");
  const { container } = render(
    <StepRow step={step} way={way} now={begin + 9000} place={0} open onToggle={() => undefined} nameOf={(id) => (id === "g" ? "gamma" : "srv")} onOpen={() => undefined} />,
  );
  await vi.waitFor(() => expect(container.textContent).toContain(error === undefined ? "Asked" : "Why"));
  return container.querySelector("[aria-expanded]")?.textContent ?? "";
}

const task = (state: string, text: string) => ({ result: { kind: "task", id: "t", status: { state, message: { role: "agent", parts: [{ kind: "text", text }] } } } });

it("shows a delegation that was canceled while its agent was at it as canceled, and when", async () => {
  const row = await shows({ state: "canceled" }, task("working", "I begin"));
  expect(row).toContain("gamma → srvCanceled7.0 s");
  expect(row).not.toContain("Answered");
  await screen.findByText("I begin");
  expect(screen.queryByText("Answer")).toBeNull();
});

it("calls the platform's word about a canceled message no answer", async () => {
  await shows({ state: "canceled", standing: "canceled" }, task("canceled", why), why);
  expect(screen.getAllByText(why)).toHaveLength(1);
  expect(screen.queryByText("Answer")).toBeNull();
});

it("shows an answer as one", async () => {
  expect(await shows({}, task("completed", "42"))).toContain("Answered");
  await screen.findByText("42");
  expect(screen.getByText("Answer")).toBeTruthy();
});
