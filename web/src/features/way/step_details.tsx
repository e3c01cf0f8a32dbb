import { useEffect, useState } from "react";
import { answerText, requestText } from "@/api/a2a_text";
import { readActivityRows, readMessageItem } from "@/api/activity_api";
import { messageOf } from "@/api/api_error";
import { cancelDelegation } from "@/api/delegations_api";
import { cancelTask, readStanding } from "@/api/tasks_api";
import type { Step, Way } from "@/model/way";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { PlainPieces } from "@/ui/plain_pieces";
import { Facts } from "@/ui/section";
import { fullTime, shortDuration } from "@/ui/time";
import { wordOf } from "./step_words";
import styles from "./way.module.css";

/** What is read of a message when somebody looks at it. */
interface Whole {
  text: string;
  answer: string;
  error: string | undefined;
  attempts: number;
  expiresAt: number;
}

/** The feed tells times to the millisecond. */
const marginMs = 2;
const rowsNear = 20;

async function readWhole({ to, id, startedAt }: Step, signal: AbortSignal): Promise<Whole> {
  const before = new Date(startedAt + marginMs).toISOString();
  const [item, rows] = await Promise.all([
    readMessageItem(to, id, signal),
    readActivityRows(to, { type: "a2a_receive", before_ts: before, limit: rowsNear }, signal),
  ]);
  const row = rows.find((each) => each.id === id);
  return {
    text: requestText(row?.request_body),
    answer: answerText(row?.response_body ?? item.response_body),
    error: row?.error_detail ?? item.last_error ?? undefined,
    attempts: item.attempts,
    expiresAt: Date.parse(item.expires_at ?? ""),
  };
}

interface StepDetailsProps {
  step: Step;
  way: Way;
  name: string;
  onOpen: (id: string) => void;
}

/** One message in full, and what can be done about it. */
export function StepDetails({ step, way, name, onOpen }: StepDetailsProps) {
  const [whole, setWhole] = useState<Whole | undefined>();
  const [trouble, setTrouble] = useState("");
  const running = step.endedAt === undefined;
  const why = whole?.error ?? step.error;

  useEffect(() => {
    const abort = new AbortController();
    readWhole(step, abort.signal).then(setWhole, (error: unknown) => {
      if (!abort.signal.aborted) setTrouble(`Not all of it could be read: ${messageOf(error)}`);
    });
    return () => abort.abort();
    // What stands in it changes with its word and its end.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [step.id, step.standing, running]);

  async function stop() {
    setTrouble("");
    try {
      if (step.delegation !== undefined && step.from !== null) await cancelDelegation(step.from, step.delegation);
      else if (readStanding(await cancelTask(step.to, step.id))?.state !== "canceled") setTrouble("It was asked to stop, and has not stopped yet. It is shown here when it has.");
    } catch (error) {
      setTrouble(`Not stopped: ${messageOf(error)}.`);
    }
  }

  return (
    <div className={styles.details}>
      <Facts
        facts={[
          ["Accepted", `${fullTime(step.startedAt)}${step.startedAt > way.startedAt ? `, ${shortDuration(step.startedAt - way.startedAt)} after the beginning` : ""}`],
          [wordOf(step).word, step.endedAt === undefined ? "not over yet" : `${fullTime(step.endedAt)}, after ${shortDuration(step.endedAt - step.startedAt)}`],
          ["Deliveries", whole && whole.attempts > 0 ? `${whole.attempts} came to no end` : undefined],
          ["Good until", running && whole && !Number.isNaN(whole.expiresAt) ? fullTime(whole.expiresAt) : undefined],
          ["Why", why],
        ]}
      />
      <Said name={step.kind === "answer" ? "Said" : "Asked"} text={whole?.text || step.text} />
      {/* The platform answers for an agent that does not, with why that is. */}
      {whole && whole.answer !== why && <Said name={step.standing === "answered" ? "Answer" : "Its words"} text={whole.answer} />}
      {trouble !== "" && <Notice tone="bad">{trouble}</Notice>}
      <div className={styles.tools}>
        <Button onClick={() => onOpen(step.to)}>Open {name}</Button>
        {running && step.kind !== "answer" && (
          <Button tone="danger_quiet" onClick={() => void stop()} title="It and everything that was asked because of it">
            Stop this
          </Button>
        )}
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
