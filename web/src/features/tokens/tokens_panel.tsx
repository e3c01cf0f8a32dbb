import { useCallback } from "react";
import { listTokens, mintToken, revokeToken } from "@/api/tokens_api";
import type { Token } from "@/api/wire";
import type { Workspace } from "@/api/workspace";
import type { Frame } from "@/live/frame";
import { PanelBody } from "@/ui/section";
import { AgentKeySection } from "./agent_key_section";
import type { Credential } from "./credential_row";
import { Credentials } from "./credentials";
import { makerWords } from "./maker_words";

function shown({ created_by, ...rest }: Token): Credential {
  const by = makerWords(created_by);
  return { ...rest, ...(by === undefined ? {} : { by }) };
}

const changes = new Set<Frame["event"]>(["TOKEN_MADE", "TOKEN_REVOKED", "EXTERNAL_CREDENTIALS_ROTATED"]);

/** The tokens an agent of this workspace may use. */
export function TokensPanel({ workspace: { id, name }, workspace }: { workspace: Workspace }) {
  return (
    <PanelBody>
      <Credentials
        title="Workspace tokens"
        what="token"
        empty={{ title: "No tokens", text: `Make one and give it to the agent that should be ${name}.` }}
        load={useCallback(async () => (await listTokens(id)).map(shown), [id])}
        make={(wanted) => mintToken(id, wanted)}
        revoke={(token) => revokeToken(id, token)}
        changedBy={useCallback(({ event, workspace_id }: Frame) => workspace_id === id && changes.has(event), [id])}
      >
        An agent proves with a token that it is {name}: whoever has one may act in its name.
      </Credentials>
      <AgentKeySection workspace={workspace} />
    </PanelBody>
  );
}
