import { Square } from "lucide-react";
import type { Workspace } from "@/api/workspace";
import type { ChatMessage, LogLine } from "@/model/chat";
import { orgStore, type Org } from "@/model/org";
import type { Growing } from "@/model/streamed_answer";
import { Button } from "@/ui/button";
import { useSelected } from "@/ui/store";
import { shortAge, useNow } from "@/ui/time";
import { callOff, stopWaiting } from "./chat_session";
import { growingStore } from "./growing";
import styles from "./chat.module.css";

function logText(line: LogLine, org: Org): string {
  const peer = line.peerId ? (org.workspaces.get(line.peerId)?.name ?? "another workspace") : "";
  const words = line.text === "" ? "" : `: ${line.text}`;
  switch (line.kind) {
    case "out":
      return `→ Delegating to ${peer}${words}`;
    case "in":
      return `← ${peer || "Peer"} responded${words}`;
    case "error":
      return `✕ ${peer ? `${peer} failed` : "Error"}${words}`;
    case "task":
      return `· ${line.text}`;
    case "note":
      return `  ${line.text}`;
  }
}

function stateWords(turn: ChatMessage, workspace: Workspace, growing: Growing | undefined): string {
  if (turn.stop === "asked") return `Asking ${workspace.name} to stop…`;
  if (growing && (growing.blocks.length > 0 || growing.open !== "")) return `${workspace.name} is answering`;
  if (growing?.says) return `${workspace.name}: ${growing.says}`;
  if (workspace.current_task !== "" || workspace.active_tasks > 0) return `${workspace.name} is working`;
  if (turn.state === "queued") return turn.note ?? `Waiting for ${workspace.name} to answer.`;
  return `Waiting for ${workspace.name}`;
}

/** What is known while a person waits: since when, what the agent says it does, and how to call it off. */
export function Waiting({ turn, log, workspace }: { turn: ChatMessage; log: readonly LogLine[]; workspace: Workspace }) {
  const org = useSelected(orgStore, (value) => value);
  const growing = useSelected(growingStore, (all) => all.get(turn.id));
  const now = useNow();
  const refused = typeof turn.stop === "object" ? turn.stop.refused : undefined;
  return (
    <div className={styles.waiting} data-waiting={turn.state}>
      <div className={styles.waiting_head}>
        <span className={styles.dots} aria-hidden>
          <i />
          <i />
          <i />
        </span>
        <span role="status">{stateWords(turn, workspace, growing)}</span>
        <span>{shortAge(now - turn.at)}</span>
        <Button tone="ghost" disabled={turn.stop === "asked"} onClick={() => void callOff(workspace.id, turn.id)} title="Call this message off">
          <Square size={13} aria-hidden /> Stop
        </Button>
      </div>
      {refused !== undefined && (
        <div className={styles.refused} role="alert">
          <span>{refused}</span>
          <Button onClick={() => stopWaiting(workspace.id, turn.id)}>Stop waiting</Button>
        </div>
      )}
      {log.length > 0 && (
        <ul className={styles.log} aria-label="What the agent is doing">
          {log.map((line) => (
            <li key={`${line.at}:${line.kind}:${line.text}`}>
              {logText(line, org)}
              {line.times > 1 && ` ×${line.times}`}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
