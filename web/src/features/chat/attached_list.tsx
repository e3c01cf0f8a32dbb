import { CircleAlert, File as FileIcon, Image, RotateCw, X } from "lucide-react";
import { useRef, type MouseEvent } from "react";
import { byteSize } from "@/ui/byte_size";
import { Button, IconButton } from "@/ui/button";
import { useSelected } from "@/ui/store";
import { allKept, limitsStore, limitWords, type Attached } from "./attached";
import { detach, sendAgain } from "./attaching";
import styles from "./attached.module.css";

interface AttachedListProps {
  workspaceId: string;
  files: readonly Attached[];
  /** The last one was taken back: the keyboard needs another place. */
  onEmptied: () => void;
}

/** What the message that is being written takes along, how far it is, and what went wrong with it. */
export default function AttachedList({ workspaceId, files, onEmptied }: AttachedListProps) {
  const limits = useSelected(limitsStore, (value) => value);
  const list = useRef<HTMLUListElement>(null);

  function remove(event: MouseEvent<HTMLButtonElement>, key: number) {
    const row = event.currentTarget.closest("li");
    const beside = row?.nextElementSibling ?? row?.previousElementSibling;
    const target = beside?.querySelector<HTMLElement>("[data-remove]");
    if (target) target.focus();
    else onEmptied();
    detach(workspaceId, key);
  }

  return (
    <div className={styles.attached}>
      <ul ref={list} className={styles.list} aria-label="Attached files">
        {files.map((each) => (
          <li key={each.key} className={styles.file} data-state={each.is}>
            <Icon file={each} />
            <span className={styles.name}>
              <strong title={each.name}>{each.name}</strong>
              <Progress file={each} />
            </span>
            {each.is === "failed" && each.again && (
              <Button onClick={() => sendAgain(workspaceId, each.key)} aria-label={`Retry ${each.name}`}>
                <RotateCw size={13} aria-hidden /> Retry
              </Button>
            )}
            <IconButton small data-remove label={each.is === "going" ? `Stop sending ${each.name}` : `Remove ${each.name}`} onClick={(event) => remove(event, each.key)}>
              <X size={14} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      <p className={styles.summary}>
        <span role="status">{standing(files)}</span> <span>A message takes {limitWords(limits)}.</span>
      </p>
    </div>
  );
}

const pictures = /\.(png|jpe?g|gif|webp|avif|svg|bmp|heic)$/i;

function Icon({ file }: { file: Attached }) {
  if (file.is === "failed") return <CircleAlert size={16} aria-hidden className={styles.bad} />;
  return pictures.test(file.name) ? <Image size={16} aria-hidden className={styles.icon} /> : <FileIcon size={16} aria-hidden className={styles.icon} />;
}

function Progress({ file }: { file: Attached }) {
  switch (file.is) {
    case "waiting":
      return <small>Waiting · {byteSize(file.size)}</small>;
    case "going":
      return (
        <>
          <small>
            {Math.floor(file.share * 100)} % of {byteSize(file.size)}
          </small>
          <progress aria-label={`Sending ${file.name}`} max={1} value={file.share} />
        </>
      );
    case "kept":
      return <small>{byteSize(file.size)}</small>;
    case "failed":
      return (
        <small className={styles.bad} role="alert">
          {file.why}
        </small>
      );
  }
}

/** Said aloud when it changes, so in few words and not for every percent. */
function standing(files: readonly Attached[]): string {
  const failed = files.filter(({ is }) => is === "failed").length;
  const there = files.filter(({ is }) => is === "kept").length;
  if (failed > 0) return `${failed === 1 ? "One file" : `${failed} files`} could not be taken: remove ${failed === 1 ? "it" : "them"}, or try again, to send the message.`;
  if (!allKept(files)) return `${there} of ${files.length} files are there; the message can be sent when all are.`;
  return there === 1 ? "1 file goes along." : `${there} files go along.`;
}
