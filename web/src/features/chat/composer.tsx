import { SendHorizontal } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import type { Workspace } from "@/api/workspace";
import { isReachable, isRemote, statusWords } from "@/model/selectors";
import { IconButton } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { send } from "./chat_session";
import styles from "./chat.module.css";

/** Unsent words, kept while the page lives so that looking elsewhere loses nothing. */
const drafts = new Map<string, string>();
const lengthMax = 100_000;

/** Whether a message can be written now, and what to say about it. */
export function writing(workspace: Workspace): { allowed: boolean; notice: string | undefined } {
  const { status, name } = workspace;
  if (isReachable(workspace)) return { allowed: true, notice: undefined };
  if (status === "paused") return { allowed: false, notice: `${name} is paused. Resume it to write.` };
  if (workspace.delivery_mode === "poll" && status === "awaiting_agent")
    return { allowed: true, notice: `No agent has connected to ${name} yet. Messages wait in its inbox until one does.` };
  if (workspace.delivery_mode === "poll")
    return { allowed: true, notice: `${name} is ${statusWords[status].toLowerCase()}. Messages are queued until it looks for them.` };
  if (status === "awaiting_agent") return { allowed: false, notice: "No agent has connected yet. See Details for how to connect one." };
  if (status === "provisioning") return { allowed: false, notice: "The agent is starting." };
  const restart = isRemote(workspace) ? "Start it again where it runs." : "Restart it from its menu.";
  return { allowed: false, notice: `Agent is ${statusWords[status].toLowerCase()}. ${restart}` };
}

export function Composer({ workspace }: { workspace: Workspace }) {
  const [text, setText] = useState(drafts.get(workspace.id) ?? "");
  const { allowed, notice } = writing(workspace);

  function write(next: string) {
    setText(next);
    drafts.set(workspace.id, next);
  }
  function submit() {
    if (!allowed || text.trim() === "") return;
    send(workspace.id, text.trim());
    write("");
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  }

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {notice && <Notice tone="warn">{notice}</Notice>}
      <div className={styles.box}>
        <textarea
          aria-label={`Message to ${workspace.name}`}
          placeholder={allowed ? `Write to ${workspace.name}…` : "Writing is not possible now"}
          rows={1}
          maxLength={lengthMax}
          value={text}
          disabled={!allowed}
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <IconButton label="Send message" type="submit" title="Send (Enter; Shift+Enter for a new line)" disabled={!allowed || text.trim() === ""}>
          <SendHorizontal size={17} aria-hidden />
        </IconButton>
      </div>
    </form>
  );
}
