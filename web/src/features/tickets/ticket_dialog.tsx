import { Check, LoaderCircle } from "lucide-react";
import { useEffect, useState } from "react";
import { onFrames } from "@/live/live_bus";
import type { TicketMade } from "@/api/wire";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/notice";
import list from "@/ui/section.module.css";
import { Left } from "./left";
import { onlyHere } from "./only_here";
import styles from "./tickets.module.css";

interface TicketDialogProps {
  name: string;
  made: TicketMade;
  onClose: (joined: string | undefined) => void;
}

/** The one line to run where the agent is, and whether somebody has. */
export function TicketDialog({ name, made, onClose }: TicketDialogProps) {
  const [joined, setJoined] = useState<string | undefined>();

  useEffect(
    () =>
      onFrames((frames) => {
        for (const frame of frames) {
          if (frame.event === "TICKET_REDEEMED" && frame.payload.ticket_id === made.id) setJoined(frame.workspace_id);
        }
      }),
    [made.id],
  );

  return (
    <Dialog
      open
      wide
      deliberate
      onClose={() => onClose(joined)}
      title={`Join as ${name}`}
      description="Run this line on the machine where the agent is. It is shown this once."
      foot={
        <Button tone="primary" onClick={() => onClose(joined)}>
          Done
        </Button>
      }
    >
      <div className={list.form}>
        <pre className={list.code} tabIndex={0} aria-label="Command to run" data-ticket-command>
          {made.command}
        </pre>
        <div className={list.row}>
          <CopyButton labelled text={made.command} what="command" />
          <span className={list.muted}>
            Good once, <Left until={Date.parse(made.expires_at)} />. Whoever has it may join in its place: hand it over as you would a password.
          </span>
        </div>
        {onlyHere(made.platform_url) && (
          <Notice tone="warn">
            The ticket leads to {made.platform_url}, which is this machine to whoever runs it. For another machine open the canvas at the address others use, or start the platform with
            PLATFORM_URL set to it.
          </Notice>
        )}
        <dl className={list.facts}>
          <dt>Leads to</dt>
          <dd>{made.platform_url}</dd>
          <dt>Known by</dt>
          <dd>
            <code>{made.fingerprint}</code>
          </dd>
        </dl>
        <p className={styles.step} role="status" data-joined={joined !== undefined}>
          {joined === undefined ? (
            <>
              <LoaderCircle size={16} className={styles.turning} aria-hidden /> Waiting for the agent to join
            </>
          ) : (
            <>
              <Check size={16} className={styles.done} aria-hidden /> {name} has joined.
            </>
          )}
        </p>
      </div>
    </Dialog>
  );
}
