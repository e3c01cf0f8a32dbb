import { Fragment, memo } from "react";
import type { DeadLetter } from "@/api/wire";
import type { ChatMessage } from "@/model/chat";
import { dayName } from "@/ui/time";
import { Message } from "./message";
import styles from "./chat.module.css";

/** The height of a message that was not drawn yet. */
const guess = 84;

/** What is known of messages beside themselves. */
export interface Around {
  workspaceId: string;
  workspaceName: string;
  refused: ReadonlySet<string>;
  letters: ReadonlyMap<string, DeadLetter>;
  asking: ReadonlySet<string>;
  apart: ReadonlyMap<string, ChatMessage>;
  /** The message of the person that a failure is about. */
  failedOf: (failure: ChatMessage) => ChatMessage | undefined;
  onFormatted: () => void;
}

interface MessageRunProps {
  messages: readonly ChatMessage[];
  /** When the one before them was. */
  after: number | undefined;
  around: Around;
}

const same = (a: MessageRunProps, b: MessageRunProps): boolean =>
  a.after === b.after && a.around === b.around && a.messages.length === b.messages.length && a.messages.every((each, index) => each === b.messages[index]);

/** Some messages that follow one another. The browser lays out and paints those in and near the view. */
export const MessageRun = memo(function MessageRun({ messages, after, around }: MessageRunProps) {
  const { workspaceId, workspaceName, refused, letters, asking, apart, failedOf, onFormatted } = around;
  return (
    <div className={styles.run} style={{ containIntrinsicHeight: `auto ${messages.length * guess}px` }}>
      {messages.map((message, index) => {
        const day = dayName(message.at);
        const before = index === 0 ? after : messages[index - 1]?.at;
        return (
          <Fragment key={message.id}>
            {(before === undefined || dayName(before) !== day) && <div className={styles.day}>{day}</div>}
            <Message
              message={message}
              workspaceId={workspaceId}
              workspaceName={workspaceName}
              refused={refused.has(message.id)}
              letter={message.rowId === undefined ? undefined : letters.get(message.rowId)}
              asks={asking.has(message.id)}
              question={apart.get(message.id)}
              onFormatted={onFormatted}
              failed={message.role === "system" ? failedOf(message) : undefined}
            />
          </Fragment>
        );
      })}
    </div>
  );
}, same);
