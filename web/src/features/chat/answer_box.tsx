import { useId, useState } from "react";
import type { ChatMessage } from "@/model/chat";
import { Button } from "@/ui/button";
import { isComposing } from "@/ui/composing";
import { send } from "./chat_session";
import styles from "./standing.module.css";

/** Answers an agent that asked for more: what is written goes on with the same task. */
export function AnswerBox({ workspaceId, message }: { workspaceId: string; message: ChatMessage }) {
  const [text, setText] = useState("");
  const id = useId();
  const access = message.taskState === "auth-required";

  function submit() {
    if (text.trim() === "") return;
    send(workspaceId, text.trim(), { task: message.task });
    setText("");
  }

  return (
    <form
      className={styles.ask}
      data-answer-box={message.taskState}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label htmlFor={id}>{access ? "It needs access to go on. Tell it when it has it, or what it asks for:" : "It needs an answer to go on:"}</label>
      <div className={styles.ask_row}>
        <textarea
          id={id}
          rows={1}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
            event.preventDefault();
            submit();
          }}
        />
        <Button type="submit" tone="primary" disabled={text.trim() === ""}>
          Answer
        </Button>
      </div>
    </form>
  );
}
