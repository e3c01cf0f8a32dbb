import { useLayoutEffect, useRef, useState, type RefObject } from "react";
import { windowOf, type Windowed } from "./windowed";

/** A shorter list is drawn whole. */
const wholeMax = 100;
/** Until rows were measured. */
const rowGuess = 54;

function scrollerOf(element: Element): Element {
  for (let at = element.parentElement; at; at = at.parentElement) if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  return document.documentElement;
}

/** Draws of a long list what is in view. Its rows carry `data-place`; `open` is the place of the one that is higher. */
export function useWindowed(count: number, open: number | undefined): { list: RefObject<HTMLOListElement | null>; shown: Windowed } {
  const list = useRef<HTMLOListElement>(null);
  const [look, setLook] = useState({ row: rowGuess, extra: 0, top: 0, height: 800 });
  const windowed = count > wholeMax;

  useLayoutEffect(() => {
    const element = list.current;
    if (!windowed || !element) return;
    const scroller = scrollerOf(element);
    const measure = () => {
      const heights = new Map([...element.children].map((each) => [Number(each.getAttribute("data-place")), each.getBoundingClientRect().height]));
      const closed = [...heights].flatMap(([place, height]) => (place === open ? [] : [height]));
      const row = closed.length > 0 ? closed.reduce((sum, height) => sum + height, 0) / closed.length : rowGuess;
      const extra = open === undefined ? 0 : Math.max(0, (heights.get(open) ?? row) - row);
      const top = scroller.getBoundingClientRect().top - element.getBoundingClientRect().top;
      setLook((before) => {
        const next = { row, extra: open !== undefined && !heights.has(open) ? before.extra : extra, top, height: scroller.clientHeight };
        return (Object.keys(next) as (keyof typeof next)[]).every((name) => Math.abs(next[name] - before[name]) < 0.5) ? before : next;
      });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(scroller);
    scroller.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      scroller.removeEventListener("scroll", measure);
    };
  }, [windowed, open, count]);

  const shown = windowed
    ? windowOf({ count, row: look.row, open: open === undefined ? undefined : { at: open, extra: look.extra }, top: look.top, height: look.height })
    : { from: 0, to: count, before: 0, after: 0 };
  return { list, shown };
}
