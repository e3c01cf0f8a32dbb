import { beforeEach, expect, it, vi } from "vitest";

const noon = Date.parse("2026-01-01T12:00:00Z");
const hour = 3_600_000;

async function freshClock() {
  vi.resetModules();
  return import("./clock");
}

beforeEach(() => {
  vi.useFakeTimers({ now: noon });
  return () => vi.useRealTimers();
});

it("is the browser's clock until the platform was heard", async () => {
  const clock = await freshClock();
  expect(clock.now()).toBe(noon);
});

it("is the platform's from its first answer on, though the browser's is hours off", async () => {
  const clock = await freshClock();
  clock.learnTime(noon + 5 * hour, noon + 5 * hour + 1000);
  expect(clock.now()).toBe(noon + 5 * hour + 500);
  vi.advanceTimersByTime(10_000);
  expect(clock.now()).toBe(noon + 5 * hour + 10_500);
});

it("does not move when the browser's clock is set", async () => {
  const clock = await freshClock();
  clock.learnTime(noon, noon + 1000);
  vi.setSystemTime(noon + 3 * hour);
  expect(clock.now()).toBe(noon + 500);
});

it("gets finer with each word of the platform, and follows when its clock is set", async () => {
  const clock = await freshClock();
  clock.learnTime(noon, noon + 1000);
  clock.learnTime(noon + 700);
  expect(clock.now()).toBe(noon + 700);
  // An old event says nothing new.
  clock.learnTime(noon - hour);
  expect(clock.now()).toBe(noon + 700);
  clock.learnTime(noon - hour, noon - hour + 1100);
  expect(clock.now()).toBe(noon - hour + 1100);
  clock.learnTime(Number.NaN);
  expect(clock.now()).toBe(noon - hour + 1100);
});
