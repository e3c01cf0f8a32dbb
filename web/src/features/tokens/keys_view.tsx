import { listKeys, makeKey, revokeKey } from "@/api/keys_api";
import type { Key } from "@/api/wire";
import type { Frame } from "@/live/frame";
import type { Credential } from "./credential_row";
import { Credentials } from "./credentials";
import { makerWords } from "./maker_words";

const may = { read: "Reads everything", operate: "Does what people do", admin: "Everything, keys too" };

const isChange = ({ event }: Frame): boolean => event === "ORG_KEY_MADE" || event === "ORG_KEY_REVOKED";

function shown({ name, scope, created_by, ...rest }: Key): Credential {
  const by = makerWords(created_by);
  return { ...rest, ...(name === undefined ? {} : { label: name }), about: may[scope], ...(by === undefined ? {} : { by }) };
}
const load = async () => (await listKeys()).map(shown);

/** The organisation's keys: what programs act with that are no agents. */
export default function KeysView() {
  return (
    <Credentials
      title="Organisation keys"
      what="key"
      empty={{ title: "No keys", text: "Make one for a script, a dashboard or an MCP client." }}
      load={load}
      make={({ label, ...wanted }) => makeKey({ ...wanted, ...(label === undefined ? {} : { name: label }) })}
      revoke={revokeKey}
      changedBy={isChange}
    >
      A program shows a key as its bearer and may do what the key says, for as long as it is good.
    </Credentials>
  );
}
