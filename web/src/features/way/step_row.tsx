import { ChevronRight } from "lucide-react";
import type { CSSProperties } from "react";
import { span, type Step, type Way } from "@/model/way";
import { classNames } from "@/ui/class_names";
import { cutText } from "@/ui/cut_text";
import { clockTime, fullTime, shortDuration } from "@/ui/time";
import { StepDetails } from "./step_details";
import { wordOf } from "./step_words";
import styles from "./way.module.css";

/** Deeper steps are not set in further. */
const indentMax = 6;
/** More words than a row has room for. */
const wordsMax = 160;

interface StepRowProps {
  step: Step;
  way: Way;
  now: number;
  /** Its place among all, for those who do not see the list. */
  place: number;
  open: boolean;
  onToggle: () => void;
  nameOf: (id: string | null, name?: string) => string;
  onOpen: (id: string) => void;
}

export function StepRow({ step, way, now, place, open, onToggle, nameOf, onOpen }: StepRowProps) {
  const { word, tone } = wordOf(step);
  const { from, length } = span(way, step, now);
  const took = (step.endedAt ?? now) - step.startedAt;
  const name = nameOf(step.to, step.toName);
  return (
    <li
      className={classNames(styles.step, step.id === way.asked && styles.asked)}
      aria-setsize={way.steps.length}
      aria-posinset={place + 1}
      data-step={step.id}
      data-place={place}
      data-standing={step.standing}
      data-depth={step.depth}
    >
      <button type="button" className={styles.row} aria-expanded={open} onClick={onToggle}>
        {/* Only the words are set in: all bars lie on the same time. */}
        <span className={styles.fold} style={{ "--depth": Math.min(step.depth, indentMax) } as CSSProperties} aria-hidden>
          <ChevronRight size={14} />
        </span>
        <span className={styles.who} title={`${nameOf(step.from)} → ${name}`}>
          {step.depth > 0 && <span className="visually-hidden">Step {step.depth} down: </span>}
          {nameOf(step.from)} → {name}
        </span>
        <span className={classNames(styles.standing, styles[tone])}>{word}</span>
        <span className={styles.took}>{shortDuration(took)}</span>
        <span className={styles.words}>
          <time dateTime={new Date(step.startedAt).toISOString()} title={fullTime(step.startedAt)}>
            {step.startedAt > way.startedAt ? `+${shortDuration(step.startedAt - way.startedAt)}` : clockTime(step.startedAt)}
          </time>{" "}
          {cutText(step.text, wordsMax)}
        </span>
        <span className={styles.track} aria-hidden>
          <i
            className={classNames(styles.bar, styles[tone], step.endedAt === undefined && styles.running)}
            style={{ left: `${from * 100}%`, width: `max(4px, ${length * 100}%)` }}
          />
        </span>
      </button>
      {open && <StepDetails step={step} way={way} name={name} onOpen={onOpen} />}
    </li>
  );
}
