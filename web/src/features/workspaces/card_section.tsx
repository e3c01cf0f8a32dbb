import { useState, type FormEvent } from "react";
import { messageOf } from "@/api/api_error";
import type { Workspace } from "@/api/workspace";
import { changeCard } from "@/api/workspaces_api";
import { Button } from "@/ui/button";
import { AreaField } from "@/ui/field";
import { Notice } from "@/ui/notice";
import { Facts, Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { toast } from "@/ui/toast";
import { cardText, readCardText } from "./card_text";

/** What the agent says of itself, and a way to say it in its place. */
export function CardSection({ workspace }: { workspace: Workspace }) {
  const [editing, setEditing] = useState(false);
  const { agent_card: card, name } = workspace;
  return (
    <Section title="Agent card" action={!editing && <Button onClick={() => setEditing(true)}>{card ? "Change card" : "Write card"}</Button>}>
      {editing ? (
        <CardForm workspace={workspace} onDone={() => setEditing(false)} />
      ) : card ? (
        <Facts
          facts={[
            ["Agent", card.name],
            ["Description", card.description],
            ["Version", card.version],
          ]}
        />
      ) : (
        <p className={list.muted}>{name}’s agent brings its card when it registers.</p>
      )}
    </Section>
  );
}

function CardForm({ workspace, onDone }: { workspace: Workspace; onDone: () => void }) {
  const now = cardText(workspace.agent_card);
  const [first, setFirst] = useState(now);
  const [text, setText] = useState(now);
  const [failure, setFailure] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const read = readCardText(text);
  const flaw = "flaw" in read ? read.flaw : undefined;
  // Compared by what is shown: what is told anew without being another card changes nothing here.
  const renewed = now !== first;

  async function save(event: FormEvent) {
    event.preventDefault();
    if (!("card" in read)) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await changeCard(workspace.id, read.card);
      toast("success", `${workspace.name} has another card`);
      onDone();
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <form className={list.form} aria-label="Agent card" onSubmit={(event) => void save(event)}>
      {failure !== undefined && <Notice tone="bad">The card was not taken: {failure}</Notice>}
      {renewed && (
        <Notice
          tone="warn"
          role="status"
          action={
            <Button
              onClick={() => {
                setFirst(now);
                setText(now);
              }}
            >
              Take that one
            </Button>
          }
        >
          The card was changed elsewhere meanwhile. Saving puts this one in its place.
        </Notice>
      )}
      <AreaField
        label="Card, as JSON"
        mono
        rows={14}
        value={text}
        spellCheck={false}
        flaw={flaw}
        hint={`Peers see it, and choose by its skills. When ${workspace.name}’s agent registers again it brings its own.`}
        onChange={(event) => setText(event.target.value)}
      />
      <div className={list.row}>
        <Button type="submit" tone="primary" disabled={busy || flaw !== undefined || text === first}>
          {busy ? "Saving…" : "Save card"}
        </Button>
        <Button onClick={onDone}>Cancel</Button>
      </div>
    </form>
  );
}
