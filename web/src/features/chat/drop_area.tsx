import { Paperclip } from "lucide-react";
import { useRef, useState, type DragEvent, type ReactNode } from "react";
import type { Workspace } from "@/api/workspace";
import { useSelected } from "@/ui/store";
import { toast } from "@/ui/toast";
import { limitsStore, limitWords } from "./attached";
import { writing } from "./composer";
import { attachFiles } from "./taken_files";
import styles from "./chat.module.css";

const bringsFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer.types.includes("Files");

/** Files that are dropped anywhere on a conversation are attached to the message that is being written. */
export function DropArea({ workspace, children }: { workspace: Workspace; children: ReactNode }) {
  const limits = useSelected(limitsStore, (value) => value);
  const [over, setOver] = useState(false);
  /** Elements that were entered and not left: going from one to another enters first. */
  const entered = useRef(0);
  const { allowed } = writing(workspace);

  function enter(by: number) {
    entered.current = Math.max(0, entered.current + by);
    setOver(entered.current > 0);
  }
  function onDrop(event: DragEvent) {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    entered.current = 0;
    setOver(false);
    if (allowed) void attachFiles(workspace.id, [...event.dataTransfer.files], (why) => toast("error", why));
  }

  return (
    <div
      className={styles.drop_area}
      onDragEnter={(event) => bringsFiles(event) && enter(1)}
      onDragLeave={(event) => bringsFiles(event) && enter(-1)}
      onDragOver={(event) => {
        if (!bringsFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = allowed ? "copy" : "none";
      }}
      onDrop={onDrop}
    >
      {children}
      {over && (
        <div className={styles.drop} data-drop={allowed ? "takes" : "refuses"} aria-hidden>
          <div>
            <Paperclip size={22} />
            <strong>{allowed ? `Drop files to send to ${workspace.name}` : `${workspace.name} cannot be written to now`}</strong>
            {allowed && <span>{limitWords(limits)}</span>}
          </div>
        </div>
      )}
    </div>
  );
}
