import { getViewportForBounds, type Viewport } from "@xyflow/react";
import { overlaps, type Box, type Rect } from "./layout";

export const zoomLeast = 0.1;
/** The farthest there is: only what would not fit otherwise is seen from there. */
const zoomFarthest = 0.012;
export const zoomMost = 2;
/** Fitting a few cards does not blow them up beyond their own size. */
export const fitClosest = 1;

export interface Area {
  width: number;
  height: number;
}

/** The smallest rectangle around all of them. */
export function around(boxes: Iterable<Rect>): Rect | undefined {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, w, h } of boxes) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + w);
    bottom = Math.max(bottom, y + h);
  }
  return left === Infinity ? undefined : { x: left, y: top, w: right - left, h: bottom - top };
}

/**
 * The view a page opens with: the one it was left with as long as that shows a card at all, else everything fitted.
 * Known before the first card is drawn, so that the graph is drawn once and where it stays.
 */
export function openingView(saved: Viewport | undefined, boxes: ReadonlyMap<string, Box>, area: Area): Viewport {
  const all = around(boxes.values());
  if (!all || area.width === 0 || area.height === 0) return saved ?? { x: 0, y: 0, zoom: 1 };
  if (saved) {
    const seen = { x: -saved.x / saved.zoom, y: -saved.y / saved.zoom, w: area.width / saved.zoom, h: area.height / saved.zoom };
    for (const box of boxes.values()) if (overlaps(box, seen)) return saved;
  }
  return fitted(all, area);
}

/** Free of what floats above the canvas: the toolbar, the button for a new workspace. */
const clear = { top: 72, right: 20, bottom: 80, left: 20 };
/** The overview map and what is beside it, in the lower left corner. */
const corner = { width: 250, height: 165 };
/** In a window narrower than this there is no map, only the buttons. */
const narrow = 768;
const buttons = 64;

/** The nearest view that shows all of that beside what floats above the canvas: above the map, or to the right of it. */
export function fitted({ x, y, w, h }: Rect, { width, height }: Area, coveredRight = 0): Viewport {
  const aside = width < narrow ? [{ left: buttons }] : [{ left: corner.width }, { bottom: corner.height }];
  const views = aside.map((more) => {
    const { top, right, bottom, left } = { ...clear, right: clear.right + coveredRight, ...more };
    const padding = { top: `${top + 8}px`, right: `${right}px`, bottom: `${bottom}px`, left: `${left}px` } as const;
    return getViewportForBounds({ x, y, width: w, height: h }, width, height, zoomFarthest, fitClosest, padding);
  });
  return views.reduce((a, b) => (b.zoom > a.zoom ? b : a));
}

/** Of a card larger than the window at least this much of its head is shown. */
const headShown = 140;

function shiftInto(start: number, size: number, least: number, most: number): number {
  if (size <= most - least) {
    if (start < least) return least - start;
    return Math.min(0, most - size - start);
  }
  return start < least || start + headShown > most ? least - start : 0;
}

/** How far the view must move, in pixels, until a card is clear of the edges; nothing when it is already. */
export function shiftToReveal(card: Rect, view: Viewport, area: Area): { x: number; y: number } {
  const { zoom } = view;
  return {
    x: shiftInto(card.x * zoom + view.x, card.w * zoom, clear.left, area.width - clear.right),
    y: shiftInto(card.y * zoom + view.y, card.h * zoom, clear.top, area.height - clear.bottom),
  };
}
