import { Eye, EyeOff, FileUp } from "lucide-react";
import { useEffect, useId, useRef, useState, type ClipboardEvent, type RefObject } from "react";
import { Button } from "./button";
import { classNames } from "./class_names";
import styles from "./field.module.css";
import { edited, noSecret, secretShape, taken, type SecretText } from "./secret_text";

interface SecretFieldProps {
  label: string;
  hint: string;
  value: SecretText;
  onChange: (value: SecretText) => void;
  /** Something that cannot be taken: a file that is no text. */
  onRefused: (why: string) => void;
  fieldRef?: RefObject<HTMLTextAreaElement | null>;
}

const fileMax = 1 << 20;
/** So long a secret stays readable. */
export const shownMs = 30_000;

/** A field for a secret of one line or many, kept byte for byte: typed, pasted or read from a file. Nothing is shown unless asked. */
export function SecretField({ label, hint, value, onChange, onRefused, fieldRef }: SecretFieldProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const shape = secretShape(value);

  // Shown to be read once, and not to whoever passes by later.
  useEffect(() => {
    if (!open) return;
    const timer = setTimeout(() => setOpen(false), shownMs);
    return () => clearTimeout(timer);
  }, [open]);

  function onPaste(event: ClipboardEvent<HTMLTextAreaElement>) {
    const field = event.currentTarget;
    const all = field.selectionStart === 0 && field.selectionEnd === field.value.length;
    const text = event.clipboardData.getData("text/plain");
    // Into the middle of something it is an edit like any other.
    if (!all || text === "") return;
    event.preventDefault();
    onChange(taken(text));
  }
  async function read(file: File | undefined) {
    if (!file) return;
    if (file.size > fileMax) return onRefused(`${file.name} is larger than a secret can be.`);
    try {
      // With its byte order mark, if it has one.
      onChange(taken(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer())));
    } catch {
      onRefused(`${file.name} is no text in UTF-8. Store it encoded, for example as base64.`);
    }
  }

  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
        <span className="visually-hidden"> (required)</span>
      </label>
      <textarea
        ref={fieldRef}
        id={id}
        className={classNames(styles.control, styles.mono, styles.secret, !open && styles.masked)}
        aria-required
        aria-describedby={`${id}-hint`}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        rows={Math.min(8, Math.max(1, value.shown.split("\n").length))}
        value={value.shown}
        onPaste={onPaste}
        onChange={(event) => onChange(event.target.value === "" ? noSecret : edited(value, event.target.value))}
      />
      <div className={styles.secret_row}>
        <Button tone="ghost" onClick={() => setOpen(!open)} aria-pressed={open}>
          {open ? <EyeOff size={14} aria-hidden /> : <Eye size={14} aria-hidden />} {open ? "Hide" : "Show"}
        </Button>
        <Button tone="ghost" onClick={() => chooser.current?.click()}>
          <FileUp size={14} aria-hidden /> From a file
        </Button>
        <input
          ref={chooser}
          type="file"
          hidden
          aria-label="A file to read"
          onChange={(event) => {
            void read(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
      </div>
      <span className={styles.hint} id={`${id}-hint`}>
        {shape ?? hint}
      </span>
    </div>
  );
}
