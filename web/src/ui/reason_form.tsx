import { useEffect, useId, useRef, useState } from "react";
import { Button } from "./button";
import { isComposing } from "./composing";
import styles from "./reason_form.module.css";

interface ReasonFormProps {
  /** What is asked for: "Why is it dropped?" */
  label: string;
  /** The words of the button that does it. */
  confirm: string;
  danger?: boolean;
  bytesMax: number;
  /** Does it; what it throws is shown, and the form stays. */
  onConfirm: (reason: string) => Promise<void>;
  onCancel: () => void;
}

const encoder = new TextEncoder();

/** Asks why something is done before it is. Esc leaves it alone. */
export function ReasonForm({ label, confirm, danger, bytesMax, onConfirm, onCancel }: ReasonFormProps) {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const tooLong = encoder.encode(reason).length > bytesMax;
  const ready = reason.trim() !== "" && !tooLong && !busy;

  useEffect(() => field.current?.focus(), []);

  async function submit() {
    if (!ready) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await onConfirm(reason.trim());
    } catch (error) {
      setFailure(error instanceof Error ? error.message : "It did not work.");
      setBusy(false);
    }
  }

  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || isComposing(event)) return;
        event.preventDefault();
        // The dialog around it stays open.
        event.stopPropagation();
        onCancel();
      }}
    >
      <label htmlFor={id}>{label}</label>
      <div className={styles.row}>
        <input ref={field} id={id} value={reason} autoComplete="off" aria-required onChange={(event) => setReason(event.target.value)} />
        <Button type="submit" tone={danger ? "danger" : "primary"} disabled={!ready}>
          {confirm}
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
      {(failure !== undefined || tooLong) && (
        <p className={styles.failure} role="alert">
          {tooLong ? `A reason has at most ${bytesMax} bytes.` : failure}
        </p>
      )}
    </form>
  );
}
