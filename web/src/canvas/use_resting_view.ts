import type { Viewport } from "@xyflow/react";
import { useCallback, useRef, type RefObject } from "react";

const restMs = 1000;
/** The drawn picture is kept this long after a movement, which the next one often follows. */
const stillMs = 250;

/** Tells the surface while the view moves, and `onView` where it came to rest. */
export function useRestingView(surface: RefObject<HTMLElement | null>, onView: (view: Viewport) => void) {
  const timers = useRef<{ rest?: ReturnType<typeof setTimeout>; still?: ReturnType<typeof setTimeout> }>({});
  const onMoveStart = useCallback(() => {
    clearTimeout(timers.current.still);
    surface.current?.setAttribute("data-moving", "");
  }, [surface]);
  const onMoveEnd = useCallback(
    (_event: unknown, view: Viewport) => {
      clearTimeout(timers.current.rest);
      clearTimeout(timers.current.still);
      timers.current = {
        rest: setTimeout(() => onView(view), restMs),
        still: setTimeout(() => surface.current?.removeAttribute("data-moving"), stillMs),
      };
    },
    [onView, surface],
  );
  return { onMoveStart, onMoveEnd };
}
