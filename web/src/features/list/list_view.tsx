import { ArrowDown, ArrowUp, Search, X } from "lucide-react";
import { useCallback, useDeferredValue, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";
import { mark, marksStore } from "@/canvas/marks";
import { listRows, nextSort, readSort, readStatuses, writeSort, type SortKey } from "@/model/list_rows";
import { orgStore } from "@/model/org";
import { Button } from "@/ui/button";
import { isComposing } from "@/ui/composing";
import { Empty } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { windowOf } from "@/ui/windowed";
import { between, movedTo } from "./list_keys";
import { ListRowView } from "./list_row";
import styles from "./list.module.css";

const columns: readonly { key: SortKey; label: string; className: string | undefined }[] = [
  { key: "name", label: "Name", className: styles.name },
  { key: "team", label: "Team", className: styles.team },
  { key: "status", label: "Status", className: styles.status },
  { key: "tasks", label: "Current task", className: styles.task },
  { key: "errors", label: "Errors", className: styles.errors },
  { key: "seen", label: "Last seen", className: styles.seen },
];

/** As the address has it. */
export interface ListAddress {
  find: string;
  show: string;
  sort: string;
}

interface ListViewProps extends ListAddress {
  onChange: (change: Partial<ListAddress>) => void;
  /** The workspace whose panel is open. */
  open: string | undefined;
  onOpen: (id: string, tab?: string) => void;
  onMenu: (id: string, at: { x: number; y: number }) => void;
  /** What a key on a row does beyond moving and choosing; true when it did something. */
  onKey: (id: string, event: KeyboardEvent) => boolean;
  /** The counts by status, for where the toolbar has no room for them. */
  pills: ReactNode;
}

/** The organisation as a table: the same workspaces, actions and picks as in the graph. */
export function ListView({ find, show, sort, onChange, open, onOpen, onMenu, onKey, pills }: ListViewProps) {
  const org = useDeferredValue(useSelected(orgStore, (value) => value));
  const picked = useSelected(marksStore, (marks) => marks.picked);
  const leaving = useSelected(marksStore, (marks) => marks.leaving);
  const order = useMemo(() => readSort(sort), [sort]);
  const rows = useMemo(() => listRows(org, { find, statuses: readStatuses(show), sort: order }), [org, find, show, order]);
  const [activeId, setActiveId] = useState<string | undefined>(open);
  const [at, setAt] = useState({ top: 0, height: 900, row: 52 });
  const scroller = useRef<HTMLDivElement>(null);
  const anchor = useRef(0);
  const name = useId();
  const place = useMemo(() => Math.max(0, rows.findIndex(({ workspace }) => workspace.id === activeId)), [rows, activeId]);
  const shown = windowOf({ count: rows.length, row: at.row, top: at.top, height: at.height });
  const allPicked = rows.length > 0 && picked.size >= rows.length && rows.every(({ workspace }) => picked.has(workspace.id));
  const none = rows.length === 0;
  const rowId = (id: string) => `${name}-${id}`;

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => {
      const row = element.querySelector("[data-row]")?.getBoundingClientRect().height;
      setAt((before) => ({ top: element.scrollTop, height: element.clientHeight, row: row || before.row }));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [none]);

  // Another selection or order is read from its beginning.
  useLayoutEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
  }, [find, show, sort]);

  const reach = useCallback(
    (to: number) => {
      const row = rows[to];
      const element = scroller.current;
      if (!row || !element) return;
      setActiveId(row.workspace.id);
      // Below the head that stays, above what stands at the lower edge.
      const head = element.querySelector('[role="rowgroup"]')?.getBoundingClientRect().height ?? 0;
      const begin = to * at.row;
      if (begin < element.scrollTop) element.scrollTop = begin;
      else if (begin + at.row > element.scrollTop + element.clientHeight - head - foot) element.scrollTop = begin + at.row - element.clientHeight + head + foot;
    },
    [rows, at.row],
  );

  function pickOnly(ids: readonly string[], on: boolean) {
    const next = new Set(marksStore.get().picked);
    for (const id of ids) {
      if (on) next.add(id);
      else next.delete(id);
    }
    mark({ picked: next });
  }
  const idAt = (index: number) => rows[index]?.workspace.id ?? "";

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    if (isComposing(event)) return;
    const inside = event.target !== event.currentTarget && event.target instanceof HTMLElement && event.target.closest("button, input") !== null;
    const to = movedTo(event.key, place, rows.length, Math.max(1, Math.floor(at.height / at.row) - 2));
    if (to !== undefined && !event.altKey) {
      event.preventDefault();
      if (event.shiftKey) pickOnly(between(anchor.current, to).map(idAt), true);
      else anchor.current = to;
      if (inside) event.currentTarget.focus({ preventScroll: true });
      return reach(to);
    }
    const id = idAt(place);
    if (id === "" || inside) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "a") {
      event.preventDefault();
      pickOnly(rows.map(({ workspace }) => workspace.id), true);
    } else if (event.key === " ") {
      event.preventDefault();
      anchor.current = place;
      pickOnly([id], !picked.has(id));
    } else if (event.key === "Enter") {
      event.preventDefault();
      onOpen(id);
    } else if (onKey(id, event)) event.preventDefault();
  }

  function onClick(event: MouseEvent<HTMLDivElement>) {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>("[data-row]");
    const id = row?.dataset.row;
    if (!row || id === undefined) return;
    const index = Number(row.dataset.place);
    setActiveId(id);
    const does = target.closest<HTMLElement>("[data-does]")?.dataset.does ?? (target.closest(`.${styles.pick ?? ""}`) ? "pick" : "open");
    if (event.shiftKey && does !== "menu") {
      pickOnly(between(anchor.current, index).map(idAt), true);
      return;
    }
    anchor.current = index;
    if (does === "pick") pickOnly([id], !picked.has(id));
    else if (does === "menu") {
      const { left, bottom } = target.getBoundingClientRect();
      onMenu(id, { x: left, y: bottom });
    } else onOpen(id, does === "chat" ? "chat" : undefined);
  }

  function onContextMenu(event: MouseEvent<HTMLDivElement>) {
    const row = (event.target as Element).closest<HTMLElement>("[data-row]") ?? document.getElementById(rowId(idAt(place)));
    const id = row?.dataset.row;
    if (!row || id === undefined) return;
    event.preventDefault();
    setActiveId(id);
    const box = row.getBoundingClientRect();
    // A key has no place of its own.
    const byKey = !(event.target as Element).closest("[data-row]");
    onMenu(id, byKey ? { x: box.left + 40, y: box.bottom } : { x: event.clientX, y: event.clientY });
  }

  const filtered = find !== "" || show !== "";
  return (
    <section className={styles.list} aria-label="Molecule AI workspace list">
      <div className={styles.bar}>
        <label className={styles.find}>
          <Search size={15} aria-hidden />
          <input
            type="search"
            aria-label="Filter workspaces"
            placeholder="Name, role, task or skill"
            value={find}
            onChange={(event) => onChange({ find: event.target.value })}
            onKeyDown={(event) => {
              if (event.key !== "Escape" || find === "" || isComposing(event)) return;
              event.preventDefault();
              event.stopPropagation();
              onChange({ find: "" });
            }}
          />
        </label>
        <div className={styles.statuses}>{pills}</div>
        <p role="status">{rows.length === org.workspaces.size ? `${rows.length}` : `${rows.length} of ${org.workspaces.size}`} {org.workspaces.size === 1 ? "workspace" : "workspaces"}</p>
        <select className={styles.order} aria-label="Order" value={sort} onChange={(event) => onChange({ sort: event.target.value })}>
          <option value="">By team</option>
          {columns.map(({ key, label }) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
        {filtered && (
          <Button tone="ghost" onClick={() => onChange({ find: "", show: "" })}>
            <X size={14} aria-hidden /> Clear filter
          </Button>
        )}
      </div>
      {none ? (
        <Empty title="No workspaces match">
          {filtered ? "None has those words and one of those statuses." : "There is none yet."}
        </Empty>
      ) : (
        <div
          ref={scroller}
          id="canvas"
          className={styles.table}
          role="grid"
          aria-label="Workspaces"
          aria-multiselectable
          aria-rowcount={rows.length + 1}
          aria-activedescendant={place >= shown.from && place < shown.to ? rowId(idAt(place)) : undefined}
          tabIndex={0}
          onKeyDown={onKeyDown}
          onClick={onClick}
          onContextMenu={onContextMenu}
        >
          <div role="rowgroup" className={styles.head}>
            <div role="row" className={styles.row} aria-rowindex={1}>
              <span role="columnheader" className={styles.pick}>
                <input
                  type="checkbox"
                  aria-label="Select all that are listed"
                  checked={allPicked}
                  onChange={() => pickOnly(rows.map(({ workspace }) => workspace.id), !allPicked)}
                />
              </span>
              {columns.map(({ key, label, className }) => (
                <span key={key} role="columnheader" className={className} aria-sort={order?.key !== key ? "none" : order.down ? "descending" : "ascending"}>
                  <button type="button" onClick={() => onChange({ sort: writeSort(nextSort(order, key)) })}>
                    {label}
                    {order?.key === key && (order.down ? <ArrowUp size={13} aria-hidden /> : <ArrowDown size={13} aria-hidden />)}
                  </button>
                </span>
              ))}
              <span role="columnheader" className={styles.tools}>
                <span className="visually-hidden">Actions</span>
              </span>
            </div>
          </div>
          <div role="rowgroup" style={{ paddingBlock: `${shown.before}px ${shown.after}px` }}>
            {rows.slice(shown.from, shown.to).map((row, index) => (
              <ListRowView
                key={row.workspace.id}
                id={rowId(row.workspace.id)}
                row={row}
                place={shown.from + index}
                active={shown.from + index === place}
                open={row.workspace.id === open}
                picked={picked.has(row.workspace.id)}
                leaving={leaving.has(row.workspace.id)}
              />
            ))}
          </div>
        </div>
      )}
    </section>
  );
}

/** What stands above the lower edge of the table. */
const foot = 76;
