import { CornerUpLeft, PenLine, Quote, RotateCw, Route } from "lucide-react";
import { memo, type MouseEvent } from "react";
import { shell } from "@/actions/shell";
import type { DeadLetter } from "@/api/wire";
import type { ChatMessage } from "@/model/chat";
import { writeWay } from "@/model/way_address";
import { IconButton } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { now } from "@/ui/clock";
import { CopyButton } from "@/ui/copy_button";
import { cutText } from "@/ui/cut_text";
import { FoldedText } from "@/ui/folded_text";
import { Markdown } from "@/ui/markdown";
import { clockTime, fullTime } from "@/ui/time";
import { AnswerBox } from "./answer_box";
import { attachedAgain } from "./attached";
import { filesOf, resend } from "./chat_session";
import { offer, quoted } from "./drafts";
import { MessageStanding } from "./message_standing";
import { Parts, StateLine } from "./parts";
import styles from "./chat.module.css";

const senders = { user: "You", agent: "Agent", system: "Platform" };

interface MessageProps {
  message: ChatMessage;
  workspaceId: string;
  workspaceName: string;
  /** For a person's message: it got no answer, but the platform's word why. */
  refused: boolean;
  /** For a person's message that nobody answered. */
  letter: DeadLetter | undefined;
  /** For an answer: it asks for more, and nobody has answered that. */
  asks: boolean;
  /** For an answer that does not follow its question: that one. */
  question: ChatMessage | undefined;
  /** For a failure: the person's message it answers. */
  failed?: ChatMessage | undefined;
  /** Its text got its formats, and maybe another height. */
  onFormatted: () => void;
}

export const Message = memo(function Message({ message, workspaceId, workspaceName, refused, letter, asks, question, failed, onFormatted }: MessageProps) {
  // What was called off stays so under its id: written again it is another message.
  const anew = failed ?? (message.state === "canceled" ? message : undefined);
  const again = message.state === "failed" || message.state === "stopped";
  const { parts = [], text } = message;
  return (
    <article
      className={classNames(styles.message, message.role === "user" ? styles.user : styles.agent, message.role === "system" && styles.system)}
      aria-label={`${senders[message.role]}, ${clockTime(message.at)}`}
      data-role={message.role}
      data-message-id={message.id}
      tabIndex={-1}
    >
      {question && <QuestionLink question={question} />}
      {text !== "" && (
        <div className={styles.bubble}>
          {message.role === "agent" ? <Markdown text={text} onFormatted={onFormatted} /> : <FoldedText text={text} />}
        </div>
      )}
      {parts.length > 0 && <Parts parts={parts} onGrown={onFormatted} />}
      {message.role === "agent" && <StateLine state={message.taskState} empty={text === "" && parts.length === 0} />}
      {message.note && again && (
        <div className={classNames(styles.note, message.state === "failed" && styles.failed)} role="status">
          {message.note}
        </div>
      )}
      {message.role === "user" && <MessageStanding message={message} workspaceName={workspaceName} refused={refused} letter={letter} />}
      {asks && <AnswerBox workspaceId={workspaceId} message={message} />}
      <div className={styles.meta}>
        <time dateTime={new Date(message.at).toISOString()} title={fullTime(message.at)}>
          {clockTime(message.at)}
        </time>
        {text !== "" && (
          <span className={styles.tool}>
            <CopyButton text={text} what="message" />
          </span>
        )}
        {message.role === "user" && message.rowId !== undefined && (
          <span className={styles.tool}>
            <IconButton small label="Its whole way" onClick={() => shell.current.showWay(writeWay({ workspace: workspaceId, message: message.rowId ?? "" }))}>
              <Route size={14} aria-hidden />
            </IconButton>
          </span>
        )}
        {message.role === "agent" && text !== "" && (
          <span className={styles.tool}>
            <IconButton
              small
              label="Quote it in a message"
              // Pressing it leaves selected what is to be quoted.
              onMouseDown={(event) => event.preventDefault()}
              onClick={(event) => offer(workspaceId, quoted(selectedIn(event.currentTarget.closest("article")) ?? text))}
            >
              <Quote size={14} aria-hidden />
            </IconButton>
          </span>
        )}
        {again && (
          <IconButton small label="Send again" onClick={() => resend(workspaceId, message)}>
            <RotateCw size={14} aria-hidden />
          </IconButton>
        )}
        {anew && (
          <IconButton small label="Write it again as a new message" onClick={() => offer(workspaceId, anew.text, filesOf(anew).flatMap((file) => (file.uri === undefined ? [] : [attachedAgain(file, now())])))}>
            <PenLine size={14} aria-hidden />
          </IconButton>
        )}
      </div>
    </article>
  );
});

/** What is selected inside of an element. */
function selectedIn(element: Element | null): string | undefined {
  const selection = window.getSelection();
  const words = selection?.toString().trim() ?? "";
  return words !== "" && element?.contains(selection?.anchorNode ?? null) ? words : undefined;
}

/** More words than a line has room for. */
const quotedMax = 120;
const foundMs = 1600;

/** Leads from an answer to what it answers, where other messages stand between them. */
function QuestionLink({ question }: { question: ChatMessage }) {
  function find(event: MouseEvent<HTMLButtonElement>) {
    const place = event.currentTarget.closest('[role="log"]')?.querySelector<HTMLElement>(`[data-message-id="${CSS.escape(question.id)}"]`);
    place?.scrollIntoView({ block: "center" });
    place?.focus({ preventScroll: true });
    place?.animate([{ backgroundColor: "var(--primary-soft)" }, { backgroundColor: "transparent" }], { duration: foundMs });
  }
  const words = question.text === "" ? "your files" : cutText(question.text, quotedMax);
  return (
    <button type="button" className={styles.question} onClick={find}>
      <CornerUpLeft size={13} aria-hidden />
      <span className="visually-hidden">Answers: </span>
      <span>{words}</span>
    </button>
  );
}
