import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ClaimCommand } from "./claim_command";
import styles from "./session.module.css";

interface SignOutDialogProps {
  /** Something was written here and never sent. */
  drafts: boolean;
  onClose: () => void;
  onSignOut: () => void;
}

/** Asks before this browser's session ends, and says how to get another one while that can still be read. */
export function SignOutDialog({ drafts, onClose, onSignOut }: SignOutDialogProps) {
  return (
    <Dialog
      open
      onClose={onClose}
      title="Sign out of this browser?"
      description="Agents go on working, and other browsers stay signed in."
      foot={
        <>
          <Button onClick={onClose}>Stay signed in</Button>
          <Button tone="danger" onClick={onSignOut}>
            Sign out
          </Button>
        </>
      }
    >
      <div className={styles.words}>
        {drafts && <p>What was written here and not sent is forgotten.</p>}
        <p>There is no password: the way back in is a new link.</p>
        <ClaimCommand />
      </div>
    </Dialog>
  );
}
