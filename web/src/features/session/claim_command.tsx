import { claimCommand, knowsClaimCommand } from "@/api/session_api";
import { CopyButton } from "@/ui/copy_button";
import styles from "./session.module.css";

/** How to get a new claim link. */
export function ClaimCommand() {
  const command = claimCommand();
  return (
    <>
      <p>On the machine that runs the platform, print a new link and open it in this browser:</p>
      <div className={styles.command}>
        <code>{command}</code>
        <CopyButton text={command} what="command" />
      </div>
      {knowsClaimCommand() ? (
        <p>The link it prints works once, for 30 minutes.</p>
      ) : (
        <p>
          Add <code>--data</code> with the data directory if the platform was started with one. A link works once, for 30 minutes.
        </p>
      )}
    </>
  );
}
