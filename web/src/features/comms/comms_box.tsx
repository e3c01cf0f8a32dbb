import { useEffect, useMemo } from "react";
import { shell } from "@/actions/shell";
import { LogFeed } from "@/live/log_feed";
import { onFrames, onBack } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import { entryOf, named, namesIn, partyName, type Entry, type NameOf } from "@/model/timeline";
import { Age } from "@/ui/age";
import { classNames } from "@/ui/class_names";
import { cutText } from "@/ui/cut_text";
import { useSelected } from "@/ui/store";
import styles from "./comms.module.css";

const shownMax = 12;
const wordsMax = 160;

/** The newest of what agents say to each other, wherever in the organisation. */
export function CommsBox() {
  const feed = useMemo(() => new LogFeed(), []);
  useEffect(() => {
    feed.start();
    const leaveFrames = onFrames((frames) => feed.notice(frames));
    const leaveBack = onBack(() => void feed.load());
    return () => {
      leaveBack();
      leaveFrames();
      feed.stop();
    };
  }, [feed]);
  const { events, loading, error } = useSelected(feed.state, (state) => state);
  const structure = useSelected(orgStore, (org) => org.structure);
  const entries = useMemo(() => events.flatMap((event) => betweenAgents(entryOf(event))).slice(0, shownMax), [events]);
  const gone = useMemo(() => namesIn(events), [events]);
  // Names change with the structure and with nothing else.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const nameOf = useMemo(() => (id: string) => orgStore.get().workspaces.get(id)?.name ?? gone.get(id) ?? "a removed workspace", [structure, gone]);

  if (entries.length === 0)
    return (
      <p className={styles.none} role="status">
        {error !== undefined ? `It could not be read: ${error}` : loading ? "Reading…" : "No agent has asked another one yet. What they ask and answer appears here as it happens."}
      </p>
    );
  return (
    <ol className={styles.list} aria-label="The newest between agents" tabIndex={0}>
      {entries.map((entry) => (
        <Line key={entry.seq} entry={entry} nameOf={nameOf} />
      ))}
    </ol>
  );
}

const betweenAgents = (entry: Entry | undefined): Entry[] => (entry?.kind === "delegations" ? [entry] : []);

function Line({ entry, nameOf }: { entry: Entry; nameOf: NameOf }) {
  const who = entry.who === undefined || entry.who === "person" ? undefined : entry.who.id;
  function open() {
    if (entry.way !== undefined) shell.current.showWay(entry.way);
    else if (who !== undefined) shell.current.open(who, "activity");
  }
  return (
    <li data-failed={entry.failed}>
      <button type="button" onClick={open} title={entry.way === undefined ? "Open its activity" : "Show the whole way of this message"}>
        <span className={styles.who}>
          <strong>{who === undefined ? "" : nameOf(who)}</strong> {entry.says} {entry.to !== undefined && <strong>{partyName(entry.to, nameOf)}</strong>}
        </span>
        <span className={styles.age}>
          <Age at={entry.at} suffix="" />
        </span>
        {entry.text !== "" && <span className={classNames(styles.words, entry.failed && styles.failed)}>{cutText(named(entry.text, nameOf), wordsMax)}</span>}
      </button>
    </li>
  );
}
