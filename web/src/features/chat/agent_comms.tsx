import { Route } from "lucide-react";
import { useMemo, useState } from "react";
import { offered } from "@/actions/action";
import { shell } from "@/actions/shell";
import { workspaceActions } from "@/actions/workspace_actions";
import type { Workspace } from "@/api/workspace";
import type { FeedState } from "@/live/activity_feed";
import { useActivityFeed } from "@/live/use_activity_feed";
import { orgStore } from "@/model/org";
import { Button, IconButton } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { Markdown } from "@/ui/markdown";
import { Empty, Failure, Loading, Notice } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { clockTime } from "@/ui/time";
import { hintFor, readComms, type Comm } from "./comms_reading";
import { Parts, StateLine } from "./parts";
import { useFollow } from "./use_follow";
import styles from "./chat.module.css";

interface AgentCommsProps {
  workspace: Workspace;
  onOpen: (id: string) => void;
}

export function AgentComms({ workspace, onOpen }: AgentCommsProps) {
  const { state, feed } = useActivityFeed(workspace.id, { source: "agent" });
  const workspaces = useSelected(orgStore, (org) => org.workspaces);
  const [peer, setPeer] = useState<string | undefined>();
  const comms = useMemo(() => readComms(state.rows, workspace.id), [state.rows, workspace.id]);
  const nameOf = (id: string) => workspaces.get(id)?.name ?? "a removed workspace";
  const peers = useMemo(() => {
    const counts = new Map<string, number>();
    for (const comm of comms.toReversed()) counts.set(comm.peerId, (counts.get(comm.peerId) ?? 0) + 1);
    return [...counts];
  }, [comms]);

  if (state.error !== undefined && comms.length === 0)
    return <Failure text={`The talk between agents could not be read: ${state.error}`} onRetry={() => void feed.load()} />;
  if (state.loading && comms.length === 0) return <Loading text="Reading…" />;
  if (comms.length === 0)
    return (
      <Empty title="No agent-to-agent communications yet">
        What {workspace.name} asks other agents, and what they ask it, appears here as it happens.
      </Empty>
    );
  const shown = peer === undefined ? comms : comms.filter((comm) => comm.peerId === peer);
  return (
    <>
      {peers.length > 1 && (
        <div className={styles.peers} role="group" aria-label="Show talk with">
          <button type="button" className={styles.peer} aria-pressed={peer === undefined} onClick={() => setPeer(undefined)}>
            All ({comms.length})
          </button>
          {peers.map(([id, count]) => (
            <button key={id} type="button" className={styles.peer} aria-pressed={peer === id} onClick={() => setPeer(id)}>
              {nameOf(id)} ({count})
            </button>
          ))}
        </div>
      )}
      <CommList key={peer ?? ""} comms={shown} state={state} nameOf={nameOf} onOlder={() => void feed.loadOlder()} onOpen={onOpen} />
    </>
  );
}

interface CommListProps {
  comms: readonly Comm[];
  state: FeedState;
  nameOf: (id: string) => string;
  onOlder: () => void;
  onOpen: (id: string) => void;
}

function CommList({ comms, state, nameOf, onOlder, onOpen }: CommListProps) {
  const { list, onScroll, follow } = useFollow(comms[0]?.id, comms);
  return (
    <div ref={list} className={styles.scroll} role="log" aria-label="Talk between agents" tabIndex={0} onScroll={onScroll}>
      {state.more && (
        <Button tone="ghost" onClick={onOlder} disabled={state.loadingOlder}>
          {state.loadingOlder ? "Loading…" : "Load older"}
        </Button>
      )}
      {comms.map((comm) => (
        <CommBubble key={comm.id} comm={comm} name={nameOf(comm.peerId)} onOpen={() => onOpen(comm.peerId)} onFormatted={follow} />
      ))}
    </div>
  );
}

/** Restarting a peer, where the platform can. */
function RestartButton({ id }: { id: string }) {
  const org = useSelected(orgStore, (value) => value);
  const peer = org.workspaces.get(id);
  const offer = peer && offered(workspaceActions, peer, org).find(({ action }) => action.name === "restart");
  if (!peer || !offer || offer.refusal !== undefined) return null;
  return <Button onClick={() => offer.action.run(peer, org)}>Restart {peer.name}</Button>;
}

interface CommBubbleProps {
  comm: Comm;
  name: string;
  onOpen: () => void;
  /** Its text got its formats, and maybe another height. */
  onFormatted: () => void;
}

function CommBubble({ comm, name, onOpen, onFormatted }: CommBubbleProps) {
  return (
    <article className={classNames(styles.message, comm.way === "out" ? styles.out : styles.agent)} data-way={comm.way} data-message-id={comm.id}>
      <div className={styles.way}>
        {comm.way === "out" ? `→ To ${name}` : `← From ${name}`} · {clockTime(comm.at)}
        {comm.whole !== undefined && (
          <IconButton small label="Its whole way" onClick={() => shell.current.showWay(comm.whole ?? "")}>
            <Route size={14} aria-hidden />
          </IconButton>
        )}
      </div>
      {comm.text !== "" && (
        <div className={styles.bubble}>
          <Markdown text={comm.text} onFormatted={onFormatted} />
        </div>
      )}
      {comm.parts.length > 0 && <Parts parts={comm.parts} onGrown={onFormatted} />}
      {comm.taskState && <StateLine state={comm.taskState} empty={comm.text === "" && comm.parts.length === 0} />}
      {comm.status === "queued" && <div className={styles.note}>Accepted. {name} is busy or will look for it, and answers later.</div>}
      {comm.status === "failed" && (
        <Notice tone="bad">
          <strong>Not delivered.</strong> {comm.error}
          <p>{hintFor(comm.error ?? "")}</p>
          <div className={styles.remedies}>
            <Button onClick={onOpen}>Open {name}</Button>
            <RestartButton id={comm.peerId} />
          </div>
        </Notice>
      )}
    </article>
  );
}
