import { Ban, MessageSquare, Route, Send } from "lucide-react";
import { useCallback, useId, useRef, useState } from "react";
import { shell } from "@/actions/shell";
import { messageOf } from "@/api/api_error";
import { newMessageId } from "@/api/message_id";
import type { Question } from "@/api/wire";
import { writeWay } from "@/model/way_address";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { isComposing } from "@/ui/composing";
import { FoldedText } from "@/ui/folded_text";
import { toast } from "@/ui/toast";
import { useLoaded } from "@/ui/use_loaded";
import { answerQuestion, callOff, readQuestion } from "./answering";
import styles from "./inbox.module.css";

/** What the person had asked, without the words that the platform puts before it. */
const askedIn = ({ summary }: Question, name: string): string => summary.split(` → ${name}: `)[1] ?? summary;

/** An agent that goes on only when it is answered. */
export function QuestionItem({ question, name }: { question: Question; name: string }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [ending, setEnding] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();
  const [messageId, setMessageId] = useState(newMessageId);
  const asked = useLoaded(useCallback(() => readQuestion(question), [question]));
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const access = question.state === "auth-required";

  async function run(what: () => Promise<void>, done: string) {
    setBusy(true);
    setFailure(undefined);
    try {
      await what();
      toast("success", done);
    } catch (error) {
      setFailure(messageOf(error));
    }
    setBusy(false);
  }
  function submit() {
    if (text.trim() === "" || busy) return;
    void run(() => answerQuestion(question, messageId, text.trim()), `${name} has your answer`);
  }

  return (
    <>
      <div className={styles.title}>
        <h3>{name}</h3>
        <span className={styles.tag}>{access ? "asks for access" : "asks for an answer"}</span>
        <span className={styles.age}>
          <Age at={Date.parse(question.since)} />
        </span>
      </div>
      <div className={styles.question}>
        {asked.loading && asked.value === undefined ? (
          <span className={styles.muted}>Reading its question…</span>
        ) : asked.value ? (
          <FoldedText text={asked.value} />
        ) : (
          <span className={styles.muted}>{asked.error === undefined ? "It did not say what for." : `Its question could not be read: ${messageOf(asked.error)}`}</span>
        )}
      </div>
      <p className={styles.muted}>You asked: {askedIn(question, name)}</p>
      <form
        className={styles.answer}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <label htmlFor={id} className="visually-hidden">
          Answer to {name}
        </label>
        <textarea
          ref={field}
          id={id}
          data-key="a"
          rows={1}
          placeholder={access ? "Say when it has access, or what it asks for" : "Your answer"}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            // Other words are another message.
            if (failure !== undefined) setMessageId(newMessageId());
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
            event.preventDefault();
            submit();
          }}
        />
        <Button type="submit" tone="primary" disabled={text.trim() === "" || busy}>
          <Send size={14} aria-hidden /> Answer
        </Button>
      </form>
      {failure !== undefined && (
        <p className={styles.failure} role="alert">
          {failure}
        </p>
      )}
      <div className={styles.tools}>
        {ending ? (
          <>
            <span className={styles.muted}>End this task for good?</span>
            <Button tone="danger" autoFocus disabled={busy} onClick={() => void run(() => callOff(question), "Called off")}>
              Call it off
            </Button>
            <Button onClick={() => setEnding(false)}>Keep it</Button>
          </>
        ) : (
          <>
            <Button data-key="d" onClick={() => setEnding(true)}>
              <Ban size={14} aria-hidden /> Call it off…
            </Button>
            <Button onClick={() => shell.current.open(question.workspace_id, "chat")}>
              <MessageSquare size={14} aria-hidden /> Chat
            </Button>
            <Button onClick={() => shell.current.showWay(writeWay({ workspace: question.workspace_id, message: question.id }))}>
              <Route size={14} aria-hidden /> Its whole way
            </Button>
          </>
        )}
      </div>
    </>
  );
}
