import { useState } from "react";
import { atWork, stopWork } from "@/actions/stopping";
import { orgStore } from "@/model/org";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import list from "@/ui/section.module.css";

const namesShown = 8;

/** Asks before all that is being worked on is called off: it cannot be taken back. */
export function StopDialog({ onClose }: { onClose: () => void }) {
  const [those] = useState(() => atWork(orgStore.get()));
  const none = those.length === 0;
  return (
    <Dialog
      open
      onClose={onClose}
      title={none ? "Nobody is at work" : `Stop the work of ${those.length === 1 ? "1 agent" : `${those.length} agents`}?`}
      {...(none ? {} : { description: "What they work on is called off. Their agents go on running, and messages that wait stay." })}
      foot={
        <>
          <Button onClick={onClose}>{none ? "Close" : "Cancel"}</Button>
          {!none && (
            <Button
              tone="danger"
              onClick={() => {
                onClose();
                void stopWork(those.map(({ id }) => id));
              }}
            >
              Stop all
            </Button>
          )}
        </>
      }
    >
      <ul className={list.list} aria-label="At work" hidden={none}>
        {those.slice(0, namesShown).map(({ id, name, current_task: task, active_tasks: count }) => (
          <li key={id}>
            <div className={list.main}>
              {name}
              <div className={list.sub}>{task || (count === 1 ? "1 task" : `${count} tasks`)}</div>
            </div>
          </li>
        ))}
      </ul>
      {those.length > namesShown && <p className={list.muted}>and {those.length - namesShown} more</p>}
    </Dialog>
  );
}
