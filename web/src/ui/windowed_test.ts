import { expect, it } from "vitest";
import { rowsBeyond, windowOf } from "./windowed";

const look = { count: 1000, row: 50, height: 500 };

it("draws what is seen and a little more, and leaves room for the rest", () => {
  expect(windowOf({ ...look, top: 0 })).toEqual({ from: 0, to: 11 + rowsBeyond, before: 0, after: (1000 - 11 - rowsBeyond) * 50 });
  const middle = windowOf({ ...look, top: 20_000 });
  expect(middle).toMatchObject({ from: 400 - rowsBeyond, to: 411 + rowsBeyond });
  expect(middle.before + (middle.to - middle.from) * 50 + middle.after).toBe(50_000);
  expect(windowOf({ ...look, top: 60_000 })).toMatchObject({ to: 1000, after: 0 });
  expect(windowOf({ ...look, top: -400 }).from).toBe(0);
});

it("counts an open row for what it is", () => {
  const open = { at: 100, extra: 400 };
  const all = (top: number) => {
    const { from, to, before, after } = windowOf({ ...look, open, top });
    const drawn = (to - from) * 50 + (from <= open.at && open.at < to ? open.extra : 0);
    expect(before + drawn + after).toBe(50_400);
    return [from + rowsBeyond, to - rowsBeyond - 1];
  };
  expect(all(2000)).toEqual([40, 50]);
  expect(all(5100)).toEqual([100, 104]);
  expect(all(5400)).toEqual([100, 110]);
  expect(all(5450)).toEqual([101, 111]);
  expect(all(20_400)).toEqual([400, 410]);
});
