import { PenLine, RotateCw } from "lucide-react";
import { memo } from "react";
import type { ChatMessage } from "@/model/chat";
import { IconButton } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { CopyButton } from "@/ui/copy_button";
import { Markdown } from "@/ui/markdown";
import { PlainPieces } from "@/ui/plain_pieces";
import { clockTime, fullTime } from "@/ui/time";
import { resend } from "./chat_session";
import { offer } from "./drafts";
import { Parts, StateLine } from "./parts";
import styles from "./chat.module.css";

const senders = { user: "You", agent: "Agent", system: "Platform" };

interface MessageProps {
  message: ChatMessage;
  workspaceId: string;
  /** For a failure: the person's message it answers. */
  failed?: ChatMessage | undefined;
  /** Its text got its formats, and maybe another height. */
  onFormatted: () => void;
}

export const Message = memo(function Message({ message, workspaceId, failed, onFormatted }: MessageProps) {
  const again = message.state === "failed" || message.state === "stopped";
  const { parts = [], text } = message;
  return (
    <article
      className={classNames(styles.message, message.role === "user" ? styles.user : styles.agent, message.role === "system" && styles.system)}
      aria-label={`${senders[message.role]}, ${clockTime(message.at)}`}
      data-role={message.role}
      data-message-id={message.id}
    >
      {text !== "" && (
        <div className={styles.bubble}>
          {message.role === "agent" ? <Markdown text={text} onFormatted={onFormatted} /> : <PlainPieces text={text} />}
        </div>
      )}
      {parts.length > 0 && <Parts parts={parts} />}
      {message.role === "agent" && <StateLine state={message.taskState} empty={text === "" && parts.length === 0} />}
      {message.note && again && (
        <div className={classNames(styles.note, message.state === "failed" && styles.failed)} role="status">
          {message.note}
        </div>
      )}
      <div className={styles.meta}>
        <time dateTime={new Date(message.at).toISOString()} title={fullTime(message.at)}>
          {clockTime(message.at)}
        </time>
        {text !== "" && (
          <span className={styles.tool}>
            <CopyButton text={text} what="message" />
          </span>
        )}
        {again && (
          <IconButton small label="Send again" onClick={() => resend(workspaceId, message)}>
            <RotateCw size={14} aria-hidden />
          </IconButton>
        )}
        {failed && (
          <IconButton small label="Write it again as a new message" onClick={() => offer(workspaceId, failed.text)}>
            <PenLine size={14} aria-hidden />
          </IconButton>
        )}
      </div>
    </article>
  );
});
