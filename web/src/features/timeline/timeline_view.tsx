import { Timeline } from "./timeline";
import styles from "./timeline.module.css";

interface TimelineViewProps {
  show: string;
  find: string;
  onChange: (change: { show?: string; find?: string }) => void;
}

/** The timeline of the whole organisation. */
export function TimelineView(props: TimelineViewProps) {
  return (
    <section id="canvas" tabIndex={-1} className={styles.view} aria-label="Timeline of the organisation">
      <Timeline workspace={undefined} {...props} />
    </section>
  );
}
