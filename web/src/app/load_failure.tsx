import { ApiError, messageOf } from "@/api/api_error";
import { Button } from "@/ui/button";
import styles from "./page.module.css";

/** The first picture could not be read: why, what to check when the platform itself is in trouble, and another try. */
export function LoadFailure({ failure, onRetry }: { failure: unknown; onRetry: () => void }) {
  const inTrouble = failure instanceof ApiError && failure.status === 503;
  return (
    <div className={styles.card} role="alert" data-testid="hydration-error">
      <h2>{inTrouble ? "The platform cannot reach what it needs" : "The workspaces could not be read"}</h2>
      <p>{messageOf(failure)}</p>
      {inTrouble && (
        <ul>
          <li>Is there room left on the disk of its data directory?</li>
          <li>Does its database answer, if it uses one of its own?</li>
          <li>
            What do its log and <code>/readyz</code> say?
          </li>
        </ul>
      )}
      <div className={styles.row}>
        <Button tone="primary" onClick={onRetry}>
          Retry
        </Button>
      </div>
    </div>
  );
}
