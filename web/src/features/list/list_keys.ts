/** Where the keyboard goes in a list of `count` rows from `at`; undefined: the key is none of these. */
export function movedTo(key: string, at: number, count: number, page: number): number | undefined {
  if (count === 0) return undefined;
  const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: count - 1 };
  const to = moves[key];
  return to === undefined ? undefined : Math.min(count - 1, Math.max(0, to));
}

/** The places between two, both of them, in order. */
export function between(a: number, b: number): number[] {
  const first = Math.min(a, b);
  return Array.from({ length: Math.abs(a - b) + 1 }, (_, index) => first + index);
}
