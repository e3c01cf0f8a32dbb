import { useCallback, useState } from "react";
import { messageOf } from "@/api/api_error";
import { listTokens, mintToken, revokeToken } from "@/api/tokens_api";
import type { Token } from "@/api/wire";
import type { Workspace } from "@/api/workspace";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Empty, Failure, Loading, Notice } from "@/ui/notice";
import { PanelBody, Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { toast } from "@/ui/toast";
import { useLoaded } from "@/ui/use_loaded";
import { AgentKeySection } from "./agent_key_section";

/** The tokens an agent of this workspace may use. A new one is readable once. */
export function TokensPanel({ workspace }: { workspace: Workspace }) {
  const { value: tokens, loading, error, reload } = useLoaded(useCallback(() => listTokens(workspace.id), [workspace.id]));
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
  const mint = () => attempt(async () => setFresh(await mintToken(workspace.id)));
  const revoke = (token: Token) =>
    attempt(async () => {
      await revokeToken(workspace.id, token.id);
      toast("success", `Token ${token.prefix}… was revoked`);
    });

  return (
    <PanelBody>
      <Section
        title="Workspace tokens"
        action={
          <Button tone="primary" onClick={() => void mint()} disabled={busy}>
            New token
          </Button>
        }
      >
        <p className={list.muted}>An agent proves with a token that it is {workspace.name}. Only its digest is kept; the text is shown once.</p>
        {fresh !== undefined && (
          <Notice tone="info" role="status">
            <p>
              <strong>Copy it now.</strong> It cannot be read again.
            </p>
            <div className={list.row}>
              <code className={list.main} data-fresh-token>
                {fresh}
              </code>
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
              <li key={token.id}>
                <div className={list.main}>
                  <code>{token.prefix}…</code>
                  <div className={list.sub}>
                    made <Age at={Date.parse(token.created_at)} />
                    {token.last_used_at ? (
                      <>
                        , last used <Age at={Date.parse(token.last_used_at)} />
                      </>
                    ) : (
                      ", never used"
                    )}
                  </div>
                </div>
                {asking === token.id ? (
                  <>
                    <Button tone="danger" disabled={busy} onClick={() => void revoke(token)}>
                      Revoke for good
                    </Button>
                    <Button onClick={() => setAsking(undefined)}>Keep</Button>
                  </>
                ) : (
                  <Button tone="danger_quiet" onClick={() => setAsking(token.id)} aria-label={`Revoke ${token.prefix}`}>
                    Revoke
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Section>
      <AgentKeySection workspace={workspace} />
    </PanelBody>
  );
}
