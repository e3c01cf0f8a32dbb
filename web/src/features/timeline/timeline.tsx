import { Search } from "lucide-react";
import { useCallback, useDeferredValue, useEffect, useMemo, useState, type KeyboardEvent } from "react";
import { LogFeed, type LogEvent } from "@/live/log_feed";
import { liveState, onFrames, onStale } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import { chosen, entryOf, namesIn, sentence, timelineKinds, type Entry } from "@/model/timeline";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Empty, Failure, Loading } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { fullTime, useNow } from "@/ui/time";
import { useWindowed } from "@/ui/use_windowed";
import { EntryRow, kindWords } from "./entry_row";
import styles from "./timeline.module.css";

const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
/** An event is read into words once. */
const read = new WeakMap<LogEvent, { entry: Entry | undefined }>();

function entryFor(event: LogEvent): Entry | undefined {
  let found = read.get(event);
  if (!found) read.set(event, (found = { entry: entryOf(event) }));
  return found.entry;
}

function useLog(workspace: string | undefined): LogFeed {
  const feed = useMemo(() => new LogFeed(workspace), [workspace]);
  useEffect(() => {
    feed.start();
    const leaveFrames = onFrames((frames) => feed.notice(frames));
    // What happened while the socket was down came without events.
    const leaveState = liveState.subscribe(() => {
      if (liveState.get() === "live") void feed.load();
    });
    const leaveStale = onStale(() => void feed.load());
    return () => {
      leaveStale();
      leaveState();
      leaveFrames();
      feed.stop();
    };
  }, [feed]);
  return feed;
}

interface TimelineProps {
  /** Undefined: the whole organisation. */
  workspace: string | undefined;
  /** A kind, "failed", or empty for all. */
  show: string;
  find: string;
  onChange: (change: { show?: string; find?: string }) => void;
}

/** What happened, newest first: one stream of everything, to be filtered, searched and copied. */
export function Timeline({ workspace, show, find, onChange }: TimelineProps) {
  const feed = useLog(workspace);
  const { events, loading, error, more } = useSelected(feed.state, (state) => state);
  const structure = useSelected(orgStore, (org) => org.structure);
  const [open, setOpen] = useState<number | undefined>();
  const today = dayFormat.format(useNow());
  const gone = useMemo(() => namesIn(events), [events]);
  // Names change with the structure; what else changes, as with each heartbeat, draws no entry anew.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const nameOf = useCallback((id: string) => orgStore.get().workspaces.get(id)?.name ?? gone.get(id) ?? "a removed workspace", [structure, gone]);
  const entries = useMemo(() => events.flatMap((event) => entryFor(event) ?? []), [events]);
  const words = useDeferredValue(find);
  const rows = useMemo(() => chosen(entries, { find: words, show }, nameOf), [entries, words, show, nameOf]);
  const openAt = useMemo(() => (open === undefined ? -1 : rows.findIndex(({ seq }) => seq === open)), [rows, open]);
  const { list, shown } = useWindowed(rows.length, openAt < 0 ? undefined : openAt);
  const oldest = events.at(-1);
  const filtered = find !== "" || show !== "";

  function onKeyDown(event: KeyboardEvent<HTMLOListElement>) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" } as const;
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = (event.target as Element).closest("button[aria-expanded]")?.closest("li");
    const next = row?.[step[event.key]]?.querySelector<HTMLElement>("button[aria-expanded]");
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  return (
    <div className={styles.timeline}>
      <div className={styles.bar}>
        <label className={styles.find}>
          <Search size={15} aria-hidden />
          <input type="search" aria-label="Search the timeline" placeholder="Names and words" value={find} onChange={(event) => onChange({ find: event.target.value })} />
        </label>
        <select aria-label="Show" value={show} onChange={(event) => onChange({ show: event.target.value })}>
          <option value="">Everything</option>
          <option value="failed">Failures</option>
          {timelineKinds.map((kind) => (
            <option key={kind} value={kind}>
              {kindWords[kind]}
            </option>
          ))}
        </select>
        <p role="status">{rows.length === 1 ? "1 entry" : `${rows.length} entries`}</p>
        <CopyLines rows={rows} nameOf={nameOf} />
      </div>
      {error !== undefined && <Failure text={`The timeline could not be read: ${error}`} onRetry={() => void feed.load()} />}
      {loading && rows.length === 0 && <Loading text="Reading what happened…" />}
      {!loading && rows.length === 0 && error === undefined && (
        <Empty title={filtered ? "Nothing like that" : "Nothing yet"}>
          {filtered ? "None of what was read back has those words and is of that kind." : "What agents and people do here appears as it happens."}
        </Empty>
      )}
      <div className={styles.scroll} tabIndex={-1}>
        <ol ref={list} className={styles.entries} aria-label="What happened" style={{ paddingBlock: `${shown.before}px ${shown.after}px` }} onKeyDown={onKeyDown}>
          {rows.slice(shown.from, shown.to).map((entry, index) => (
            <EntryRow
              key={entry.seq}
              entry={entry}
              place={shown.from + index}
              count={rows.length}
              open={entry.seq === open}
              today={today}
              onToggle={() => setOpen(entry.seq === open ? undefined : entry.seq)}
              nameOf={nameOf}
            />
          ))}
        </ol>
        {oldest && (
          <div className={styles.more}>
            <span className={styles.muted}>{more ? `Read back to ${fullTime(oldest.at)}` : "That is all the platform keeps, or all that is held here"}</span>
            {more && (
              <Button disabled={loading} onClick={() => void feed.loadOlder()}>
                {loading ? "Reading…" : "Read further back"}
              </Button>
            )}
          </div>
        )}
      </div>
    </div>
  );
}

/** Lines copied at once. */
const copyMax = 1000;

function CopyLines({ rows, nameOf }: { rows: readonly Entry[]; nameOf: (id: string) => string }) {
  const text = useMemo(
    () =>
      rows
        .slice(0, copyMax)
        .map((entry) => `${new Date(entry.at).toISOString()}  ${sentence(entry, nameOf)}`)
        .join("\n"),
    [rows, nameOf],
  );
  return rows.length === 0 ? null : <CopyButton text={text} what="these entries" />;
}
