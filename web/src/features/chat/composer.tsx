import { Paperclip, SendHorizontal } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, type ClipboardEvent, type KeyboardEvent } from "react";
import type { Workspace } from "@/api/workspace";
import { isReachable, isRemote, statusWords } from "@/model/selectors";
import { IconButton } from "@/ui/button";
import { now } from "@/ui/clock";
import { isComposing } from "@/ui/composing";
import { Notice } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { toast } from "@/ui/toast";
import { allKept, keptFiles, limitsStore, limitWords, stillKept } from "./attached";
import { send } from "./chat_session";
import { changeFiles, clearDraft, draft, draftOf, draftsStore } from "./drafts";
import { attachFiles, pastedFiles } from "./taken_files";
import styles from "./chat.module.css";

const AttachedList = lazy(() => import("./attached_list"));

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
  const { text, files, offered } = useSelected(draftsStore, (drafts) => draftOf(drafts, workspace.id));
  const limits = useSelected(limitsStore, (value) => value);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const { allowed, notice } = writing(workspace);
  const tooLong = text.length > lengthMax;
  const says = text.trim() !== "" || files.length > 0;
  const sendable = allowed && says && !tooLong && allKept(files);

  useEffect(() => {
    if (offered > 0) field.current?.focus();
  }, [offered]);

  function submit() {
    const kept = stillKept(files, now());
    if (kept !== files) changeFiles(workspace.id, () => kept);
    if (!sendable || !allKept(kept)) return;
    send(workspace.id, text.trim(), { files: keptFiles(kept) });
    clearDraft(workspace.id);
  }
  const attach = (chosen: readonly File[]) => void attachFiles(workspace.id, chosen, (why) => toast("error", why));
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    submit();
  }
  function onPaste(event: ClipboardEvent) {
    const pasted = pastedFiles(event.clipboardData);
    if (pasted.length === 0) return;
    event.preventDefault();
    attach(pasted);
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
      {files.length > 0 && (
        <Suspense>
          <AttachedList workspaceId={workspace.id} files={files} onEmptied={() => field.current?.focus()} />
        </Suspense>
      )}
      <div className={styles.box}>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files to attach"
          onChange={({ target }) => {
            attach([...(target.files ?? [])]);
            // The same file may be chosen again.
            target.value = "";
            field.current?.focus();
          }}
        />
        <IconButton label="Attach files" title={`Attach ${limitWords(limits)}; or drop or paste them`} disabled={!allowed} onClick={() => picker.current?.click()}>
          <Paperclip size={17} aria-hidden />
        </IconButton>
        <textarea
          ref={field}
          aria-label={`Message to ${workspace.name}`}
          placeholder={allowed ? `Write to ${workspace.name}…` : "Writing is not possible now"}
          rows={1}
          value={text}
          disabled={!allowed}
          onChange={(event) => draft(workspace.id, event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <IconButton label="Send message" type="submit" title="Send (Enter; Shift+Enter for a new line)" disabled={!sendable}>
          <SendHorizontal size={17} aria-hidden />
        </IconButton>
      </div>
    </form>
  );
}
