/** Long texts of the message that is being written. Fetched with the first of them. */
import { ChevronRight, Text, X } from "lucide-react";
import { useState, type MouseEvent } from "react";
import { byteSize } from "@/ui/byte_size";
import { IconButton } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { CopyButton } from "@/ui/copy_button";
import { countLines } from "@/ui/long_text";
import { PlainPieces } from "@/ui/plain_pieces";
import { unpaste } from "./drafts";
import type { Pasted } from "./pasted";
import styles from "./attached.module.css";

interface PastedListProps {
  workspaceId: string;
  pasted: readonly Pasted[];
  /** The last one was taken away: the keyboard needs another place. */
  onEmptied: () => void;
}

export default function PastedList({ workspaceId, pasted, onEmptied }: PastedListProps) {
  return (
    <ul className={styles.list} aria-label="Pasted texts">
      {pasted.map((each) => (
        <PastedText key={each.key} pasted={each} onRemove={() => unpaste(workspaceId, each.key)} onEmptied={onEmptied} />
      ))}
    </ul>
  );
}

function PastedText({ pasted: { text }, onRemove, onEmptied }: { pasted: Pasted; onRemove: () => void; onEmptied: () => void }) {
  const [open, setOpen] = useState(false);
  const lines = countLines(text);

  function remove(event: MouseEvent<HTMLButtonElement>) {
    const row = event.currentTarget.closest("li");
    const target = (row?.nextElementSibling ?? row?.previousElementSibling)?.querySelector<HTMLElement>("[data-remove]");
    if (target) target.focus();
    else onEmptied();
    onRemove();
  }

  return (
    <li className={classNames(styles.file, styles.pasted)} data-pasted={open ? "shown" : "folded"}>
      <div className={styles.pasted_head}>
        <button type="button" className={styles.unfold} aria-expanded={open} onClick={() => setOpen(!open)}>
          <ChevronRight size={14} aria-hidden className={styles.icon} />
          <Text size={16} aria-hidden className={styles.icon} />
          <span className={styles.name}>
            <strong>Pasted text</strong>
            <small>
              {byteSize(new Blob([text]).size)} · {lines === 1 ? "1 line" : `${lines.toLocaleString()} lines`}
            </small>
          </span>
        </button>
        <CopyButton text={text} what="pasted text" />
        <IconButton small data-remove label="Remove pasted text" onClick={remove}>
          <X size={14} aria-hidden />
        </IconButton>
      </div>
      {open && (
        <div className={styles.pasted_text} tabIndex={0} role="group" aria-label="Pasted text">
          <PlainPieces text={text} />
        </div>
      )}
    </li>
  );
}
