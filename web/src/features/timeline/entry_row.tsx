import { ArrowLeftRight, CircleAlert, HeartCrack, HeartPulse, KeyRound, ListTodo, MessageSquare, Route, ScrollText, Settings2, type LucideIcon } from "lucide-react";
import { shell } from "@/actions/shell";
import { named, partyName, type Entry, type NameOf, type TimelineKind } from "@/model/timeline";
import { IconButton } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { cutText } from "@/ui/cut_text";
import { fullTime, shortDuration } from "@/ui/time";
import { EntryBody } from "./entry_body";
import styles from "./timeline.module.css";

export const kindWords: Record<TimelineKind, string> = {
  lifecycle: "Lifecycle",
  messages: "Messages",
  delegations: "Delegations",
  tasks: "Tasks",
  configuration: "Configuration",
  access: "Tokens and secrets",
  logs: "Logs",
};
const icons: Record<TimelineKind, LucideIcon> = {
  lifecycle: HeartPulse,
  messages: MessageSquare,
  delegations: ArrowLeftRight,
  tasks: ListTodo,
  configuration: Settings2,
  access: KeyRound,
  logs: ScrollText,
};

/** More words than a line has room for; all of them are in what unfolds. */
const wordsMax = 300;

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

interface EntryRowProps {
  entry: Entry;
  place: number;
  count: number;
  open: boolean;
  /** The day that needs no word. */
  today: string;
  onToggle: () => void;
  nameOf: NameOf;
}

export function EntryRow({ entry, place, count, open, today, onToggle, nameOf }: EntryRowProps) {
  const Icon = entry.failed ? CircleAlert : entry.unwell ? HeartCrack : icons[entry.kind];
  const day = dayFormat.format(entry.at);
  const who = entry.who === undefined ? "" : entry.who === "person" ? "You" : nameOf(entry.who.id);
  return (
    <li className={styles.entry} aria-setsize={count} aria-posinset={place + 1} data-place={place} data-entry={entry.seq} data-kind={entry.kind} data-failed={entry.failed}>
      <div className={styles.line}>
        <button type="button" className={styles.row} aria-expanded={open} onClick={onToggle}>
          <time dateTime={new Date(entry.at).toISOString()} title={fullTime(entry.at)}>
            {day !== today && <small>{day} </small>}
            {timeFormat.format(entry.at)}
          </time>
          <span className={classNames(styles.mark, styles[entry.kind], entry.unwell && styles.unwell, entry.failed && styles.failed)} title={kindWords[entry.kind]}>
            <Icon size={14} aria-hidden />
            <span className="visually-hidden">
              {kindWords[entry.kind]}
              {entry.failed && ", failed"}:
            </span>
          </span>
          <span className={styles.words}>
            {who !== "" && <strong>{who} </strong>}
            {entry.says}
            {entry.to !== undefined && <strong> {partyName(entry.to, nameOf)}</strong>}
            {entry.text !== "" && <span className={entry.failed ? styles.bad : styles.muted}> {cutText(named(entry.text, nameOf), wordsMax)}</span>}
          </span>
          <span className={styles.took}>{entry.tookMs !== undefined && shortDuration(entry.tookMs)}</span>
        </button>
        {entry.way !== undefined ? (
          <IconButton label="Its whole way" title="Show the whole way of this message" onClick={() => shell.current.showWay(entry.way ?? "")}>
            <Route size={15} aria-hidden />
          </IconButton>
        ) : (
          <span className={styles.no_way} />
        )}
      </div>
      {open && <EntryBody entry={entry} nameOf={nameOf} />}
    </li>
  );
}
