import { expect, it } from "vitest";
import type { ChatMessage } from "@/model/chat";
import { runsOf } from "./runs";

const message = (n: number): ChatMessage => ({ id: `answer:5f0c${(n * 7919).toString(16)}`, role: "user", text: `${n}`, at: n });
const all = Array.from({ length: 5000 }, (_, n) => message(n));
const none = new Set<string>();
const ids = (runs: ChatMessage[][]) => runs.map((run) => run.map(({ id }) => id).join());

it("keeps every message in its order, in runs that are short", () => {
  const runs = runsOf(all, none);
  expect(runs.flat()).toEqual(all);
  expect(runs.length).toBeGreaterThan(100);
  expect(Math.max(...runs.map((run) => run.length))).toBeLessThan(250);
  expect(runsOf([], none)).toEqual([]);
});

it("leaves all runs but one as they are when messages come before, between or behind", () => {
  const whole = new Set(ids(runsOf(all, none)));
  const others = (messages: ChatMessage[]) => ids(runsOf(messages, none)).filter((run) => !whole.has(run));
  expect(others(all.slice(100)).length).toBeLessThanOrEqual(1);
  expect(others(all.slice(0, -7)).length).toBeLessThanOrEqual(1);
  expect(others([...all.slice(0, 2500), { ...message(1), id: "between" }, ...all.slice(2500)]).length).toBeLessThanOrEqual(2);
});

it("lets what was first begin a run when there is more before it", () => {
  const part = all.slice(100);
  const whole = ids(runsOf(part, none));
  expect(ids(runsOf(all, new Set([part[0]?.id ?? ""]))).slice(-whole.length)).toEqual(whole);
});
