// @vitest-environment happy-dom
import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useSame } from "./use_same";

it("keeps a collection until something in it is another", () => {
  const one = {};
  const first = new Map([["a", one]]);
  const { result, rerender } = renderHook(({ now }) => useSame(now), { initialProps: { now: first } });
  rerender({ now: new Map([["a", one]]) });
  expect(result.current).toBe(first);
  for (const other of [new Map([["a", {}]]), new Map([["b", one]]), new Map([["a", one], ["b", one]]), new Map()]) {
    rerender({ now: other as typeof first });
    expect(result.current).toBe(other);
  }
});

it("keeps a set likewise", () => {
  const first = new Set(["a", "b"]);
  const { result, rerender } = renderHook(({ now }) => useSame(now), { initialProps: { now: first } });
  rerender({ now: new Set(["b", "a"]) });
  expect(result.current).toBe(first);
  rerender({ now: new Set(["b", "c"]) });
  expect([...result.current]).toEqual(["b", "c"]);
});
