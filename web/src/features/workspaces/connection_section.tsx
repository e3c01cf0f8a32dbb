import { useState } from "react";
import { messageOf } from "@/api/api_error";
import type { Workspace } from "@/api/workspace";
import type { Connection } from "@/api/wire";
import { readConnection, rotateConnection } from "@/api/workspaces_api";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { ConnectionView } from "./connection_view";

/** How a remote agent joins, again: the snippets without the token, or with a new one in place of every old one. */
export function ConnectionSection({ workspace }: { workspace: Workspace }) {
  const [connection, setConnection] = useState<Connection | undefined>();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();

  async function attempt(read: (id: string) => Promise<Connection>) {
    setBusy(true);
    setFailure(undefined);
    try {
      setConnection(await read(workspace.id));
      setAsking(false);
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Section title="Connection">
      {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
      {connection && (
        <>
          {connection.auth_token ? (
            <Notice tone="info" role="status">
              The new token is part of the snippets. It is shown this once; the old ones no longer work.
            </Notice>
          ) : (
            <p className={list.muted}>The token is not part of these: it is shown only when it is made.</p>
          )}
          <ConnectionView key={connection.auth_token} connection={connection} />
        </>
      )}
      {asking && <Notice tone="warn">The agent’s present token stops working at once. Give the new one to it, or it goes offline.</Notice>}
      <div className={list.row}>
        {!connection && (
          <Button disabled={busy} onClick={() => void attempt(readConnection)}>
            Show connection info
          </Button>
        )}
        {asking ? (
          <>
            <Button tone="danger" disabled={busy} onClick={() => void attempt(rotateConnection)}>
              Rotate now
            </Button>
            <Button onClick={() => setAsking(false)}>Keep the token</Button>
          </>
        ) : (
          <Button onClick={() => setAsking(true)}>Rotate credentials…</Button>
        )}
      </div>
    </Section>
  );
}
