import { useEffect, useRef, useState, type FormEvent } from "react";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import { Notice } from "@/ui/notice";
import { SecretField } from "@/ui/secret_field";
import { noSecret, type SecretText } from "@/ui/secret_text";
import list from "@/ui/section.module.css";
import { oddness } from "./secret_kinds";
import { unsavedStore } from "./unsaved";

const namePattern = /^[A-Z][A-Z0-9_]{0,127}$/;
const valueMax = 65_536;

interface SecretFormProps {
  /** The name to begin with, where one is changed. */
  first: string;
  /** Stored already in the same place, so that saving replaces it. */
  isTaken: (key: string) => boolean;
  /** Given to every workspace, so that saving it for one takes its place there. */
  isInherited: (key: string) => boolean;
  /** Whose it is: "researcher", "every workspace". */
  owner: string;
  /** Saves it; the refusal where there was one. */
  onSave: (key: string, value: string) => Promise<string | undefined>;
}

/** Name and value of a secret. What would be written over is asked for first. */
export function SecretForm({ first, isTaken, isInherited, owner, onSave }: SecretFormProps) {
  const [key, setKey] = useState(first);
  const [value, setValue] = useState<SecretText>(noSecret);
  const [failure, setFailure] = useState<string | undefined>();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const valueField = useRef<HTMLTextAreaElement>(null);
  const odd = value.exact === "" ? undefined : oddness(key, value.exact);

  const unsaved = value.exact !== "";
  useEffect(() => {
    unsavedStore.set(unsaved);
    return () => unsavedStore.set(false);
  }, [unsaved]);

  async function save() {
    setBusy(true);
    setFailure(await onSave(key, value.exact));
    setBusy(false);
    setAsking(false);
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    setFailure(undefined);
    if (!namePattern.test(key)) return setFailure("A name is capital letters, digits and underscores, and starts with a letter: API_KEY.");
    if (value.exact === "") return setFailure("Give it a value. To take a secret away, remove it.");
    if (new TextEncoder().encode(value.exact).length > valueMax) return setFailure(`A value has at most ${valueMax.toLocaleString()} bytes.`);
    if (isTaken(key) && !asking) return setAsking(true);
    void save();
  }

  return (
    <form className={list.form} onSubmit={submit}>
      {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
      <TextField
        label="Name"
        required
        mono
        autoFocus={first !== ""}
        value={key}
        placeholder="API_KEY"
        hint={isInherited(key) ? `Overrides the global ${key} for ${owner}.` : undefined}
        onChange={(event) => {
          setKey(event.target.value.toUpperCase());
          setAsking(false);
        }}
      />
      <SecretField
        fieldRef={valueField}
        label="Value"
        value={value}
        hint="One line or many, kept byte for byte. Sealed on the platform: it cannot be read back here, only replaced."
        onChange={setValue}
        onRefused={setFailure}
      />
      {odd !== undefined && <Notice tone="warn">{odd}</Notice>}
      {asking && (
        <Notice tone="warn" role="alert">
          {key} is stored already. Its present value cannot be read back or restored once it is replaced.
        </Notice>
      )}
      <div className={list.row}>
        {asking ? (
          <>
            <Button type="submit" tone="danger" disabled={busy}>
              Replace {key}
            </Button>
            <Button onClick={() => setAsking(false)}>Keep it</Button>
          </>
        ) : (
          <Button type="submit" tone="primary" disabled={busy}>
            {busy ? "Saving…" : "Save secret"}
          </Button>
        )}
      </div>
    </form>
  );
}
