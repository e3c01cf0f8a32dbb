import type { Point } from "./layout";

/** What a card, pressed in one of its places, asks of the page. The graph fills it in while it is shown. */
export interface CardAsks {
  menu(id: string, at: Point): void;
  /** The next thing to do about it. */
  next(id: string, what: NextAct): void;
  rename(id: string, name: string): void;
}

/** Going on after a pause; the lines that connect an agent; what is known of a failure; giving up those of its team that are being started for the first time. */
export type NextAct = "resume" | "connect" | "look" | "cancel";

const nothing = () => undefined;
export const cardAsks: { current: CardAsks } = { current: { menu: nothing, next: nothing, rename: nothing } };
