import { useEffect, useMemo, useState, type KeyboardEvent } from "react";
import { liveState, onFrames, onStale } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import type { Way } from "@/model/way";
import type { WayAddress } from "@/model/way_address";
import { Dialog } from "@/ui/dialog";
import { Failure, Loading } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { fullTime, shortDuration, useNow } from "@/ui/time";
import { useWindowed } from "@/ui/use_windowed";
import { StepRow } from "./step_row";
import { WayReading } from "./way_reading";
import styles from "./way.module.css";

interface WayDialogProps {
  address: WayAddress;
  onClose: () => void;
  /** Opens a workspace. */
  onOpen: (id: string) => void;
}

/** A message's whole way: where it began, what was asked because of it, when, and what came of each. */
export function WayDialog({ address: { workspace, message, delegation }, onClose, onOpen }: WayDialogProps) {
  const reading = useMemo(
    () => new WayReading({ workspace, ...(message ? { message } : {}), ...(delegation ? { delegation } : {}) }),
    [workspace, message, delegation],
  );
  const { way, loading, error } = useSelected(reading.state, (state) => state);

  useEffect(() => {
    reading.start();
    const leaveFrames = onFrames((frames) => reading.notice(frames));
    const leaveState = liveState.subscribe(() => {
      if (liveState.get() === "live") void reading.load();
    });
    const leaveStale = onStale(() => void reading.load());
    return () => {
      leaveStale();
      leaveState();
      leaveFrames();
      reading.stop();
    };
  }, [reading]);

  return (
    <Dialog open wide onClose={onClose} title="The way of a message" description="Where it began, what was asked because of it, and what came of each.">
      {error !== undefined && <Failure text={`This way could not be read: ${error}`} onRetry={() => void reading.load()} />}
      {loading && !way && <Loading text="Following the message…" />}
      {way && <Steps way={way} onOpen={onOpen} />}
    </Dialog>
  );
}

function Steps({ way, onOpen }: { way: Way; onOpen: (id: string) => void }) {
  const [open, setOpen] = useState<string | undefined>(way.asked);
  const workspaces = useSelected(orgStore, (org) => org.workspaces);
  const now = useNow();
  const openAt = useMemo(() => way.steps.findIndex(({ id }) => id === open), [way.steps, open]);
  const { list, shown } = useWindowed(way.steps.length, openAt < 0 ? undefined : openAt);
  const nameOf = (id: string | null, name = "") => (id === null ? "You" : (workspaces.get(id)?.name ?? (name || "a removed workspace")));
  const took = (way.endedAt ?? now) - way.startedAt;
  const running = way.steps.filter(({ endedAt }) => endedAt === undefined).length;

  function onKeyDown(event: KeyboardEvent<HTMLOListElement>) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" } as const;
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = (event.target as Element).closest("button[aria-expanded]")?.parentElement;
    const next = row?.[step[event.key]]?.querySelector<HTMLElement>("button[aria-expanded]");
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  return (
    <div className={styles.way}>
      <p className={styles.sum} role="status">
        {way.steps.length === 1 ? "1 message" : `${way.steps.length} messages`}, begun {fullTime(way.startedAt)},{" "}
        {way.endedAt === undefined ? `${running} under way for ${shortDuration(took)}` : `over after ${shortDuration(took)}`}
      </p>
      <div className={styles.axis} aria-hidden>
        <span>0</span>
        <span>{shortDuration(took)}</span>
      </div>
      <ol
        ref={list}
        className={styles.steps}
        aria-label="Messages on the way"
        style={{ paddingBlock: `${shown.before}px ${shown.after}px` }}
        onKeyDown={onKeyDown}
      >
        {way.steps.slice(shown.from, shown.to).map((step, index) => (
          <StepRow
            key={step.id}
            step={step}
            way={way}
            now={now}
            place={shown.from + index}
            open={step.id === open}
            onToggle={() => setOpen(step.id === open ? undefined : step.id)}
            nameOf={nameOf}
            onOpen={onOpen}
          />
        ))}
      </ol>
      {way.more && <p className={styles.sum}>There are more messages than are shown here. Each is in the activity of its workspace.</p>}
    </div>
  );
}
