import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { messageOf } from "@/api/api_error";
import { deleteSecret, listSecrets, saveSecret } from "@/api/secrets_api";
import type { Secret } from "@/api/wire";
import { onFrames } from "@/live/live_bus";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { TextField } from "@/ui/field";
import { Empty, Failure, Loading } from "@/ui/notice";
import { Section } from "@/ui/section";
import { toast } from "@/ui/toast";
import { SecretForm } from "./secret_form";
import { SecretRows } from "./secret_rows";

/** From so many on there is a field to look for one. */
const searchFrom = 4;

interface SecretsViewProps {
  /** Whose; undefined: those that every workspace gets. */
  owner: { id: string; name: string } | undefined;
}

/** Names and scopes of secrets. Values go to the platform and never come back. */
export function SecretsView({ owner }: SecretsViewProps) {
  const id = owner?.id;
  const read = useCallback(async () => {
    const [own, globals] = await Promise.all([listSecrets(id), id === undefined ? [] : listSecrets(undefined)]);
    return { own, globals: new Set(globals.map(({ key }) => key)) };
  }, [id]);
  const { value, loading, error, reload } = useLiveLoaded(read);
  const [asking, setAsking] = useState<string | undefined>();
  const [sought, setSought] = useState("");
  // Another name to begin with is another form.
  const [form, setForm] = useState({ number: 0, first: "" });

  useEffect(
    () =>
      onFrames((frames) => {
        if (frames.some((frame) => frame.event === "SECRET_CHANGED")) void reload();
      }),
    [reload],
  );

  const secrets = value?.own;
  const find = useRef<HTMLInputElement>(null);
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "f" || !find.current) return;
      event.preventDefault();
      find.current.focus();
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
  const shown = useMemo(() => secrets?.filter(({ key }) => key.includes(sought.trim().toUpperCase())), [secrets, sought]);

  async function save(key: string, exact: string): Promise<string | undefined> {
    try {
      await saveSecret(id, key, exact);
    } catch (refused) {
      return messageOf(refused);
    }
    toast("success", `${key} is saved`);
    setForm(({ number }) => ({ number: number + 1, first: "" }));
    await reload();
    return undefined;
  }
  async function remove({ key }: Secret) {
    try {
      await deleteSecret(id, key);
      toast("success", `${key} was removed`);
      await reload();
    } catch (refused) {
      toast("error", `${key} could not be removed: ${messageOf(refused)}`);
    } finally {
      setAsking(undefined);
    }
  }

  return (
    <>
      <Section title="Stored">
        {error !== undefined && <Failure text={`Secrets could not be read: ${messageOf(error)}`} onRetry={() => void reload()} />}
        {loading && secrets === undefined && <Loading text="Reading secrets…" />}
        {secrets?.length === 0 && <Empty title="No secrets">Agents ask for what is stored here when they start and on their next pull.</Empty>}
        {secrets && secrets.length >= searchFrom && (
          <TextField ref={find} label="Find" title="Ctrl F" type="search" mono value={sought} placeholder="Part of a name" onChange={(event) => setSought(event.target.value)} />
        )}
        {shown && shown.length > 0 && (
          <SecretRows
            secrets={shown}
            ofWorkspace={id !== undefined}
            globals={value?.globals ?? new Set()}
            asking={asking}
            onAsk={setAsking}
            onChange={({ key }) => setForm(({ number }) => ({ number: number + 1, first: key }))}
            onRemove={(secret) => void remove(secret)}
          />
        )}
        {secrets && secrets.length > 0 && shown?.length === 0 && <Empty title="No such secret">No name contains “{sought.trim()}”.</Empty>}
      </Section>
      <Section title={owner ? `Set for ${owner.name}` : "Set for every workspace"}>
        <SecretForm
          key={form.number}
          first={form.first}
          owner={owner?.name ?? "every workspace"}
          isTaken={(key) => secrets?.some((each) => each.key === key && (id === undefined || each.scope === "workspace")) ?? false}
          isInherited={(key) => id !== undefined && (value?.globals.has(key) ?? false)}
          onSave={save}
        />
      </Section>
    </>
  );
}
