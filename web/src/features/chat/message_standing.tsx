import { Ban, Check, CircleAlert, Clock3, Eye, Send, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { reasonMax, type Verdict } from "@/api/dead_letters_api";
import type { DeadLetter } from "@/api/wire";
import type { Standing } from "@/api/tasks_api";
import { decide } from "@/live/dead_letters";
import type { ChatMessage } from "@/model/chat";
import { standingLine, type StandingLine } from "@/model/standing_words";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { now } from "@/ui/clock";
import { ReasonForm } from "@/ui/reason_form";
import { useSelected } from "@/ui/store";
import { standingsStore } from "./standings";
import styles from "./standing.module.css";

/** By the word; what is none of these waits. */
const icons: Record<string, LucideIcon> = {
  leased: Send,
  seen: Eye,
  answered: Check,
  canceled: Ban,
  refused: CircleAlert,
  expired: CircleAlert,
  removed: CircleAlert,
  dead_letter: CircleAlert,
};

interface MessageStandingProps {
  message: ChatMessage;
  workspaceName: string;
  /** Its answer is the platform's word that there is none. */
  refused: boolean;
  letter: DeadLetter | undefined;
}

/** Where a person's message is, in one line, and what can be done about it. */
export function MessageStanding({ message, workspaceName, refused, letter }: MessageStandingProps) {
  const standing = useSelected(standingsStore, (all) => all.get(message.id));
  if (letter) return <LetterLine letter={letter} />;
  switch (message.state) {
    case "sending":
      return <Line word="sending" tone="open" text="Sending…" />;
    case "delivered":
    case "queued":
      return standing ? <Told standing={standing} name={workspaceName} /> : <Line word="accepted" tone="open" text={message.note ?? "The platform has it."} />;
    case "answered":
      return refused ? <Line word="refused" tone="bad" text="Refused" /> : <Line word="answered" tone="quiet" text="Answered" />;
    case "canceled":
      return <Line word="canceled" tone="quiet" text={canceledWords(message.note)} />;
    case undefined:
    case "failed":
    case "stopped":
      return null;
  }
}

/** What calling it off came to. Nothing that an agent still says of it is recorded anywhere. */
function canceledWords(why: string | undefined): string {
  return `Canceled${why ? `: ${why.replace(/[.\s]+$/, "")}` : ""}. An answer that still comes is dropped.`;
}

function Told({ standing, name }: { standing: Standing; name: string }) {
  const { text, detail, tone } = standingLine(standing, name, now());
  return <Line word={standing.word} tone={tone} text={text} detail={detail} />;
}

interface LineProps {
  word: string;
  tone: StandingLine["tone"];
  text: string;
  detail?: string;
}

function Line({ word, tone, text, detail = "" }: LineProps) {
  const Icon = icons[word] ?? Clock3;
  return (
    <p className={classNames(styles.line, styles[tone])} data-standing={word}>
      <Icon size={13} aria-hidden />
      <span>
        {text}
        {detail !== "" && <small> · {detail}</small>}
      </span>
    </p>
  );
}

/** A message that nobody answered: what became of it, and deciding about it. */
function LetterLine({ letter }: { letter: DeadLetter }) {
  const [asking, setAsking] = useState<Verdict | undefined>();
  const expired = letter.standing === "expired";
  const at = Date.parse(letter.ended_at);
  return (
    <div className={styles.letter} data-standing={letter.standing} data-fate={letter.fate ?? "open"}>
      <p className={classNames(styles.line, styles.bad)}>
        <CircleAlert size={13} aria-hidden />
        <span>
          {expired ? "Expired" : "Dead letter: given up"} <Age at={at} />
          {letter.fate && (
            <small>
              {" "}
              · {letter.fate === "resent" ? "sent again" : "dropped"} by {letter.decided_by ?? "somebody"}: {letter.reason}
            </small>
          )}
        </span>
      </p>
      {!letter.fate && asking === undefined && (
        <div className={styles.tools}>
          <Button onClick={() => setAsking("resend")}>Send again…</Button>
          <Button tone="danger_quiet" onClick={() => setAsking("drop")}>
            Drop…
          </Button>
        </div>
      )}
      {!letter.fate && asking !== undefined && (
        <ReasonForm
          key={asking}
          label={asking === "resend" ? "Why is it sent again?" : "Why is it dropped?"}
          confirm={asking === "resend" ? "Send again" : "Drop for good"}
          danger={asking === "drop"}
          bytesMax={reasonMax}
          onConfirm={(reason) => decide(letter, asking, reason)}
          onCancel={() => setAsking(undefined)}
        />
      )}
    </div>
  );
}
