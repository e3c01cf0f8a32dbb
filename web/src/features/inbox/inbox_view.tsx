import { useDeferredValue, useMemo, useRef, useState, type FocusEvent, type KeyboardEvent, type ReactNode } from "react";
import type { DeadLetter } from "@/api/wire";
import { openLetters } from "@/live/dead_letters";
import { openQuestions } from "@/live/questions";
import { needsOf, type Need } from "@/model/needs";
import { orgStore } from "@/model/org";
import { isComposing } from "@/ui/composing";
import { Empty, Failure, Loading } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { Button } from "@/ui/button";
import { AgentItem } from "./agent_item";
import { QuestionItem } from "./question_item";
import styles from "./inbox.module.css";

type Kind = Need["kind"];
const kinds: readonly { kind: Kind; label: string; title: string }[] = [
  { kind: "question", label: "Questions", title: "Agents ask you" },
  { kind: "letter", label: "Dead letters", title: "Nobody answered these" },
  { kind: "agent", label: "Agents", title: "Agents in trouble" },
];
/** Drawn of one kind until more are asked for. */
const pageRows = 50;

const writes = (target: EventTarget): boolean => target instanceof HTMLElement && ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);

interface InboxViewProps {
  /** Which kind is shown; empty: all. */
  show: string;
  onShow: (kind: string) => void;
  /** Draws a dead letter, as a list item. */
  letter: (letter: DeadLetter) => ReactNode;
  /** The letters that somebody has decided about. */
  onDecided: () => void;
}

/** Everything that goes on only when a person does something, in one place. */
export function InboxView({ show, onShow, letter, onDecided }: InboxViewProps) {
  const org = useDeferredValue(useSelected(orgStore, (value) => value));
  const asked = useSelected(openQuestions.state, (state) => state);
  const letters = useSelected(openLetters.state, (state) => state);
  const needs = useMemo(() => needsOf(org, asked.questions, letters.letters), [org, asked.questions, letters.letters]);
  const [room, setRoom] = useState<Partial<Record<Kind, number>>>({});
  const list = useRef<HTMLDivElement>(null);
  const shown = kinds.filter(({ kind }) => show === "" || show === kind);
  const nameOf = (id: string) => org.workspaces.get(id)?.name ?? "a removed workspace";
  const loading = asked.loading || letters.loading;
  const ofKind = (kind: Kind) => needs.filter((need) => need.kind === kind);

  const items = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-need]") ?? [])];

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    if (isComposing(event) || event.ctrlKey || event.metaKey || event.altKey || writes(event.target)) return;
    const all = items();
    const at = all.findIndex((each) => each.contains(event.target as Node));
    const key = event.key.toLowerCase();
    const move = { arrowdown: at + 1, j: at + 1, arrowup: at - 1, k: at - 1, home: 0, end: all.length - 1 }[key];
    if (move !== undefined) {
      event.preventDefault();
      return all[Math.min(all.length - 1, Math.max(0, move))]?.focus();
    }
    if (key !== "a" && key !== "d") return;
    const button = all[at]?.querySelector<HTMLElement>(`[data-key="${key}"]`);
    if (!button) return;
    event.preventDefault();
    if (writes(button)) button.focus();
    else button.click();
  }

  /** One stop for Tab in the list; keys go on from the item that was reached. */
  function onFocus(event: FocusEvent<HTMLDivElement>) {
    const reached = (event.target as Element).closest<HTMLElement>("[data-need]");
    if (!reached) return;
    for (const each of items()) each.tabIndex = each === reached ? 0 : -1;
  }

  return (
    <section id="canvas" tabIndex={-1} className={styles.inbox} aria-label="Where a person is needed" onKeyDown={onKeyDown}>
      <div className={styles.page}>
        <div className={styles.head}>
          <h1>Inbox</h1>
          <p role="status">{needs.length === 0 ? "Nothing waits for you" : needs.length === 1 ? "1 thing waits for you" : `${needs.length} things wait for you`}</p>
          <p className={styles.keys}>
            <kbd>J</kbd> <kbd>K</kbd> next, previous <kbd>A</kbd> answer, send again, look <kbd>D</kbd> drop, call off
          </p>
        </div>
        <div className={styles.choice} role="group" aria-label="What is shown">
          <button type="button" aria-pressed={show === ""} onClick={() => onShow("")}>
            All
          </button>
          {kinds.map(({ kind, label }) => (
            <button key={kind} type="button" aria-pressed={show === kind} onClick={() => onShow(kind)}>
              {label} <span className={styles.count}>{ofKind(kind).length}</span>
            </button>
          ))}
          <button type="button" onClick={onDecided}>
            Decided letters…
          </button>
        </div>
        {asked.error !== undefined && <Failure text={`Questions could not be read: ${asked.error}`} onRetry={() => void openQuestions.load()} />}
        {letters.error !== undefined && <Failure text={`Dead letters could not be read: ${letters.error}`} onRetry={() => void openLetters.load()} />}
        {loading && needs.length === 0 && <Loading text="Looking for what waits…" />}
        {!loading && shown.every(({ kind }) => ofKind(kind).length === 0) && (
          <Empty title="Nobody needs you now">Questions of agents, messages that nobody answered and agents in trouble show up here, and are counted in the title of this page.</Empty>
        )}
        <div ref={list} onFocus={onFocus}>
          {shown.map(({ kind, title }) => {
            const all = ofKind(kind);
            const count = room[kind] ?? pageRows;
            if (all.length === 0) return null;
            return (
              <section key={kind} className={styles.group} aria-label={title}>
                <h2>
                  {title} <span className={styles.count}>{all.length}</span>
                </h2>
                <ul>
                  {all.slice(0, count).map((need, index) => (
                    <Item key={need.key} need={need} first={index === 0 && kind === shown.find((each) => ofKind(each.kind).length > 0)?.kind} nameOf={nameOf} letter={letter} />
                  ))}
                </ul>
                {all.length > count && <Button onClick={() => setRoom({ ...room, [kind]: count + pageRows })}>Show more of {all.length}</Button>}
                {kind === "question" && asked.more && all.length <= count && <p className={styles.muted}>There are older questions than these; they come as these are answered.</p>}
                {kind === "letter" && letters.more && all.length <= count && <Button onClick={() => void openLetters.loadOlder()}>Load older letters</Button>}
              </section>
            );
          })}
        </div>
      </div>
    </section>
  );
}

interface ItemProps {
  need: Need;
  first: boolean;
  nameOf: (id: string) => string;
  letter: (letter: DeadLetter) => ReactNode;
}

function Item({ need, first, nameOf, letter }: ItemProps) {
  return (
    <li className={styles.item} data-need={need.kind} data-key-of={need.key} tabIndex={first ? 0 : -1}>
      {need.kind === "question" && <QuestionItem question={need.question} name={nameOf(need.question.workspace_id)} />}
      {need.kind === "letter" && letter(need.letter)}
      {need.kind === "agent" && <AgentItem workspace={need.workspace} trouble={need.trouble} />}
    </li>
  );
}
