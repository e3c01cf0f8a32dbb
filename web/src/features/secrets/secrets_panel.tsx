import { useCallback, useRef, useState, type FormEvent } from "react";
import { messageOf } from "@/api/api_error";
import { deleteSecret, listSecrets, saveSecret } from "@/api/secrets_api";
import type { Secret } from "@/api/wire";
import type { Workspace } from "@/api/workspace";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { ChoiceField, TextField } from "@/ui/field";
import { SecretField } from "@/ui/secret_field";
import { noSecret } from "@/ui/secret_text";
import { Empty, Failure, Loading, Notice } from "@/ui/notice";
import { PanelBody, Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { toast } from "@/ui/toast";
import { useLoaded } from "@/ui/use_loaded";

type Scope = "workspace" | "global";
const namePattern = /^[A-Z][A-Z0-9_]{0,127}$/;
const valueMax = 65_536;

/** Names and scopes of secrets. Values go to the platform and never come back. */
export function SecretsPanel({ workspace }: { workspace: Workspace }) {
  const [scope, setScope] = useState<Scope>("workspace");
  const [key, setKey] = useState("");
  const [value, setValue] = useState(noSecret);
  const [failure, setFailure] = useState<string | undefined>();
  const [asking, setAsking] = useState<string | undefined>();
  const valueField = useRef<HTMLTextAreaElement>(null);
  const owner = scope === "workspace" ? workspace.id : undefined;
  const { value: secrets, loading, error, reload } = useLoaded(useCallback(() => listSecrets(owner), [owner]));

  async function attempt(work: () => Promise<unknown>, done: string) {
    setFailure(undefined);
    try {
      await work();
      toast("success", done);
      await reload();
      return true;
    } catch (refused) {
      setFailure(messageOf(refused));
      return false;
    } finally {
      setAsking(undefined);
    }
  }

  async function save(event: FormEvent) {
    event.preventDefault();
    if (!namePattern.test(key)) return setFailure("A name is capital letters, digits and underscores, and starts with a letter: API_KEY.");
    if (value.exact === "") return setFailure("Give it a value. To take a secret away, remove it.");
    if (new TextEncoder().encode(value.exact).length > valueMax) return setFailure(`A value has at most ${valueMax} bytes.`);
    if (await attempt(() => saveSecret(owner, key, value.exact), `${key} is saved`)) {
      setKey("");
      setValue(noSecret);
    }
  }

  function change(secret: Secret) {
    setKey(secret.key);
    setValue(noSecret);
    valueField.current?.focus();
  }

  return (
    <PanelBody>
      <ChoiceField
        legend="Whose secrets"
        value={scope}
        onChange={(next) => {
          setScope(next);
          setFailure(undefined);
        }}
        choices={[
          { value: "workspace" as Scope, label: "This workspace", note: `Only ${workspace.name}` },
          { value: "global" as Scope, label: "Global", note: "Every workspace" },
        ]}
      />
      <Section title="Stored">
        {error !== undefined && <Failure text={`Secrets could not be read: ${messageOf(error)}`} onRetry={() => void reload()} />}
        {loading && secrets === undefined && <Loading text="Reading secrets…" />}
        {secrets?.length === 0 && <Empty title="No secrets">Agents ask for what is stored here when they start and on their next pull.</Empty>}
        {secrets && secrets.length > 0 && (
          <ul className={list.list}>
            {secrets.map((secret) => {
              const inherited = scope === "workspace" && secret.scope === "global";
              return (
                <li key={`${secret.scope}:${secret.key}`}>
                  <div className={list.main}>
                    <code>{secret.key}</code>
                    <div className={list.sub}>
                      {inherited ? "global" : secret.scope === "global" ? "every workspace" : "this workspace"} · changed{" "}
                      <Age at={Date.parse(secret.updated_at)} />
                    </div>
                  </div>
                  {asking === secret.key ? (
                    <>
                      <Button tone="danger" onClick={() => void attempt(() => deleteSecret(owner, secret.key), `${secret.key} was removed`)}>
                        Remove for good
                      </Button>
                      <Button onClick={() => setAsking(undefined)}>Keep</Button>
                    </>
                  ) : (
                    <>
                      <Button onClick={() => change(secret)}>{inherited ? "Override" : "Update"}</Button>
                      {!inherited && (
                        <Button tone="danger_quiet" aria-label={`Remove ${secret.key}`} onClick={() => setAsking(secret.key)}>
                          Remove
                        </Button>
                      )}
                    </>
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </Section>
      <Section title={scope === "workspace" ? `Set for ${workspace.name}` : "Set for every workspace"}>
        <form className={list.form} onSubmit={(event) => void save(event)}>
          {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
          <TextField label="Name" required mono value={key} placeholder="API_KEY" onChange={(event) => setKey(event.target.value.toUpperCase())} />
          <SecretField
            fieldRef={valueField}
            label="Value"
            value={value}
            hint="One line or many, kept byte for byte. Sealed on the platform: it cannot be read back here, only replaced."
            onChange={setValue}
            onRefused={setFailure}
          />
          <div className={list.row}>
            <Button type="submit" tone="primary">
              Save secret
            </Button>
          </div>
        </form>
      </Section>
    </PanelBody>
  );
}
