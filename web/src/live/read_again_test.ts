import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ReadAgain } from "./read_again";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function stage() {
  const answers: ((value: string) => void)[] = [];
  const taken: string[] = [];
  const failed: unknown[] = [];
  const again = new ReadAgain<string>(
    () => new Promise((resolve) => answers.push(resolve)),
    (_id, value) => taken.push(value),
    (_id, error) => failed.push(error),
  );
  return { answers, taken, failed, again };
}

it("reads once for a burst and takes what it read", async () => {
  const { answers, taken, again } = stage();
  for (let i = 0; i < 5; i += 1) again.want("a");
  await vi.advanceTimersByTimeAsync(100);
  expect(answers).toHaveLength(1);
  answers[0]?.("whole");
  await vi.advanceTimersByTimeAsync(0);
  expect(taken).toEqual(["whole"]);
});

it("lets no older answer set back what an event told meanwhile, and reads again", async () => {
  const { answers, taken, again } = stage();
  again.want("a");
  await vi.advanceTimersByTimeAsync(100);
  again.noticed("a");
  answers[0]?.("old");
  await vi.advanceTimersByTimeAsync(100);
  expect(taken).toEqual([]);
  expect(answers).toHaveLength(2);
  again.noticed("b");
  answers[1]?.("new");
  await vi.advanceTimersByTimeAsync(0);
  expect(taken).toEqual(["new"]);
});

it("reads once more, and not at the same time, what is wanted again while it is read", async () => {
  const { answers, taken, again } = stage();
  again.want("a");
  await vi.advanceTimersByTimeAsync(100);
  again.noticed("a");
  again.want("a");
  await vi.advanceTimersByTimeAsync(100);
  expect(answers).toHaveLength(1);
  answers[0]?.("old");
  await vi.advanceTimersByTimeAsync(100);
  expect(taken).toEqual([]);
  expect(answers).toHaveLength(2);
  answers[1]?.("new");
  await vi.advanceTimersByTimeAsync(100);
  expect(taken).toEqual(["new"]);
  expect(answers).toHaveLength(2);
});

it("tells of a reading that failed and reads again only when asked", async () => {
  const failed: unknown[] = [];
  const again = new ReadAgain<string>(
    () => Promise.reject(new Error("gone")),
    () => undefined,
    (id) => failed.push(id),
  );
  again.want("a");
  await vi.advanceTimersByTimeAsync(1000);
  expect(failed).toEqual(["a"]);
  again.want("a");
  await vi.advanceTimersByTimeAsync(1000);
  expect(failed).toEqual(["a", "a"]);
});
