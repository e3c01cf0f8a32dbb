import { SendHorizontal } from "lucide-react";
import { useEffect, useRef, type KeyboardEvent } from "react";
import type { Workspace } from "@/api/workspace";
import { isReachable, isRemote, statusWords } from "@/model/selectors";
import { IconButton } from "@/ui/button";
import { isComposing } from "@/ui/composing";
import { Notice } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { send } from "./chat_session";
import { draft, draftOf, draftsStore } from "./drafts";
import styles from "./chat.module.css";

/** A longer message is refused with a word, not cut without one. */
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
  const { text, offered } = useSelected(draftsStore, (drafts) => draftOf(drafts, workspace.id));
  const field = useRef<HTMLTextAreaElement>(null);
  const { allowed, notice } = writing(workspace);
  const tooLong = text.length > lengthMax;

  useEffect(() => {
    if (offered > 0) field.current?.focus();
  }, [offered]);

  function submit() {
    if (!allowed || tooLong || text.trim() === "") return;
    send(workspace.id, text.trim());
    draft(workspace.id, "");
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
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
      {tooLong && (
        <Notice tone="bad">
          This message has {text.length.toLocaleString()} characters; a message has at most {lengthMax.toLocaleString()}. Shorten it or send
          it in parts.
        </Notice>
      )}
      <div className={styles.box}>
        <textarea
          ref={field}
          aria-label={`Message to ${workspace.name}`}
          placeholder={allowed ? `Write to ${workspace.name}…` : "Writing is not possible now"}
          rows={1}
          value={text}
          disabled={!allowed}
          onChange={(event) => draft(workspace.id, event.target.value)}
          onKeyDown={onKeyDown}
        />
        <IconButton label="Send message" type="submit" title="Send (Enter; Shift+Enter for a new line)" disabled={!allowed || tooLong || text.trim() === ""}>
          <SendHorizontal size={17} aria-hidden />
        </IconButton>
      </div>
    </form>
  );
}
