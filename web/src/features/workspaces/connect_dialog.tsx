import { Check, Circle, CircleX, LoaderCircle } from "lucide-react";
import { useCallback, useEffect, useState, type ReactNode } from "react";
import { messageOf } from "@/api/api_error";
import { answerText, textMember } from "@/api/a2a_text";
import { newMessageId } from "@/api/message_id";
import { sendMessage } from "@/api/messages_api";
import type { Connection } from "@/api/wire";
import { readConnection, rotateConnection } from "@/api/workspaces_api";
import { orgStore } from "@/model/org";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { now } from "@/ui/clock";
import { Dialog } from "@/ui/dialog";
import { Failure, Loading, Notice } from "@/ui/notice";
import list from "@/ui/section.module.css";
import { useSelected } from "@/ui/store";
import { ConnectionView } from "./connection_view";
import { useArrival, type Arrival } from "./use_arrival";
import styles from "./connect_dialog.module.css";

const greeting = "Hello. Please answer with one line, so that I know you are connected.";

interface ConnectDialogProps {
  id: string;
  /** As the answer that made the workspace had it, with its token; absent where it was made before. */
  connection: Connection | undefined;
  onClose: () => void;
}

/** Everything an agent needs to join, and whether it has: each step is ticked by what the platform saw. */
export function ConnectDialog({ id, connection: made, onClose }: ConnectDialogProps) {
  const name = useSelected(orgStore, (org) => org.workspaces.get(id)?.name) ?? "this workspace";
  const [connection, setConnection] = useState(made);
  const [failure, setFailure] = useState<string | undefined>();
  const [copied, setCopied] = useState(false);
  const [saved, setSaved] = useState(false);
  const arrival = useArrival(id);
  const token = Boolean(connection?.auth_token);

  const take = useCallback((read: Promise<Connection>) => {
    setFailure(undefined);
    read.then(setConnection, (error: unknown) => setFailure(messageOf(error)));
  }, []);
  const read = useCallback(() => take(readConnection(id)), [id, take]);
  useEffect(() => {
    // eslint-disable-next-line react-hooks/set-state-in-effect
    if (!made) read();
  }, [made, read]);

  return (
    <Dialog
      open
      wide
      deliberate={token}
      onClose={onClose}
      title={`Connect your agent to ${name}`}
      description={token ? "The token below is shown this once. Copy it, or paste a snippet where the agent runs." : "From any machine that reaches this platform; no port has to be opened there."}
      foot={
        token ? (
          <>
            <label className={styles.saved}>
              <input type="checkbox" checked={saved} onChange={(event) => setSaved(event.target.checked)} /> I’ve saved the token
            </label>
            <Button tone="primary" disabled={!saved} onClick={onClose}>
              {arrival.answered ? "Done" : "Close"}
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>Close</Button>
        )
      }
    >
      <div className={list.form}>
        {failure !== undefined && (connection ? <Notice tone="bad">{failure}</Notice> : <Failure text={`How to connect could not be read: ${failure}`} onRetry={read} />)}
        {!connection && failure === undefined && <Loading text="Asking the platform…" />}
        {connection && !token && (
          <Notice tone="warn" action={<Button onClick={() => take(rotateConnection(id))}>Rotate credentials</Button>}>
            Its token was shown when it was made and is not part of these lines. Rotating its credentials gives a new one, and ends the old one at once.
          </Notice>
        )}
        {connection && <ConnectionView key={connection.auth_token} connection={connection} onCopied={() => setCopied(true)} />}
        <Standing name={name} arrival={arrival} />
        <Steps id={id} copied={copied} arrival={arrival} onAnswered={arrival.onAnswered} />
      </div>
    </Dialog>
  );
}

/** One line, live: nobody yet, somebody who was refused and why, or the agent itself. */
function Standing({ name, arrival }: { name: string; arrival: Arrival }) {
  const [since] = useState(() => now());
  if (arrival.registered)
    return (
      <p className={styles.standing} role="status" data-standing="online">
        <Check size={16} aria-hidden /> {name} is connected.
      </p>
    );
  if (arrival.refused)
    return (
      <p className={styles.standing} role="status" data-standing="refused">
        <CircleX size={16} aria-hidden />
        <span>
          {/* What ticks is not told again and again. */}
          Somebody was refused
          <span aria-hidden>
            {" "}
            <Age at={arrival.refused.at} />
          </span>
          : {arrival.refused.why}
        </span>
      </p>
    );
  return (
    <p className={styles.standing} role="status" data-standing="waiting">
      <LoaderCircle size={16} className={styles.turning} aria-hidden />
      <span>
        Waiting for the agent
        <span aria-hidden>
          , <Age at={since} suffix="" /> so far
        </span>
        .
      </span>
    </p>
  );
}

function Steps({ id, copied, arrival, onAnswered }: { id: string; copied: boolean; arrival: Arrival; onAnswered: () => void }) {
  const { registered, heard, answered } = arrival;
  const [asked, setAsked] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();

  async function ask() {
    setAsked(true);
    setFailure(undefined);
    try {
      const body = await sendMessage(id, { id: newMessageId(), text: greeting, history: [] }, new AbortController().signal);
      if (textMember(body, "status") !== "queued" && answerText(body) !== "") onAnswered();
    } catch (error) {
      setFailure(messageOf(error));
      setAsked(false);
    }
  }

  return (
    <>
      <ol className={styles.steps} aria-label="Progress">
        <Step done={copied} text="Snippet or token copied" />
        <Step done={registered} waiting={!registered} text={registered ? "Registered" : "Waiting for the agent to register"} />
        <Step done={heard} waiting={registered && !heard} text={heard ? "First heartbeat" : "First heartbeat, sent by the SDK every 30 s"} />
        <Step done={answered} waiting={asked && !answered} text={answered ? "First message answered" : asked ? "Message sent, waiting for the answer" : "First message answered"}>
          {!answered && !asked && (
            <Button onClick={() => void ask()} disabled={!registered}>
              Send a test message
            </Button>
          )}
        </Step>
      </ol>
      {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
    </>
  );
}

function Step({ done, waiting, text, children }: { done: boolean; waiting?: boolean; text: string; children?: ReactNode }) {
  return (
    <li data-done={done}>
      {done ? (
        <Check size={16} className={styles.done} aria-label="Done:" />
      ) : waiting ? (
        <LoaderCircle size={16} className={styles.turning} aria-label="Waiting:" />
      ) : (
        <Circle size={16} className={styles.open} aria-label="To do:" />
      )}
      <span>{text}</span>
      {children}
    </li>
  );
}
