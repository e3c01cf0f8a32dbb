import type { Layout, Point } from "./layout";

/** What the rest of the page may ask of the graph while it is shown. */
export interface GraphControls {
  /** Brings cards into view. */
  show(ids: readonly string[]): void;
  showAll(): void;
  /** Moves the view as little as shows the card clear of the edges; not at all when it is. */
  reveal(id: string): void;
  /** Moves the keyboard to a card. */
  focus(id: string): void;
  /** The canvas position under the middle of the window. */
  centre(): Point;
  layout(): Layout;
}

export const graph: { controls: GraphControls | undefined } = { controls: undefined };

export const prefersStill = (): boolean => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
