import { Paperclip, SendHorizontal } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, type ClipboardEvent, type KeyboardEvent } from "react";
import { restart, resume } from "@/actions/lifecycle";
import { shell } from "@/actions/shell";
import type { Workspace } from "@/api/workspace";
import { isReachable, isRemote, statusWords } from "@/model/selectors";
import { Button, IconButton } from "@/ui/button";
import { now } from "@/ui/clock";
import { isComposing } from "@/ui/composing";
import { Notice } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { toast } from "@/ui/toast";
import { allKept, keptFiles, limitsStore, limitWords, stillKept } from "./attached";
import { send } from "./chat_session";
import { changeFiles, clearDraft, draft, draftOf, draftsStore, dropWords, paste } from "./drafts";
import { isLong, wholeLength, wholeText } from "./pasted";
import { attachFiles, pastedFiles } from "./taken_files";
import styles from "./chat.module.css";

const PastedList = lazy(() => import("./pasted_list"));
const AttachedList = lazy(() => import("./attached_list"));

/** A longer message is refused with a word, not cut without one. A conversation with such messages stays usable. */
export const lengthMax = 500_000;

interface Writing {
  allowed: boolean;
  notice?: string;
  /** What a person can do about it right here. */
  help?: "resume" | "restart" | "connect";
}

/** Whether a message can be written now, and what to say about it. */
export function writing(workspace: Workspace): Writing {
  const { status, name } = workspace;
  if (isReachable(workspace)) return { allowed: true };
  if (status === "paused") return { allowed: false, notice: `${name} is paused. Resume it to write.`, help: "resume" };
  if (workspace.delivery_mode === "poll" && status === "awaiting_agent")
    return { allowed: true, notice: `No agent has connected to ${name} yet. Messages wait in its inbox until one does.`, help: "connect" };
  if (workspace.delivery_mode === "poll")
    return { allowed: true, notice: `${name} is ${statusWords[status].toLowerCase()}. Messages are queued until it looks for them.` };
  if (status === "awaiting_agent") return { allowed: false, notice: "No agent has connected yet.", help: "connect" };
  if (status === "provisioning") return { allowed: false, notice: "The agent is starting." };
  const notice = `Agent is ${statusWords[status].toLowerCase()}.`;
  return isRemote(workspace) ? { allowed: false, notice: `${notice} Start it again where it runs.` } : { allowed: false, notice, help: "restart" };
}

const helpWords = { resume: "Resume", restart: "Restart", connect: "Connect its agent" };

function help(workspaceId: string, how: NonNullable<Writing["help"]>): void {
  if (how === "connect") shell.current.connect(workspaceId);
  else void { resume, restart }[how](workspaceId);
}

export function Composer({ workspace }: { workspace: Workspace }) {
  const { text, pasted, files, offered } = useSelected(draftsStore, (drafts) => draftOf(drafts, workspace.id));
  const limits = useSelected(limitsStore, (value) => value);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const { allowed, notice, help: how } = writing(workspace);
  const length = wholeLength(text, pasted);
  const tooLong = length > lengthMax;
  const says = text.trim() !== "" || pasted.length + files.length > 0;
  const sendable = allowed && says && !tooLong && allKept(files);

  useEffect(() => {
    if (offered > 0) field.current?.focus();
  }, [offered]);

  function submit() {
    const kept = stillKept(files, now());
    if (kept !== files) changeFiles(workspace.id, () => kept);
    if (!sendable || !allKept(kept)) return;
    send(workspace.id, wholeText(text, pasted), { files: keptFiles(kept) });
    clearDraft(workspace.id);
  }
  const attach = (chosen: readonly File[]) => void attachFiles(workspace.id, chosen, (why) => toast("error", why));
  function asFile() {
    attach([new File([wholeText(text, pasted)], "message.txt", { type: "text/plain" })]);
    dropWords(workspace.id);
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    submit();
  }
  function onPaste(event: ClipboardEvent) {
    const chosen = pastedFiles(event.clipboardData);
    const words = event.clipboardData.getData("text/plain");
    if (chosen.length === 0 && !isLong(words)) return;
    event.preventDefault();
    if (chosen.length > 0) attach(chosen);
    else paste(workspace.id, words);
  }

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {notice && (
        <Notice tone="warn" action={how && <Button onClick={() => help(workspace.id, how)}>{helpWords[how]}</Button>}>
          {notice}
        </Notice>
      )}
      {tooLong && (
        <Notice tone="bad" action={allowed && <Button onClick={asFile}>Attach it as a file</Button>}>
          This message has {length.toLocaleString()} characters; a message has at most {lengthMax.toLocaleString()}. Shorten it, send it in
          parts, or as a file.
        </Notice>
      )}
      {pasted.length > 0 && (
        <Suspense>
          <PastedList workspaceId={workspace.id} pasted={pasted} onEmptied={() => field.current?.focus()} />
        </Suspense>
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
