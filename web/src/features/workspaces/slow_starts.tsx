import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { restart } from "@/actions/lifecycle";
import { shell } from "@/actions/shell";
import { liveState } from "@/live/live_bus";
import { marksStore } from "@/canvas/marks";
import { orgStore } from "@/model/org";
import { begunAgain, overdue, startsStore } from "@/model/starts";
import { Button, IconButton } from "@/ui/button";
import { ticks } from "@/ui/clock";
import { Notice } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import styles from "./standing_banner.module.css";

const lookMs = 5000;
const shownMost = 3;

/** Starts that take too long, each with what can be done about it. Without live updates nobody knows whether one is up meanwhile. */
export function SlowStarts() {
  const live = useSelected(liveState, (state) => state === "live");
  const starts = useSelected(startsStore, (value) => value);
  const leaving = useSelected(marksStore, (marks) => marks.leaving);
  const [at, setAt] = useState(ticks);
  const [dismissed, setDismissed] = useState<ReadonlyMap<string, number>>(new Map());
  useEffect(() => {
    if (starts.size === 0) return;
    const timer = setInterval(() => setAt(ticks()), lookMs);
    return () => clearInterval(timer);
  }, [starts]);
  if (!live) return null;
  // What is started anew is another start.
  const late = overdue(starts, at).filter((id) => !leaving.has(id) && dismissed.get(id) !== starts.get(id));
  return (
    <>
      {late.slice(0, shownMost).map((id) => (
        <SlowStart key={id} id={id} ms={at - (starts.get(id) ?? at)} onDismiss={() => setDismissed(new Map(dismissed).set(id, starts.get(id) ?? 0))} />
      ))}
      {late.length > shownMost && <Notice tone="warn">{late.length - shownMost} more take longer than they should to start.</Notice>}
    </>
  );
}

function SlowStart({ id, ms, onDismiss }: { id: string; ms: number; onDismiss: () => void }) {
  const name = useSelected(orgStore, (org) => org.workspaces.get(id)?.name ?? "");
  return (
    <div className={styles.slow} role="status" data-slow-start={id}>
      <Notice
        tone="warn"
        action={
          <>
            <Button onClick={() => void restart(id).then(() => begunAgain(id))}>Try again</Button>
            <Button onClick={() => shell.current.open(id, "logs")}>Logs</Button>
            <Button tone="danger_quiet" onClick={() => shell.current.askDelete(id)}>
              Delete
            </Button>
            <IconButton small label={`Say no more about ${name}`} onClick={onDismiss}>
              <X size={14} aria-hidden />
            </IconButton>
          </>
        }
      >
        {name} has been starting for {Math.floor(ms / 60_000)} minutes.
      </Notice>
    </div>
  );
}
