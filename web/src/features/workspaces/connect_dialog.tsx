import { Check, Circle, LoaderCircle } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { messageOf } from "@/api/api_error";
import { answerText, textMember } from "@/api/a2a_text";
import { newMessageId } from "@/api/message_id";
import { sendMessage } from "@/api/messages_api";
import type { Connection } from "@/api/wire";
import { onFrames } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/notice";
import list from "@/ui/section.module.css";
import { useSelected } from "@/ui/store";
import { ConnectionView } from "./connection_view";
import styles from "./connect_dialog.module.css";

const greeting = "Hello. Please answer with one line, so that I know you are connected.";

interface ConnectDialogProps {
  id: string;
  name: string;
  connection: Connection;
  onClose: () => void;
}

/** Everything an agent needs to join, and whether it has: each step is ticked by what the platform saw. */
export function ConnectDialog({ id, name, connection, onClose }: ConnectDialogProps) {
  const [copied, setCopied] = useState(false);
  const [saved, setSaved] = useState(false);
  const [beat, setBeat] = useState(false);
  const [asked, setAsked] = useState(false);
  const [answered, setAnswered] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();
  const registered = useSelected(orgStore, (org) => {
    const status = org.workspaces.get(id)?.status;
    return status === "online" || status === "degraded";
  });
  const heard = useSelected(orgStore, (org) => Boolean(org.workspaces.get(id)?.last_heartbeat_at));

  useEffect(
    () =>
      onFrames((frames) => {
        for (const frame of frames) {
          if (frame.workspace_id !== id) continue;
          if (frame.event === "WORKSPACE_HEARTBEAT") setBeat(true);
          if (frame.event === "AGENT_MESSAGE" || frame.event === "A2A_RESPONSE") setAnswered(true);
        }
      }),
    [id],
  );

  async function ask() {
    setAsked(true);
    setFailure(undefined);
    try {
      const body = await sendMessage(id, { id: newMessageId(), text: greeting, history: [] }, new AbortController().signal);
      if (textMember(body, "status") !== "queued" && answerText(body) !== "") setAnswered(true);
    } catch (error) {
      setFailure(messageOf(error));
      setAsked(false);
    }
  }

  return (
    <Dialog
      open
      wide
      deliberate
      onClose={onClose}
      title={`Connect your agent to ${name}`}
      description="The token below is shown this once. Copy it, or paste a snippet where the agent runs."
      foot={
        <>
          <label className={styles.saved}>
            <input type="checkbox" checked={saved} onChange={(event) => setSaved(event.target.checked)} /> I’ve saved the token
          </label>
          <Button tone="primary" disabled={!saved} onClick={onClose}>
            {answered ? "Done" : "Close"}
          </Button>
        </>
      }
    >
      <div className={list.form}>
        <ConnectionView connection={connection} onCopied={() => setCopied(true)} />
        <ol className={styles.steps} aria-label="Progress">
          <Step done={copied} text="Snippet or token copied" />
          <Step done={registered} waiting={!registered} text={registered ? "Registered" : "Waiting for the agent to register"} />
          <Step done={beat || heard} waiting={registered && !beat && !heard} text={beat || heard ? "First heartbeat" : "First heartbeat, sent by the SDK every 30 s"} />
          <Step done={answered} waiting={asked && !answered} text={answered ? "First message answered" : asked ? "Message sent, waiting for the answer" : "First message answered"}>
            {!answered && !asked && (
              <Button onClick={() => void ask()} disabled={!registered}>
                Send a test message
              </Button>
            )}
          </Step>
        </ol>
        {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
        {registered && (
          <Notice tone="info" role="status">
            {name} is connected.
          </Notice>
        )}
      </div>
    </Dialog>
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
