import { startTransition, useEffect, useState, type RefObject } from "react";

/** Drawing begins this far outside of the view, so that who scrolls meets what is drawn already. */
const ahead = "600px";

/** Whether an element has ever been in or near the view; costly drawing waits for it, and gives way to what a person does meanwhile. */
export function useSeen(element: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(!("IntersectionObserver" in globalThis));
  useEffect(() => {
    if (seen || !element.current) return;
    const near = (entries: IntersectionObserverEntry[]) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      startTransition(() => setSeen(true));
    };
    const observer = new IntersectionObserver(near, { scrollMargin: ahead });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [seen, element]);
  return seen;
}
