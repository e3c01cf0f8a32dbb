import { ChevronRight } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { messageOf } from "@/api/api_error";
import { listEventsOf } from "@/api/events_api";
import type { Workspace } from "@/api/workspace";
import { onBack, onFrames } from "@/live/live_bus";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Empty, Failure, Loading } from "@/ui/notice";
import { Facts } from "@/ui/section";
import list from "@/ui/section.module.css";
import { fullTime } from "@/ui/time";
import { eventWords, kindWords, type EventKind } from "./event_words";
import { eventsMax, fromFrames, fromPast, merged, type ShownEvent } from "./workspace_events";
import styles from "./events.module.css";

const pageSize = 100;

interface EventsPanelProps {
  workspace: Workspace;
  /** A kind, or empty: all of them. */
  filter: string;
  onFilter: (filter: string) => void;
}

/** What the log keeps about one workspace, newest first. */
export function EventsPanel({ workspace, filter, onFilter }: EventsPanelProps) {
  const { id } = workspace;
  const [events, setEvents] = useState<readonly ShownEvent[]>([]);
  const [older, setOlder] = useState(false);
  const [loading, setLoading] = useState(true);
  const [failure, setFailure] = useState<string | undefined>();

  const read = useCallback(
    async (before?: number) => {
      setLoading(true);
      setFailure(undefined);
      try {
        const page = (await listEventsOf(id, pageSize, before)).map(fromPast);
        setEvents((known) => {
          // A page that does not reach what was known leaves a gap: what is older than it is read anew.
          const oldest = page.at(-1)?.seq ?? 0;
          const joins = before !== undefined || known.some(({ seq }) => seq >= oldest);
          return merged(joins ? known : [], page);
        });
        setOlder(page.length > 0);
      } catch (error) {
        setFailure(messageOf(error));
      } finally {
        setLoading(false);
      }
    },
    [id],
  );

  useEffect(() => {
    // eslint-disable-next-line react-hooks/set-state-in-effect
    void read();
    const leaveBack = onBack(() => void read());
    const leaveFrames = onFrames((frames) => {
      const mine = fromFrames(frames, id);
      if (mine.length > 0) setEvents((known) => merged(known, mine));
    });
    return () => {
      leaveFrames();
      leaveBack();
    };
  }, [id, read]);

  const shown = filter === "" ? events : events.filter(({ type }) => eventWords(type).kind === filter);
  const last = events.at(-1);
  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        <select aria-label="Events to show" value={filter} onChange={(event) => onFilter(event.target.value)}>
          <option value="">All events</option>
          {(Object.keys(kindWords) as EventKind[]).map((kind) => (
            <option key={kind} value={kind}>
              {kindWords[kind]}
            </option>
          ))}
        </select>
        <p role="status">{shown.length === 1 ? "1 event" : `${shown.length} events`}</p>
      </div>
      {failure !== undefined && (
        <div className={styles.failure}>
          <Failure text={`Events could not be read: ${failure}`} onRetry={() => void read()} />
        </div>
      )}
      {loading && events.length === 0 && <Loading text="Reading events…" />}
      {!loading && failure === undefined && shown.length === 0 && (
        <Empty title={filter === "" ? "No events yet" : "No such events"}>
          Every change of {workspace.name} is written to the log and appears here: its status, work, messages, tokens.
        </Empty>
      )}
      {shown.length > 0 && (
        <ol className={styles.list} aria-label={`Events of ${workspace.name}`}>
          {shown.map((event) => (
            <EventRow key={event.seq} event={event} />
          ))}
          {older && events.length < eventsMax && last && (
            <li className={styles.more}>
              <Button tone="ghost" disabled={loading} onClick={() => void read(last.seq)}>
                {loading ? "Loading…" : "Load older events"}
              </Button>
            </li>
          )}
        </ol>
      )}
    </div>
  );
}

function EventRow({ event }: { event: ShownEvent }) {
  const [open, setOpen] = useState(false);
  const { kind, words } = eventWords(event.type);
  const payload = open ? JSON.stringify(event.payload, null, 2) : "";
  return (
    <li data-event={event.type}>
      <button type="button" className={styles.summary} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={styles.dot} data-kind={kind} aria-hidden />
        <span className={styles.words}>
          {words}
          <small>{event.type}</small>
        </span>
        <span className={styles.age}>
          <Age at={event.at} />
        </span>
        <ChevronRight size={15} aria-hidden />
      </button>
      {open && (
        <div className={styles.open}>
          <Facts
            facts={[
              ["When", fullTime(event.at)],
              ["Number in the log", String(event.seq)],
            ]}
          />
          <pre className={list.code} style={{ maxHeight: 320 }} tabIndex={0} aria-label="Payload">
            {payload}
          </pre>
          <div className={list.row}>
            <CopyButton labelled text={payload} what="payload" />
          </div>
        </div>
      )}
    </li>
  );
}
