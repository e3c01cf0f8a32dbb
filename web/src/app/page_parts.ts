import { graph } from "@/canvas/graph_controls";
import { routeStore } from "./routes";

/** The parts of the page in the order F6 visits them: how each is found, and where the keyboard goes in it. */
const parts: readonly { find: () => Element | null; enter: (part: Element) => void }[] = [
  {
    find: () => document.querySelector("header"),
    enter: (part) => part.querySelector<HTMLElement>("button")?.focus(),
  },
  {
    find: () => document.getElementById("canvas"),
    enter: (part) => {
      const open = routeStore.get().workspace;
      if (open !== undefined && graph.controls) graph.controls.focus(open);
      else (part.querySelector<HTMLElement>(".react-flow__node") ?? (part as HTMLElement)).focus();
    },
  },
  {
    find: () => document.querySelector('[role="toolbar"][aria-label="Selected workspaces"]'),
    enter: (part) => part.querySelector<HTMLElement>("button")?.focus(),
  },
  {
    find: () => document.querySelector("aside"),
    enter: (part) => part.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus(),
  },
];

/** Moves the keyboard to the next part of the page, or the one before: a crowd of cards is one step and not hundreds. */
export function goToNextPart(backwards: boolean): void {
  const present = parts.flatMap((part) => {
    const found = part.find();
    return found ? [{ found, enter: part.enter }] : [];
  });
  const at = present.findIndex(({ found }) => found.contains(document.activeElement));
  const step = backwards ? -1 : 1;
  const next = present[at < 0 ? 0 : (at + step + present.length) % present.length];
  next?.enter(next.found);
}
