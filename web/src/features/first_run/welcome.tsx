import { Plus, Ticket } from "lucide-react";
import { shell } from "@/actions/shell";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Kicker } from "@/ui/notice";
import styles from "./welcome.module.css";

const demoCommand = "molecule serve --demo";

interface WelcomeProps {
  onCreate: () => void;
  /** By a line that is run on the agent's machine, which makes the workspace. */
  onTicket: () => void;
}

/** What an organisation without a workspace sees. */
export function Welcome({ onCreate, onTicket }: WelcomeProps) {
  return (
    <div className={styles.card}>
      <Kicker>Empty organisation</Kicker>
      <h2>Deploy your first agent</h2>
      <p>A workspace is one role, held by one agent. Make one, and connect an agent to it from any machine.</p>
      <div className={styles.row}>
        <Button tone="primary" large onClick={onCreate}>
          <Plus size={16} aria-hidden /> Create a workspace
        </Button>
        <Button large onClick={onTicket}>
          <Ticket size={16} aria-hidden /> Let an agent join by ticket
        </Button>
      </div>
      <p className={styles.sample}>
        Just looking? A platform started with an empty data directory and <code>{demoCommand}</code>
        <CopyButton text={demoCommand} what="command" /> has a sample organisation.
      </p>
      <ul>
        <li>Drag one workspace onto another to make a team.</li>
        <li>Right-click a workspace, or hold a finger on it, for everything it can do.</li>
        <li>Press Ctrl+K to search and act.</li>
      </ul>
      <div className={styles.links}>
        <Button tone="ghost" onClick={() => shell.current.showDocs()}>
          Documentation
        </Button>
        <Button tone="ghost" onClick={() => shell.current.showHelp()}>
          Keyboard and legend
        </Button>
      </div>
    </div>
  );
}
