import { useEffect, useRef, useState } from "react";
import { messageOf } from "@/api/api_error";
import type { KeyScope } from "@/api/wire";
import { Button } from "@/ui/button";
import { now } from "@/ui/clock";
import { SelectField, TextField } from "@/ui/field";
import { Notice } from "@/ui/notice";
import list from "@/ui/section.module.css";

/** How long a token may be good for, in days; empty: until it is revoked. */
const lifetimes: readonly [days: string, words: string][] = [
  ["", "Until it is revoked"],
  ["1", "1 day"],
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "1 year"],
];
const dayMs = 86_400_000;
const labelMax = 100;

/** What a key may do; a token may do all that its workspace may. */
const scopes: readonly [scope: KeyScope, words: string][] = [
  ["read", "Read everything"],
  ["operate", "Do what people do"],
  ["admin", "Everything, keys too"],
];

export interface Wanted {
  label?: string;
  scope?: KeyScope;
  expires_at?: string;
}

interface NewCredentialFormProps {
  what: "token" | "key";
  /** Makes it; what it throws is shown, and the form stays. */
  onMake: (wanted: Wanted) => Promise<void>;
  onCancel: () => void;
}

/** What a credential is for, what it may do and how long it is good: asked before it is made, as none of it can be changed later. */
export function NewCredentialForm({ what, onMake, onCancel }: NewCredentialFormProps) {
  const [label, setLabel] = useState("");
  const [days, setDays] = useState("");
  const [scope, setScope] = useState<KeyScope>("read");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector("input")?.focus(), []);

  async function make() {
    setBusy(true);
    setFailure(undefined);
    try {
      await onMake({
        ...(label.trim() === "" ? {} : { label: label.trim() }),
        ...(what === "key" ? { scope } : {}),
        ...(days === "" ? {} : { expires_at: new Date(now() + Number(days) * dayMs).toISOString() }),
      });
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <form
      ref={form}
      className={list.form}
      aria-label={`New ${what}`}
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
      <div className={list.pair}>
        <TextField label="Label" maxLength={labelMax} value={label} placeholder={what === "key" ? "dashboards" : "laptop"} onChange={(event) => setLabel(event.target.value)} />
        {what === "key" && (
          <SelectField label="May" value={scope} onChange={(event) => setScope(event.target.value as KeyScope)}>
            {scopes.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </SelectField>
        )}
        <SelectField label="Good for" value={days} onChange={(event) => setDays(event.target.value)}>
          {lifetimes.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </SelectField>
      </div>
      <div className={list.row}>
        <Button type="submit" tone="primary" disabled={busy}>
          {busy ? "Making…" : `Make ${what}`}
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}
