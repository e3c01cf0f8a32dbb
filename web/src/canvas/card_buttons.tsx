import { Ellipsis } from "lucide-react";
import { useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import type { Workspace } from "@/api/workspace";
import { joinsByItself } from "@/model/selectors";
import { cardAsks, type NextAct } from "./card_asks";
import { mark } from "./marks";
import styles from "./card_buttons.module.css";

// A card is one button to whoever does not use a pointer, and what is in a button is no control of its own: these are for
// pointers, and a focused card has keys for all of them (the Menu key, F2, P, Enter).

/** Opens the card's menu where it stands. */
export function MoreButton({ id }: { id: string }) {
  function open(event: MouseEvent<HTMLElement>) {
    event.stopPropagation();
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    cardAsks.current.menu(id, { x: left, y: bottom });
  }
  return (
    <span className={`${styles.more} nodrag`} title="Actions" data-more onClick={open} onDoubleClick={stop}>
      <Ellipsis size={16} aria-hidden />
    </span>
  );
}

const stop = (event: MouseEvent) => event.stopPropagation();

const labels: Record<NextAct, string> = { resume: "Resume", connect: "Connect", look: "See why", cancel: "Cancel" };

/** What a card that does not work waits for; undefined when it waits for nothing. */
export function nextActOf(workspace: Workspace): NextAct | undefined {
  switch (workspace.status) {
    case "paused":
      return "resume";
    case "failed":
      return "look";
    case "awaiting_agent":
    case "offline":
      return joinsByItself(workspace) ? "connect" : undefined;
    default:
      return undefined;
  }
}

export function NextButton({ workspace }: { workspace: Workspace }) {
  const what = nextActOf(workspace);
  if (!what) return null;
  return (
    <span
      className={`${styles.next} nodrag`}
      data-next={what}
      onClick={(event) => {
        event.stopPropagation();
        cardAsks.current.next(workspace.id, what);
      }}
      onDoubleClick={stop}
    >
      {labels[what]}
    </span>
  );
}

/** Of a team in which agents are being started for the first time: how many, and giving them up after a word. */
export function StartsButton({ id, count }: { id: string; count: number }) {
  const [asking, setAsking] = useState(false);
  const act = (what: () => void) => (event: MouseEvent) => {
    event.stopPropagation();
    what();
  };
  if (!asking)
    return (
      <span className={`${styles.next} ${styles.cancel} nodrag`} data-next="cancel" title="Being started for the first time" onClick={act(() => setAsking(true))} onDoubleClick={stop}>
        Cancel ({count})
      </span>
    );
  return (
    <span className={`${styles.ask} nodrag`} onDoubleClick={stop}>
      Delete {count === 1 ? "it" : `all ${count}`}?
      <span className={`${styles.next} ${styles.cancel}`} data-next="cancel-yes" onClick={act(() => {
          setAsking(false);
          cardAsks.current.next(id, "cancel");
        })}>
        Yes
      </span>
      <span className={styles.next} data-next="cancel-no" onClick={act(() => setAsking(false))}>
        No
      </span>
    </span>
  );
}

/** The name of a card while it is written anew: Enter and leaving keep it, Escape does not. */
export function NameField({ id, name }: { id: string; name: string }) {
  const done = useRef(false);
  function end(value: string | undefined) {
    if (done.current) return;
    done.current = true;
    mark({ renaming: undefined });
    const trimmed = value?.trim();
    if (trimmed && trimmed !== name) cardAsks.current.rename(id, trimmed);
  }
  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    event.stopPropagation();
    const ended = event.key === "Enter" || event.key === "Escape";
    if (!ended || event.nativeEvent.isComposing) return;
    event.preventDefault();
    // The keyboard goes back to the card it came from.
    const card = event.currentTarget.closest<HTMLElement>("[data-workspace-id]");
    end(event.key === "Enter" ? event.currentTarget.value : undefined);
    card?.focus();
  }
  return (
    <input
      className={`${styles.field} nodrag nopan`}
      aria-label={`New name of ${name}`}
      defaultValue={name}
      maxLength={255}
      ref={(field) => field?.select()}
      autoFocus
      onKeyDown={onKeyDown}
      onBlur={(event) => end(event.currentTarget.value)}
      onClick={stop}
      onDoubleClick={stop}
    />
  );
}
