import { useState } from "react";
import type { Workspace } from "@/api/workspace";
import { BeatsLine } from "@/canvas/beats_line";
import { Timeline } from "./timeline";
import styles from "./timeline.module.css";

interface TimelinePanelProps {
  workspace: Workspace;
  /** As the address has it. */
  filter: string;
  onFilter: (filter: string) => void;
}

/** The timeline of one workspace, below its heartbeats. */
export function TimelinePanel({ workspace, filter, onFilter }: TimelinePanelProps) {
  const [find, setFind] = useState("");
  return (
    <div className={styles.panel}>
      <div className={styles.beats}>
        <BeatsLine workspace={workspace.id} name={workspace.name} />
      </div>
      <Timeline
        workspace={workspace.id}
        show={filter}
        find={find}
        onChange={(change) => {
          if (change.show !== undefined) onFilter(change.show);
          if (change.find !== undefined) setFind(change.find);
        }}
      />
    </div>
  );
}
