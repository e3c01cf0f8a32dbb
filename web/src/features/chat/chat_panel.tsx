import { useEffect, useState } from "react";
import type { Workspace } from "@/api/workspace";
import { prepareMarkdown } from "@/ui/markdown";
import { AgentComms } from "./agent_comms";
import { MyChat } from "./my_chat";
import styles from "./chat.module.css";

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
      {comms ? <AgentComms key={workspace.id} workspace={workspace} onOpen={onOpen} /> : <MyChat key={workspace.id} workspace={workspace} />}
    </div>
  );
}
