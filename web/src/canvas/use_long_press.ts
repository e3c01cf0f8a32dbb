import { useRef, type MouseEvent, type PointerEvent } from "react";
import type { Point } from "./layout";

const pressMs = 500;
/** A finger is never quite still. */
const slackPx = 10;

/** A finger that rests on a card asks for its menu, as the right button of a mouse does. Some browsers tell of that themselves, others do not. */
export function useLongPress(onMenu: (id: string, at: Point) => void) {
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; at: Point } | undefined>(undefined);
  const opened = useRef(false);

  const end = () => {
    clearTimeout(press.current?.timer);
    press.current = undefined;
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      end();
      opened.current = false;
      if (event.pointerType !== "touch" || !event.isPrimary) return;
      const id = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-workspace-id]")?.dataset.workspaceId : undefined;
      if (id === undefined) return;
      const at = { x: event.clientX, y: event.clientY };
      const timer = setTimeout(() => {
        press.current = undefined;
        opened.current = true;
        onMenu(id, at);
      }, pressMs);
      press.current = { timer, at };
    },
    onPointerMove: (event: PointerEvent) => {
      const at = press.current?.at;
      if (at && Math.hypot(event.clientX - at.x, event.clientY - at.y) > slackPx) end();
    },
    onPointerEnd: end,
    /** The finger that opened the menu is lifted: that is no click on the card. */
    onClickCapture: (event: MouseEvent) => {
      if (!opened.current) return;
      opened.current = false;
      event.stopPropagation();
      event.preventDefault();
    },
  };
}
