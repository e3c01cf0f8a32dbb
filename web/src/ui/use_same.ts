import { useState } from "react";

type Collection = ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>;

export function sameContent(a: Collection, b: Collection): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of b.entries()) if (!a.has(key) || ("get" in a && a.get(key) !== value)) return false;
  return true;
}

/** The collection that was there before, while what is in it is the same: who draws by it draws nothing anew. */
export function useSame<T extends Collection>(now: T): T {
  const [kept, keep] = useState(now);
  if (kept === now || sameContent(kept, now)) return kept;
  keep(now);
  return now;
}
