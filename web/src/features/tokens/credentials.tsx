import { useEffect, useState, type ReactNode } from "react";
import { messageOf } from "@/api/api_error";
import type { Frame } from "@/live/frame";
import { onFrames } from "@/live/live_bus";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Empty, Failure, Loading, Notice } from "@/ui/notice";
import { Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { toast } from "@/ui/toast";
import { CredentialRow, type Credential } from "./credential_row";
import { NewCredentialForm, type Wanted } from "./new_credential_form";

interface CredentialsProps {
  title: string;
  /** What one of them is called. */
  what: "token" | "key";
  empty: { title: string; text: string };
  /** What they are for. */
  children: ReactNode;
  load: () => Promise<readonly Credential[]>;
  /** Its text, which is readable this once. */
  make: (wanted: Wanted) => Promise<string>;
  revoke: (id: string) => Promise<unknown>;
  /** The events after which there are others. Must be the same between renders. */
  changedBy: (frame: Frame) => boolean;
}

/** Credentials as people deal with them: listed, made, shown once, revoked after a word. `load` must be the same between renders. */
export function Credentials({ title, what, empty, children, load, make, revoke, changedBy }: CredentialsProps) {
  const { value: all, loading, error, reload } = useLiveLoaded(load);
  useEffect(
    () =>
      onFrames((frames) => {
        if (frames.some(changedBy)) void reload();
      }),
    [changedBy, reload],
  );
  const [making, setMaking] = useState(false);
  const [fresh, setFresh] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<string | undefined>();

  async function end({ id, label, prefix }: Credential) {
    setBusy(true);
    try {
      await revoke(id);
      toast("success", `${what === "key" ? "Key" : "Token"} ${label ?? `${prefix}…`} was revoked`);
      await reload();
    } catch (failure) {
      toast("error", messageOf(failure));
    } finally {
      setBusy(false);
      setAsking(undefined);
    }
  }

  return (
    <Section
      title={title}
      action={
        !making && (
          <Button tone="primary" onClick={() => setMaking(true)}>
            New {what}
          </Button>
        )
      }
    >
      <p className={list.muted}>{children} Only its digest is kept; the text is shown once.</p>
      {making && (
        <NewCredentialForm
          what={what}
          onMake={async (wanted) => {
            setFresh(await make(wanted));
            setMaking(false);
            await reload();
          }}
          onCancel={() => setMaking(false)}
        />
      )}
      {fresh !== undefined && (
        <Notice tone="info" role="status">
          <p>
            <strong>Copy it now.</strong> It cannot be read again.
          </p>
          <code className={list.main} data-fresh-token>
            {fresh}
          </code>
          <div className={list.row} style={{ marginTop: 8 }}>
            <CopyButton labelled text={fresh} what={what} />
            <Button onClick={() => setFresh(undefined)}>I have saved it</Button>
          </div>
        </Notice>
      )}
      {error !== undefined && <Failure text={`They could not be read: ${messageOf(error)}`} onRetry={() => void reload()} />}
      {loading && all === undefined && <Loading text="Reading…" />}
      {all?.length === 0 && <Empty title={empty.title}>{empty.text}</Empty>}
      {all && all.length > 0 && (
        <ul className={list.list} aria-label={title}>
          {all.map((each) => (
            <CredentialRow
              key={each.id}
              credential={each}
              asking={asking === each.id}
              busy={busy}
              onAsk={(asks) => setAsking(asks ? each.id : undefined)}
              onRevoke={() => void end(each)}
            />
          ))}
        </ul>
      )}
    </Section>
  );
}
