import { RotateCw } from "lucide-react";
import { memo } from "react";
import type { ChatMessage } from "@/model/chat";
import { IconButton } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { CopyButton } from "@/ui/copy_button";
import { Markdown } from "@/ui/markdown";
import { clockTime, fullTime } from "@/ui/time";
import { resend } from "./chat_session";
import styles from "./chat.module.css";

const senders = { user: "You", agent: "Agent", system: "Platform" };

interface MessageProps {
  message: ChatMessage;
  workspaceId: string;
  /** For a failure: the person's message it answers. */
  failed?: ChatMessage | undefined;
}

export const Message = memo(function Message({ message, workspaceId, failed }: MessageProps) {
  const again = message.state === "failed" || message.state === "stopped" ? message : failed;
  return (
    <article
      className={classNames(styles.message, message.role === "user" ? styles.user : styles.agent, message.role === "system" && styles.system)}
      aria-label={`${senders[message.role]}, ${clockTime(message.at)}`}
      data-role={message.role}
      data-message-id={message.id}
    >
      <div className={styles.bubble}>{message.role === "agent" ? <Markdown text={message.text} /> : message.text}</div>
      {message.note && (message.state === "failed" || message.state === "stopped") && (
        <div className={classNames(styles.note, message.state === "failed" && styles.failed)} role="status">
          {message.note}
        </div>
      )}
      <div className={styles.meta}>
        <time dateTime={new Date(message.at).toISOString()} title={fullTime(message.at)}>
          {clockTime(message.at)}
        </time>
        <span className={styles.tool}>
          <CopyButton text={message.text} what="message" />
        </span>
        {again && (
          <IconButton small label="Send again" onClick={() => resend(workspaceId, again)}>
            <RotateCw size={14} aria-hidden />
          </IconButton>
        )}
      </div>
    </article>
  );
});
