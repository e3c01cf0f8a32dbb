import { useCallback } from "react";
import { messageOf } from "@/api/api_error";
import { skillNames, type Workspace } from "@/api/workspace";
import { listPeers } from "@/api/workspaces_api";
import { StatusDot } from "@/canvas/status_dot";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { orgStore } from "@/model/org";
import { isReachable, statusWords } from "@/model/selectors";
import { Button } from "@/ui/button";
import { Failure, Loading } from "@/ui/notice";
import { Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { useSelected } from "@/ui/store";

/** Whom this workspace may talk to. */
export function PeersSection({ workspace, onOpen }: { workspace: Workspace; onOpen: (id: string) => void }) {
  return (
    <Section title="Peers">
      {isReachable(workspace) ? (
        <PeerList id={workspace.id} onOpen={onOpen} />
      ) : (
        <p className={list.muted}>Peers are shown while {workspace.name} is online.</p>
      )}
    </Section>
  );
}

function PeerList({ id, onOpen }: { id: string; onOpen: (id: string) => void }) {
  const structure = useSelected(orgStore, (org) => org.structure);
  const workspaces = useSelected(orgStore, (org) => org.workspaces);
  // Who may talk to whom follows the tree, so the list is read again when the tree changes.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const { value: peers, loading, error, reload } = useLiveLoaded(useCallback(() => listPeers(id), [id, structure]));
  if (error !== undefined) return <Failure text={`Peers could not be read: ${messageOf(error)}`} onRetry={() => void reload()} />;
  if (!peers) return loading ? <Loading text="Reading peers…" /> : null;
  if (peers.length === 0) return <p className={list.muted}>No reachable peers: it has no team, lead or neighbours yet.</p>;
  return (
    <ul className={list.list}>
      {peers.map((peer) => {
        const status = workspaces.get(peer.id)?.status ?? peer.status;
        const skills = skillNames(peer.agent_card);
        return (
          <li key={peer.id}>
            <StatusDot status={status} />
            <div className={list.main}>
              {peer.name} <span className={list.sub}>{statusWords[status]}</span>
              <div className={list.sub}>{[peer.role, skills.join(", ")].filter(Boolean).join(" · ")}</div>
            </div>
            <Button onClick={() => onOpen(peer.id)} aria-label={`Open ${peer.name}`}>
              Open
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
