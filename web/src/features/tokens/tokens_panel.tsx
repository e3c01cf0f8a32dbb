import { useCallback, useState } from "react";
import { messageOf } from "@/api/api_error";
import { listTokens, mintToken, revokeToken } from "@/api/tokens_api";
import type { Token } from "@/api/wire";
import type { Workspace } from "@/api/workspace";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Empty, Failure, Loading, Notice } from "@/ui/notice";
import { PanelBody, Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { toast } from "@/ui/toast";
import { AgentKeySection } from "./agent_key_section";
import { NewTokenForm } from "./new_token_form";
import { TokenRow } from "./token_row";

/** The tokens an agent of this workspace may use. A new one is readable once. */
export function TokensPanel({ workspace }: { workspace: Workspace }) {
  const { value: tokens, loading, error, reload } = useLiveLoaded(useCallback(() => listTokens(workspace.id), [workspace.id]));
  const [making, setMaking] = useState(false);
  const [fresh, setFresh] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<string | undefined>();

  async function attempt(work: () => Promise<unknown>) {
    setBusy(true);
    try {
      await work();
      await reload();
    } catch (failure) {
      toast("error", messageOf(failure));
    } finally {
      setBusy(false);
      setAsking(undefined);
    }
  }
  async function make(wanted: { label?: string; expires_at?: string }) {
    setFresh(await mintToken(workspace.id, wanted));
    setMaking(false);
    await reload();
  }
  const revoke = (token: Token) =>
    attempt(async () => {
      await revokeToken(workspace.id, token.id);
      toast("success", `Token ${token.label ?? `${token.prefix}…`} was revoked`);
    });

  return (
    <PanelBody>
      <Section
        title="Workspace tokens"
        action={
          !making && (
            <Button tone="primary" onClick={() => setMaking(true)}>
              New token
            </Button>
          )
        }
      >
        <p className={list.muted}>An agent proves with a token that it is {workspace.name}: whoever has one may act in its name. Only its digest is kept; the text is
          shown once.</p>
        {making && <NewTokenForm onMake={make} onCancel={() => setMaking(false)} />}
        {fresh !== undefined && (
          <Notice tone="info" role="status">
            <p>
              <strong>Copy it now.</strong> It cannot be read again.
            </p>
            <code className={list.main} data-fresh-token>
              {fresh}
            </code>
            <div className={list.row} style={{ marginTop: 8 }}>
              <CopyButton labelled text={fresh} what="token" />
              <Button onClick={() => setFresh(undefined)}>I have saved it</Button>
            </div>
          </Notice>
        )}
        {error !== undefined && <Failure text={`Tokens could not be read: ${messageOf(error)}`} onRetry={() => void reload()} />}
        {loading && tokens === undefined && <Loading text="Reading tokens…" />}
        {tokens?.length === 0 && <Empty title="No tokens">Make one and give it to the agent that should be {workspace.name}.</Empty>}
        {tokens && tokens.length > 0 && (
          <ul className={list.list}>
            {tokens.map((token) => (
              <TokenRow
                key={token.id}
                token={token}
                asking={asking === token.id}
                busy={busy}
                onAsk={(asks) => setAsking(asks ? token.id : undefined)}
                onRevoke={() => void revoke(token)}
              />
            ))}
          </ul>
        )}
      </Section>
      <AgentKeySection workspace={workspace} />
    </PanelBody>
  );
}
