import { Braces, CircleAlert, Clock3, Download, ExternalLink, File, MessageCircleQuestion } from "lucide-react";
import type { FilePart, Part, TaskState } from "@/api/a2a_answer";
import { placeOf } from "@/api/kept_files_api";
import { classNames } from "@/ui/class_names";
import { CopyButton } from "@/ui/copy_button";
import { byteSize } from "@/ui/byte_size";
import { PlainPieces } from "@/ui/plain_pieces";
import { toast } from "@/ui/toast";
import { KeptFile } from "./kept_file";
import styles from "./parts.module.css";

/** The files and data of a message, where they can be had. */
export function Parts({ parts, onGrown }: { parts: readonly Part[]; onGrown: () => void }) {
  return (
    <ul className={styles.parts}>
      {parts.map((part, index) => (
        // Parts of a message have no ids and never change places.
        <li key={index} className={styles.part} data-part={part.kind}>
          {part.kind === "file" ? <FileLine file={part} onGrown={onGrown} /> : <DataFold json={part.json} />}
        </li>
      ))}
    </ul>
  );
}

/** Only what a browser opens as a page or a download; anything else is shown as text. */
const opens = (uri: string): boolean => /^https?:\/\//i.test(uri);

function hostOf(uri: string): string {
  try {
    return new URL(uri).host;
  } catch {
    return "an address that is none";
  }
}

function FileLine({ file, onGrown }: { file: FilePart; onGrown: () => void }) {
  const place = file.uri === undefined ? undefined : placeOf(file.uri);
  const elsewhere = place === undefined && file.uri !== undefined && opens(file.uri) ? hostOf(file.uri) : "";
  const facts = [file.type, file.size === undefined ? "" : byteSize(file.size), elsewhere && `at ${elsewhere}`].filter(Boolean).join(" · ");
  const words = (
    <>
      <File size={18} aria-hidden className={styles.icon} />
      <span className={styles.name}>
        <strong>{file.name}</strong>
        <small>{facts || "a file"}</small>
        {file.uri !== undefined && place === undefined && !opens(file.uri) && <small className={styles.address}>{file.uri}</small>}
      </span>
    </>
  );
  if (place !== undefined) return <KeptFile file={file} place={place} words={words} onGrown={onGrown} />;
  if (file.uri !== undefined && opens(file.uri))
    return (
      <a className={styles.file} href={file.uri} target="_blank" rel="noreferrer noopener" title={file.uri}>
        {words}
        <ExternalLink size={15} aria-label="opens in a new tab" />
      </a>
    );
  if (file.bytes === undefined) return <div className={styles.file}>{words}</div>;
  return (
    <button type="button" className={styles.file} onClick={() => save(file)}>
      <span className="visually-hidden">Save </span>
      {words}
      <Download size={15} aria-hidden />
    </button>
  );
}

const releaseMs = 60_000;

function save(file: FilePart): void {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(atob(file.bytes ?? ""), (unit) => unit.charCodeAt(0));
  } catch {
    toast("error", `${file.name} did not come whole: its content is no base64.`);
    return;
  }
  // Whatever it says it is, it is saved and never opened here as a page of ours.
  const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), releaseMs);
}

function DataFold({ json }: { json: string }) {
  return (
    <details className={styles.data}>
      <summary>
        <Braces size={16} aria-hidden className={styles.icon} />
        <span>Data</span>
        <small>{byteSize(new TextEncoder().encode(json).length)}</small>
        <CopyButton text={json} what="data" />
      </summary>
      <pre tabIndex={0}>
        <PlainPieces text={json} />
      </pre>
    </details>
  );
}

type Tone = "bad" | "open" | "quiet";

const stateWords: Record<TaskState, { text: string; tone: Tone }> = {
  submitted: { text: "The agent took the task and has not begun it.", tone: "open" },
  working: { text: "The agent is still working on it.", tone: "open" },
  "input-required": { text: "The agent asks for more before it goes on.", tone: "open" },
  "auth-required": { text: "The agent asks to be given access before it goes on.", tone: "open" },
  completed: { text: "The agent finished and sent nothing along.", tone: "quiet" },
  failed: { text: "The agent could not do the task.", tone: "bad" },
  rejected: { text: "The agent declined the task.", tone: "bad" },
  canceled: { text: "The task was canceled.", tone: "bad" },
  unknown: { text: "The agent did not say how the task stands.", tone: "quiet" },
};

const icons = { bad: CircleAlert, open: Clock3, quiet: MessageCircleQuestion };

/** How the task of an answer stands, unless it is simply done; or that an answer says nothing at all. */
export function StateLine({ state, empty }: { state: TaskState | undefined; empty: boolean }) {
  if ((state === undefined || state === "completed") && !empty) return null;
  const { text, tone } = stateWords[state ?? "completed"];
  const Icon = icons[tone];
  return (
    <p className={classNames(styles.state, styles[tone])} data-task-state={state ?? "none"}>
      <Icon size={15} aria-hidden /> {text}
    </p>
  );
}
