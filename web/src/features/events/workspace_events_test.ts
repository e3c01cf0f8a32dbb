import { expect, it } from "vitest";
import type { Frame } from "@/live/frame";
import { eventWords } from "./event_words";
import { eventsMax, fromFrames, fromPast, merged } from "./workspace_events";

const event = (seq: number) => ({ seq, type: "WORKSPACE_ONLINE", at: seq, payload: {} });

it("keeps events newest first and none twice, whichever way they came", () => {
  const page = [3, 2, 1].map(event);
  expect(merged(page, [event(4), event(3)]).map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
  expect(merged([event(9)], page).map(({ seq }) => seq)).toEqual([9, 3, 2, 1]);
});

it("holds no more than it may", () => {
  const many = Array.from({ length: eventsMax + 5 }, (_, index) => event(index));
  const kept = merged([], many);
  expect(kept).toHaveLength(eventsMax);
  expect(kept[0]?.seq).toBe(eventsMax + 4);
});

it("takes of the live ones what the log keeps about this workspace", () => {
  const frame = { event: "WORKSPACE_ONLINE", workspace_id: "a", at: 5, payload: { name: "x" }, seq: 7, transient: false } as Frame;
  const beat = { ...frame, event: "WORKSPACE_HEARTBEAT", transient: true } as unknown as Frame;
  expect(fromFrames([frame, beat, { ...frame, workspace_id: "b" }], "a")).toEqual([{ seq: 7, type: "WORKSPACE_ONLINE", at: 5, payload: { name: "x" } }]);
});

it("reads a kept event as a live one", () => {
  const past = { id: "1", event_type: "WORKSPACE_PAUSED", workspace_id: "a", payload: {}, created_at: "2026-01-01T00:00:00Z", seq: 3 };
  expect(fromPast(past)).toEqual({ seq: 3, type: "WORKSPACE_PAUSED", at: Date.UTC(2026, 0, 1), payload: {} });
});

it("has words for types it knows and for those it does not", () => {
  expect(eventWords("DELEGATION_FAILED")).toEqual({ kind: "trouble", words: "work handed over came to nothing" });
  expect(eventWords("SOMETHING_NEW")).toEqual({ kind: "status", words: "something new" });
});
