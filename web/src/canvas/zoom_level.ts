import { Store } from "@/ui/store";

/** How near the view is: a card draws only what can be read from there. */
export type Zoom = "map" | "far" | "middle" | "near";

const mapBelow = 0.2;
const farBelow = 0.42;
const middleBelow = 0.75;

export function zoomName(zoom: number): Zoom {
  if (zoom < mapBelow) return "map";
  if (zoom < farBelow) return "far";
  return zoom < middleBelow ? "middle" : "near";
}

/** The level of the view, for cards. It changes when a level is crossed and not with every step of the wheel. */
export const zoomStore = new Store<Zoom>("near");
