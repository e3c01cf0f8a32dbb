import { Route, RotateCw, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { shell } from "@/actions/shell";
import { reasonMax, type Verdict } from "@/api/dead_letters_api";
import type { DeadLetter } from "@/api/wire";
import { decide } from "@/live/dead_letters";
import { orgStore } from "@/model/org";
import { writeWay } from "@/model/way_address";
import { Age } from "@/ui/age";
import { Button, IconButton } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { ReasonForm } from "@/ui/reason_form";
import { useSelected } from "@/ui/store";
import { toast } from "@/ui/toast";
import styles from "./dead_letters.module.css";

/** What a letter says, without the words that the platform puts before it. */
export function wordsOf({ summary }: Pick<DeadLetter, "summary">, to: string): string {
  const [, words] = summary.split(` → ${to}: `);
  return words ?? summary;
}

interface LetterProps {
  letter: DeadLetter;
  /** What it is drawn in: a part of a list by itself, or inside of one. */
  as?: "li" | "div";
}

export function Letter({ letter, as: Frame = "li" }: LetterProps) {
  const [asking, setAsking] = useState<Verdict | undefined>();
  const workspaces = useSelected(orgStore, (org) => org.workspaces);
  const again = useRef<HTMLButtonElement>(null);
  const nameOf = (id: string) => workspaces.get(id)?.name ?? "a removed workspace";
  const to = nameOf(letter.workspace_id);
  const from = letter.source_id === null ? "You" : nameOf(letter.source_id);
  const words = wordsOf(letter, to);

  async function onConfirm(verdict: Verdict, reason: string) {
    await decide(letter, verdict, reason);
    toast("success", verdict === "resend" ? `Sent to ${to} again` : "Dropped");
  }

  return (
    <Frame className={styles.letter} data-letter={letter.id} data-fate={letter.fate ?? "open"}>
      <div className={styles.head}>
        <span className={styles.who}>
          {from} → {to}
        </span>
        <span className={classNames(styles.standing, letter.standing === "expired" && styles.expired)}>
          {letter.standing === "expired" ? "Expired" : "Given up"}
        </span>
        <span className={styles.age}>
          <Age at={Date.parse(letter.ended_at)} />
        </span>
      </div>
      <p className={styles.words}>{words}</p>
      {letter.error !== null && <p className={styles.error}>{letter.error}</p>}
      {letter.fate && <Decision letter={letter} />}
      {asking === undefined ? (
        <div className={styles.tools}>
          {!letter.fate && (
            <>
              <Button ref={again} data-key="a" onClick={() => setAsking("resend")} aria-label={`Send again: ${words}`}>
                <RotateCw size={14} aria-hidden /> Send again…
              </Button>
              <Button tone="danger_quiet" data-key="d" onClick={() => setAsking("drop")} aria-label={`Drop: ${words}`}>
                <Trash2 size={14} aria-hidden /> Drop…
              </Button>
            </>
          )}
          <IconButton label={`Its way: ${words}`} title="Show its whole way" onClick={() => shell.current.showWay(writeWay({ workspace: letter.workspace_id, message: letter.id }))}>
            <Route size={15} aria-hidden />
          </IconButton>
        </div>
      ) : (
        <ReasonForm
          key={asking}
          label={asking === "resend" ? "Why is it sent again?" : "Why is it dropped?"}
          confirm={asking === "resend" ? "Send again" : "Drop for good"}
          danger={asking === "drop"}
          bytesMax={reasonMax}
          onConfirm={(reason) => onConfirm(asking, reason)}
          onCancel={() => {
            setAsking(undefined);
            requestAnimationFrame(() => again.current?.focus());
          }}
        />
      )}
    </Frame>
  );
}

function Decision({ letter }: { letter: DeadLetter }) {
  return (
    <p className={styles.decision}>
      <strong>{letter.fate === "resent" ? "Sent again" : "Dropped"}</strong> by {letter.decided_by ?? "somebody"}{" "}
      {letter.decided_at !== undefined && <Age at={Date.parse(letter.decided_at)} />}: {letter.reason}
    </p>
  );
}
