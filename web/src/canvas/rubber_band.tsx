import { useReactFlow } from "@xyflow/react";
import { useCallback, useRef, useState, type PointerEvent } from "react";
import { overlaps, type Layout, type Rect } from "./layout";
import styles from "./graph.module.css";

/** A pointer that moved less than this was a click. */
const least = 6;

function between(a: { x: number; y: number }, b: { x: number; y: number }): Rect {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), w: Math.abs(a.x - b.x), h: Math.abs(a.y - b.y) };
}

/** The cards a band takes: leaves it touches, and leads it holds whole, so that a band inside a team takes no lead. */
export function caught(layout: Layout, band: Rect): string[] {
  return [...layout.boxes.values()]
    .filter((box) => {
      if (!overlaps(box, band)) return false;
      return !box.open || (box.x >= band.x && box.y >= band.y && box.x + box.w <= band.x + band.w && box.y + box.h <= band.y + band.h);
    })
    .map((box) => box.id);
}

/** Shift and a drag over empty canvas draw a band that picks the cards in it. */
export function useRubberBand(layout: Layout, onPick: (ids: string[]) => void) {
  const flow = useReactFlow();
  const start = useRef<{ x: number; y: number } | undefined>(undefined);
  /** The end of a band is a click on the canvas too, and must not take back what was picked. */
  const ended = useRef(false);
  const [band, setBand] = useState<Rect | undefined>();

  const onPointerDown = useCallback((event: PointerEvent<HTMLDivElement>) => {
    ended.current = false;
    const onEmpty = event.target instanceof Element && event.target.classList.contains("react-flow__pane");
    if (!event.shiftKey || event.button !== 0 || !onEmpty) return;
    start.current = { x: event.clientX, y: event.clientY };
    event.currentTarget.setPointerCapture(event.pointerId);
  }, []);

  const onPointerMove = useCallback((event: PointerEvent) => {
    if (start.current) setBand(between(start.current, { x: event.clientX, y: event.clientY }));
  }, []);

  const onPointerUp = useCallback(
    (event: PointerEvent) => {
      const from = start.current;
      start.current = undefined;
      setBand(undefined);
      if (!from) return;
      const drawn = between(from, { x: event.clientX, y: event.clientY });
      if (drawn.w < least && drawn.h < least) return;
      ended.current = true;
      const a = flow.screenToFlowPosition({ x: drawn.x, y: drawn.y });
      const b = flow.screenToFlowPosition({ x: drawn.x + drawn.w, y: drawn.y + drawn.h });
      onPick(caught(layout, between(a, b)));
    },
    [flow, layout, onPick],
  );

  const justEnded = useCallback(() => ended.current, []);
  const drawing = band && (
    <div className={styles.band} style={{ left: band.x, top: band.y, width: band.w, height: band.h }} aria-hidden />
  );
  return { onPointerDown, onPointerMove, onPointerUp, justEnded, drawing };
}
