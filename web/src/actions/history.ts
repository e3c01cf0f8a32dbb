import type { Placement } from "@/canvas/placements";
import type { WorkspaceChange } from "@/api/wire";

/** Something the platform can be asked to do. Data, so that it can be asked again after a reload. */
export type Deed =
  | { is: "place"; places: Placement[] }
  | { is: "change"; changes: { id: string; change: WorkspaceChange }[] }
  /** All that is in their teams too, `but` for those, which were paused before. */
  | { is: "pause" | "resume"; ids: string[]; but?: string[] }
  /** Deletes after a time of grace, or spares what waits for that. */
  | { is: "delete" | "spare"; ids: string[] };

/** What was done, how to take it back, and what is true after either, in words. */
export interface Step {
  done: string;
  undone: string;
  forward: Deed;
  back: Deed;
}

interface Kept {
  past: Step[];
  future: Step[];
}

export const undoMax = 50;
const key = "molecule.history";

// Of this tab alone: what another one did is not taken back here.
function recalled(): Kept {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") as Partial<Kept> | null;
    if (Array.isArray(kept?.past) && Array.isArray(kept.future)) return { past: kept.past, future: kept.future };
  } catch {
    // Nothing is kept where nothing can be.
  }
  return { past: [], future: [] };
}

const kept: Kept = recalled();

function keep(): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Too much to keep, or not allowed: then it lasts as long as the page, and what was kept before is not true after it.
    try {
      sessionStorage.removeItem(key);
    } catch {
      // Then nothing was kept.
    }
  }
}

/** Something was done: it can be taken back, and what had been taken back before cannot be done again. */
export function remember(step: Step): void {
  kept.past.push(step);
  if (kept.past.length > undoMax) kept.past.shift();
  kept.future = [];
  keep();
}

export const newest = (): Step | undefined => kept.past.at(-1);
export const nextAgain = (): Step | undefined => kept.future.at(-1);

/** Takes a step out, from wherever it is. */
export function drop(step: Step): void {
  kept.past = kept.past.filter((each) => each !== step);
  kept.future = kept.future.filter((each) => each !== step);
  keep();
}

/** It was taken back, or done again. */
export function turn(step: Step, to: keyof Kept): void {
  drop(step);
  kept[to].push(step);
  keep();
}

/** What is gone cannot be brought back: steps about it alone are dropped, and it is left out of the others. */
export function forgetGone(ids: ReadonlySet<string>): void {
  const about = (deed: Deed): Deed | undefined => {
    switch (deed.is) {
      case "place": {
        const places = deed.places.filter(({ id, parent_id }) => !ids.has(id) && !ids.has(parent_id ?? ""));
        return places.length > 0 ? { ...deed, places } : undefined;
      }
      case "change": {
        const changes = deed.changes.filter(({ id }) => !ids.has(id));
        return changes.length > 0 ? { ...deed, changes } : undefined;
      }
      default: {
        const left = deed.ids.filter((id) => !ids.has(id));
        return left.length > 0 ? { ...deed, ids: left } : undefined;
      }
    }
  };
  const without = (steps: Step[]): Step[] =>
    steps.flatMap((step) => {
      const [forward, back] = [about(step.forward), about(step.back)];
      // The same step still: an offer to take it back stands.
      return forward && back ? [Object.assign(step, { forward, back })] : [];
    });
  kept.past = without(kept.past);
  kept.future = without(kept.future);
  keep();
}

export function forgetAll(): void {
  kept.past = [];
  kept.future = [];
  keep();
}
