import { Check, ChevronDown, ChevronUp } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { shell } from "@/actions/shell";
import { onFrames } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import { Button, IconButton } from "@/ui/button";
import { useSelected } from "@/ui/store";
import { afterFrames, change, connectedNow, guideStore, whatToAsk, whomToAsk } from "./guide_steps";
import styles from "./guide.module.css";

interface GuideProps {
  /** A panel stands beside it: there is room for one line. */
  narrow: boolean;
  /** Sends a message as the chat does, and shows it there. */
  onSay: (id: string, text: string) => void;
}

/** Three things to do in the first minutes, each by one button and ticked by what the platform saw. */
export function Guide({ narrow, onSay }: GuideProps) {
  const state = useSelected(guideStore, (value) => value);
  const org = useSelected(orgStore, (value) => value);
  const [there] = useState(connectedNow);
  const [asked, setAsked] = useState<string | undefined>();
  const [wish, setWish] = useState<{ narrow: boolean; open: boolean }>();
  // What a person wished holds until the room changes.
  const open = wish?.narrow === narrow ? wish.open : !narrow;

  useEffect(() => onFrames((frames) => change(afterFrames(guideStore.get(), frames, there))), [there]);

  const { answered, delegated, connected, over } = state;
  if (over) return null;
  const done = [answered, delegated, connected].filter(Boolean).length;
  const whom = whomToAsk(org);
  const say = whom && whatToAsk(org, whom);
  return (
    <section className={styles.guide} aria-label="First steps">
      <div className={styles.head}>
        <h2>{done === 3 ? "You know your way around" : "First steps"}</h2>
        <span role="status">{done} of 3</span>
        <IconButton small label={open ? "Fold the guide" : "Unfold the guide"} aria-expanded={open} onClick={() => setWish({ narrow, open: !open })}>
          {open ? <ChevronDown size={15} aria-hidden /> : <ChevronUp size={15} aria-hidden />}
        </IconButton>
      </div>
      {open && (
        <>
          <ol className={styles.steps}>
            <Step number={1} done={answered} title="Write to an agent">
              {whom && say ? (
                <>
                  <p>“{say}”</p>
                  <Button
                    tone={answered ? "plain" : "primary"}
                    disabled={asked === whom.id && !answered}
                    onClick={() => {
                      setAsked(whom.id);
                      onSay(whom.id, say);
                    }}
                  >
                    {asked === whom.id && !answered ? `${whom.name} is at it…` : `Ask ${whom.name}`}
                  </Button>
                </>
              ) : (
                <p>No agent is online yet. Connect one first, below.</p>
              )}
            </Step>
            <Step number={2} done={delegated} title="Watch it hand work over">
              <p>A lead asks whoever of its team has the skill; each hop is in its activity and drawn on the canvas.</p>
              {whom && <Button onClick={() => shell.current.open(asked ?? whom.id, "activity")}>Show its activity</Button>}
            </Step>
            <Step number={3} done={connected} title="Connect your own">
              <p>A laptop will do: one line, and no port has to be opened.</p>
              <Button onClick={() => shell.current.createIn(undefined)}>Connect an agent</Button>
            </Step>
          </ol>
          <div className={styles.foot}>
            <Button tone="ghost" onClick={() => shell.current.showDocs()}>
              Documentation
            </Button>
            <Button tone="ghost" onClick={() => change({ over: true })}>
              {done === 3 ? "Close guide" : "Skip guide"}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

function Step({ number, done, title, children }: { number: number; done: boolean; title: string; children: ReactNode }) {
  return (
    <li data-done={done}>
      <span className={styles.mark}>{done ? <Check size={14} aria-label="Done:" /> : <span aria-hidden>{number}</span>}</span>
      <div>
        <h3>{title}</h3>
        {!done && children}
      </div>
    </li>
  );
}
