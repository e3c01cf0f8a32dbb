import { ChevronRight } from "lucide-react";
import type { StandingWord } from "@/api/tasks_api";
import { span, type Step, type Way } from "@/model/way";
import { Button } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { cutText } from "@/ui/cut_text";
import { PlainPieces } from "@/ui/plain_pieces";
import { Facts } from "@/ui/section";
import { fullTime, shortDuration } from "@/ui/time";
import styles from "./way.module.css";

const words: Record<StandingWord, { word: string; tone: "ok" | "open" | "bad" | "quiet" }> = {
  waiting: { word: "Waiting", tone: "open" },
  leased: { word: "On its way", tone: "open" },
  seen: { word: "Seen", tone: "open" },
  answered: { word: "Answered", tone: "ok" },
  refused: { word: "Refused", tone: "bad" },
  expired: { word: "Expired", tone: "bad" },
  removed: { word: "Removed", tone: "bad" },
  dead_letter: { word: "Dead letter", tone: "bad" },
  canceled: { word: "Canceled", tone: "quiet" },
};

/** Deeper steps are not set in further. */
const indentMax = 6;
/** More words than a row has room for. */
const wordsMax = 160;

interface StepRowProps {
  step: Step;
  way: Way;
  now: number;
  asked: boolean;
  open: boolean;
  onToggle: () => void;
  nameOf: (id: string | null) => string;
  onOpen: (id: string) => void;
}

export function StepRow({ step, way, now, asked, open, onToggle, nameOf, onOpen }: StepRowProps) {
  const { word, tone } = words[step.standing];
  const { from, length } = span(way, step, now);
  const took = (step.endedAt ?? now) - step.startedAt;
  const retried = step.standing === "seen" && step.attempts > 0 && step.endedAt === undefined;
  return (
    <li className={classNames(styles.step, asked && styles.asked)} data-step={step.id} data-standing={step.standing} data-depth={step.depth}>
      <button type="button" className={styles.row} aria-expanded={open} onClick={onToggle}>
        {/* Only the words are set in: all bars lie on the same time. */}
        <span className={styles.fold} style={{ marginInlineStart: `${Math.min(step.depth, indentMax) * 18}px` }} aria-hidden>
          <ChevronRight size={14} />
        </span>
        <span className={styles.who}>
          {step.depth > 0 && <span className="visually-hidden">Step {step.depth} down: </span>}
          {nameOf(step.from)} → {nameOf(step.to)}
        </span>
        <span className={classNames(styles.standing, styles[tone])}>{retried ? "Retrying" : word}</span>
        <span className={styles.took}>{shortDuration(took)}</span>
        <span className={styles.words}>{cutText(step.text, wordsMax)}</span>
        <span className={styles.track} aria-hidden>
          <i
            className={classNames(styles.bar, styles[tone], step.endedAt === undefined && styles.running)}
            style={{ left: `${from * 100}%`, width: `max(4px, ${length * 100}%)` }}
          />
        </span>
      </button>
      {open && <Details step={step} way={way} nameOf={nameOf} onOpen={onOpen} />}
    </li>
  );
}

function Details({ step, way, nameOf, onOpen }: Pick<StepRowProps, "step" | "way" | "nameOf" | "onOpen">) {
  const { word } = words[step.standing];
  return (
    <div className={styles.details}>
      <Facts
        facts={[
          ["Accepted", `${fullTime(step.startedAt)}${step.startedAt > way.startedAt ? `, ${shortDuration(step.startedAt - way.startedAt)} after the beginning` : ""}`],
          [word, step.endedAt === undefined ? "not over yet" : `${fullTime(step.endedAt)}, after ${shortDuration(step.endedAt - step.startedAt)}`],
          ["Deliveries", step.attempts > 0 ? `${step.attempts} came to no end` : undefined],
          ["Good until", step.endedAt === undefined && step.expiresAt !== undefined ? fullTime(step.expiresAt) : undefined],
          ["Why", step.error],
        ]}
      />
      <Said name="Asked" text={step.text} />
      <Said name="Answer" text={step.answer} />
      <div>
        <Button onClick={() => onOpen(step.to)}>Open {nameOf(step.to)}</Button>
      </div>
    </div>
  );
}

function Said({ name, text }: { name: string; text: string }) {
  if (text === "") return null;
  return (
    <div>
      <div className={styles.label}>{name}</div>
      <div className={styles.said} tabIndex={0} role="group" aria-label={name}>
        <PlainPieces text={text} />
      </div>
    </div>
  );
}
