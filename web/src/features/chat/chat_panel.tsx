import { lazy, Suspense, useEffect, useState } from "react";
import type { Workspace } from "@/api/workspace";
import { prepareMarkdown } from "@/ui/markdown";
import { Loading } from "@/ui/notice";
import { MyChat } from "./my_chat";
import styles from "./chat.module.css";

const AgentComms = lazy(() => import("./agent_comms").then((all) => ({ default: all.AgentComms })));

/** The two conversations of a workspace: with the person, and with other agents. */
export function ChatPanel({ workspace, onOpen }: { workspace: Workspace; onOpen: (id: string) => void }) {
  const [comms, setComms] = useState(false);
  useEffect(prepareMarkdown, []);
  return (
    <div className={styles.panel}>
      <div className={styles.switch}>
        <button type="button" aria-pressed={!comms} onClick={() => setComms(false)}>
          My Chat
        </button>
        <button type="button" aria-pressed={comms} onClick={() => setComms(true)}>
          Agent Comms
        </button>
      </div>
      {comms ? (
        <Suspense fallback={<Loading text="Opening…" />}>
          <AgentComms key={workspace.id} workspace={workspace} onOpen={onOpen} />
        </Suspense>
      ) : (
        <MyChat key={workspace.id} workspace={workspace} />
      )}
    </div>
  );
}
