import { useCallback } from "react";
import { messageOf } from "@/api/api_error";
import { listRuntimes } from "@/api/agents_api";
import type { RuntimeOffer, RuntimeOffers } from "@/api/wire";
import { SelectField, TextField } from "@/ui/field";
import { Notice } from "@/ui/notice";
import { SecretField } from "@/ui/secret_field";
import type { SecretText } from "@/ui/secret_text";
import { useLoaded } from "@/ui/use_loaded";

/** What a started agent needs beside its runtime. */
export interface Needs {
  command: string;
  keyName: string;
  key: SecretText;
}

const external = "Bring your own agent: it runs on any machine and joins from there.";

export function useRuntimes(): { offers: RuntimeOffers | undefined; failure: string | undefined } {
  const load = useCallback(() => listRuntimes(), []);
  const { value, error } = useLoaded(load);
  return { offers: value, failure: error === undefined ? undefined : messageOf(error) };
}

export const offerOf = (offers: RuntimeOffers | undefined, runtime: string): RuntimeOffer | undefined =>
  offers?.runtimes.find(({ id }) => id === runtime);

/** Whose agents the platform starts, and what each needs before it can work. */
export function RuntimeField({ offers, runtime, onChange }: { offers: RuntimeOffers | undefined; runtime: string; onChange: (runtime: string) => void }) {
  const offer = offerOf(offers, runtime);
  const hint = offer === undefined ? external : `${capital(offer.does)}. It runs on ${offers?.machine ?? "the platform’s machine"}.`;
  return (
    <SelectField label="Runtime" value={runtime} hint={hint} onChange={(event) => onChange(event.target.value)}>
      <option value="external">External</option>
      {offers?.agents === true &&
        offers.runtimes.map(({ id, title, startable }) => (
          <option key={id} value={id}>
            {startable ? title : `${title} (not here)`}
          </option>
        ))}
    </SelectField>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export function NeedsFields({ offer, needs, onChange, onRefused }: { offer: RuntimeOffer; needs: Needs; onChange: (needs: Needs) => void; onRefused: (why: string) => void }) {
  if (!offer.startable) return <Notice tone="warn">{capital(offer.why_not ?? "")}</Notice>;
  const [first] = offer.keys;
  const keyName = needs.keyName || (first ?? "");
  return (
    <>
      {offer.takes_command && (
        <TextField
          label="Command"
          required
          mono
          value={needs.command}
          placeholder="python3 agent.py"
          hint="A shell runs it for each message: the text comes on its input, its output is the answer."
          onChange={(event) => onChange({ ...needs, command: event.target.value })}
        />
      )}
      {offer.keys.length > 1 && (
        <SelectField label="Key" value={keyName} onChange={(event) => onChange({ ...needs, keyName: event.target.value })}>
          {offer.keys.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
      )}
      {offer.keys.length > 0 && (
        <SecretField
          label={keyName}
          value={needs.key}
          hint="Kept as a secret of this workspace. Leave it empty where Settings has one for every workspace."
          onChange={(key) => onChange({ ...needs, key })}
          onRefused={onRefused}
        />
      )}
    </>
  );
}
