import { Plus } from "lucide-react";
import { Button } from "@/ui/button";
import { Kicker } from "@/ui/notice";
import styles from "./page.module.css";

/** What an organisation without a workspace sees. */
export function Welcome({ onCreate }: { onCreate: () => void }) {
  return (
    <div className={styles.over}>
      <div className={styles.card}>
        <Kicker>Empty organisation</Kicker>
        <h2>Deploy your first agent</h2>
        <p>A workspace is one role, held by one agent. Make one, and connect an agent to it from any machine.</p>
        <div className={styles.row}>
          <Button tone="primary" large onClick={onCreate}>
            <Plus size={16} aria-hidden /> Create a workspace
          </Button>
        </div>
        <ul>
          <li>Drag one workspace onto another to make a team.</li>
          <li>Right-click a workspace for everything it can do.</li>
          <li>Press Ctrl+K to search and act.</li>
        </ul>
      </div>
    </div>
  );
}
