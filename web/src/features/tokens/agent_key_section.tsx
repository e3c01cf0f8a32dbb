import { useCallback, useState } from "react";
import { messageOf } from "@/api/api_error";
import { readAgentKey, removeAgentKey } from "@/api/tickets_api";
import type { Workspace } from "@/api/workspace";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { Failure, Notice } from "@/ui/notice";
import { Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { toast } from "@/ui/toast";

/** The key that the agent showed when it joined by ticket; nothing for agents that joined in other ways. */
export function AgentKeySection({ workspace }: { workspace: Workspace }) {
  const { value: key, error, reload } = useLiveLoaded(useCallback(() => readAgentKey(workspace.id), [workspace.id]));
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);

  async function remove() {
    setBusy(true);
    try {
      await removeAgentKey(workspace.id);
      toast("success", `The key of ${workspace.name}’s agent was taken away`);
      await reload();
    } catch (failure) {
      toast("error", messageOf(failure));
    } finally {
      setBusy(false);
      setAsking(false);
    }
  }

  if (error !== undefined) return <Failure text={`The agent’s key could not be read: ${messageOf(error)}`} onRetry={() => void reload()} />;
  if (!key?.fingerprint) return null;
  return (
    <Section title="Agent key">
      <p className={list.muted}>{workspace.name}’s agent joined by ticket. On its own connection it proves with this key who it is; a token alone is worth nothing there.</p>
      <ul className={list.list}>
        <li>
          <div className={list.main}>
            <code data-agent-key>{key.fingerprint}</code>
            <div className={list.sub}>
              first seen <Age at={Date.parse(key.created_at ?? "")} />
            </div>
          </div>
          {asking ? (
            <>
              <Button tone="danger" disabled={busy} onClick={() => void remove()}>
                Take away for good
              </Button>
              <Button onClick={() => setAsking(false)}>Keep</Button>
            </>
          ) : (
            <Button tone="danger_quiet" onClick={() => setAsking(true)} aria-label="Take the agent key away">
              Take away
            </Button>
          )}
        </li>
      </ul>
      {asking && <Notice tone="warn">The agent can no longer connect with it; to come back it needs a new ticket.</Notice>}
    </Section>
  );
}
