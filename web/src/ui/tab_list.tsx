import { useCallback, useEffect, useRef, useState, type KeyboardEvent } from "react";
import { isComposing } from "./composing";
import styles from "./tab_list.module.css";

interface TabListProps {
  label: string;
  tabs: readonly { id: string; label: string }[];
  active: string;
  onChange: (id: string) => void;
  /** Put before `tab-<id>` and `panel-<id>` where a page has more than one strip. */
  prefix?: string;
}

/** A strip of tabs: one stop for Tab, arrows, Home and End within; the chosen one scrolls into view. */
export function TabList({ label, tabs, active, onChange, prefix = "" }: TabListProps) {
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    strip.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [active]);

  const [more, setMore] = useState<"before" | "behind" | "both" | undefined>();
  const look = useCallback(() => {
    const element = strip.current;
    if (!element) return;
    const before = element.scrollLeft > 1;
    const behind = element.scrollLeft + element.clientWidth < element.scrollWidth - 1;
    setMore(before && behind ? "both" : before ? "before" : behind ? "behind" : undefined);
  }, []);
  useEffect(() => {
    if (!strip.current || !("ResizeObserver" in globalThis)) return;
    const observer = new ResizeObserver(look);
    observer.observe(strip.current);
    return () => observer.disconnect();
  }, [look]);

  function onKeyDown(event: KeyboardEvent) {
    if (isComposing(event)) return;
    const at = tabs.findIndex((tab) => tab.id === active);
    const moves: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.id);
    strip.current?.querySelector<HTMLElement>(`#${CSS.escape(`${prefix}tab-${next.id}`)}`)?.focus();
  }

  return (
    <div ref={strip} className={styles.tabs} role="tablist" aria-label={label} data-more={more} onScroll={look} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`${prefix}tab-${tab.id}`}
          aria-controls={`${prefix}panel-${tab.id}`}
          aria-selected={tab.id === active}
          tabIndex={tab.id === active ? 0 : -1}
          className={styles.tab}
          onClick={() => onChange(tab.id)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
