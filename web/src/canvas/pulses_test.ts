import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readWorkspace } from "@/api/workspace";
import type { Frame } from "@/live/frame";
import { emptyOrg, orgStore, withPicture } from "@/model/org";
import { pulse, pulseMs, pulsesStore } from "./pulses";

const sent = (from: string, to: string, event = "DELEGATION_SENT") => ({ event, workspace_id: from, payload: { target_id: to }, at: 0, seq: 1, transient: false }) as unknown as Frame;

beforeEach(() => {
  vi.useFakeTimers();
  const card = (id: string, parent_id: string | null = null) => readWorkspace({ id, name: id, status: "online", parent_id });
  orgStore.set(withPicture(emptyOrg, [card("pm"), card("a", "pm"), card("b", "pm"), card("far")]));
});
afterEach(() => vi.useRealTimers());

test("a lead and one of its team pulse when they talk, either way, and only for a moment", () => {
  pulse([sent("pm", "a")]);
  expect([...pulsesStore.get()].toSorted()).toEqual(["a", "pm"]);
  vi.advanceTimersByTime(pulseMs / 2);
  pulse([sent("b", "pm", "DELEGATION_FAILED")]);
  expect([...pulsesStore.get()].toSorted()).toEqual(["a", "b", "pm"]);
  vi.advanceTimersByTime(pulseMs / 2);
  expect([...pulsesStore.get()]).toEqual(["b"]);
  vi.advanceTimersByTime(pulseMs);
  expect(pulsesStore.get().size).toBe(0);
});

test("neighbours and strangers do not: they have an edge between them", () => {
  pulse([sent("a", "b"), sent("far", "pm"), sent("a", "gone"), sent("pm", "a", "TASK_UPDATED")]);
  expect(pulsesStore.get().size).toBe(0);
});
