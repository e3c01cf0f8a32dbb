import { useRef, useState, type FormEvent } from "react";
import { messageOf } from "@/api/api_error";
import { makeTicket } from "@/api/tickets_api";
import type { Connection, TicketMade } from "@/api/wire";
import { createWorkspace } from "@/api/workspaces_api";
import { graph } from "@/canvas/graph_controls";
import { emptyLayout } from "@/canvas/layout";
import { landingOutside } from "@/canvas/placements";
import { orgStore } from "@/model/org";
import { tierWords } from "@/model/selectors";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ChoiceField, SelectField, TextField } from "@/ui/field";
import { Notice } from "@/ui/notice";
import { noSecret } from "@/ui/secret_text";
import list from "@/ui/section.module.css";
import { NeedsFields, offerOf, RuntimeField, useRuntimes, type Needs } from "./runtime_field";

const nameMax = 255;
const roleMax = 1000;

/** How its agent gets in: with a token that is pasted somewhere, or by a line that is run once on its machine. */
export type Joining = "token" | "ticket";

const joinings: { value: Joining; label: string; note: string }[] = [
  { value: "token", label: "Token", note: "Now, with a snippet to paste" },
  { value: "ticket", label: "Ticket", note: "One line to run; it appears when the agent joins" },
];

interface CreateDialogProps {
  parent: string | undefined;
  joining?: Joining;
  onClose: () => void;
  onCreated: (id: string, name: string, connection: Connection | undefined) => void;
  onTicket: (name: string, made: TicketMade) => void;
}

/** The platform makes the workspace; its node arrives by event, and its agent is started here or connects from elsewhere. */
export function CreateDialog({ parent: firstParent, joining: firstJoining = "token", onClose, onCreated, onTicket }: CreateDialogProps) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("");
  const [tier, setTier] = useState(3);
  const [parent, setParent] = useState(firstParent ?? "");
  const [joining, setJoining] = useState(firstJoining);
  const [runtime, setRuntime] = useState("external");
  const [needs, setNeeds] = useState<Needs>({ command: "", keyName: "", key: noSecret });
  const { offers } = useRuntimes();
  const offer = offerOf(offers, runtime);
  const [failure, setFailure] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const firstField = useRef<HTMLInputElement>(null);
  const choices = [...orgStore.get().workspaces.values()].sort((a, b) => a.name.localeCompare(b.name));

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (name.trim() === "") {
      setFailure("Give the workspace a name.");
      firstField.current?.focus();
      return;
    }
    if (offer?.takes_command && needs.command.trim() === "") return setFailure("Name the command that answers.");
    setBusy(true);
    setFailure(undefined);
    try {
      const layout = graph.controls?.layout() ?? emptyLayout;
      // In a team the platform finds the place; outside it is where the person looks.
      const spot = parent === "" ? landingOutside(layout, "", graph.controls?.centre()) : undefined;
      const wanted = {
        name: name.trim(),
        ...(role.trim() === "" ? {} : { role: role.trim() }),
        tier,
        runtime,
        ...(spot ? { canvas: { x: Math.round(spot.x), y: Math.round(spot.y) } } : { parent_id: parent }),
      };
      if (offer) {
        const keyName = needs.keyName || (offer.keys[0] ?? "");
        const made = await createWorkspace({
          ...wanted,
          ...(offer.takes_command ? { command: needs.command.trim() } : {}),
          ...(keyName !== "" && needs.key.exact !== "" ? { secrets: { [keyName]: needs.key.exact } } : {}),
        });
        onCreated(made.id, made.name, undefined);
        return;
      }
      if (joining === "ticket") {
        onTicket(name.trim(), await makeTicket(wanted));
        return;
      }
      const created = await createWorkspace(wanted);
      onCreated(created.id, created.name, created.connection);
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title="New workspace"
      description="A workspace is one role in your organisation, held by one agent."
      initialFocus={firstField}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" disabled={busy || offer?.startable === false} onClick={() => form.current?.requestSubmit()}>
            {joining === "ticket" && !offer ? (busy ? "Making…" : "Make ticket") : busy ? "Creating…" : "Create workspace"}
          </Button>
        </>
      }
    >
      <form ref={form} className={list.form} onSubmit={(event) => void submit(event)} noValidate>
        {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
        <TextField ref={firstField} label="Name" required maxLength={nameMax} value={name} placeholder="researcher" onChange={(event) => setName(event.target.value)} />
        <TextField label="Role" maxLength={roleMax} value={role} placeholder="Reads sources and summarises them" hint="What it is for, in a sentence. Peers see it." onChange={(event) => setRole(event.target.value)} />
        <ChoiceField
          legend="Tier"
          value={tier}
          onChange={setTier}
          choices={[1, 2, 3, 4].map((value) => ({ value, label: `T${value}`, note: tierWords[value] ?? "" }))}
        />
        <div className={list.pair}>
          <SelectField label="Parent" value={parent} onChange={(event) => setParent(event.target.value)}>
            <option value="">None (top level)</option>
            {choices.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </SelectField>
          <RuntimeField offers={offers} runtime={runtime} onChange={setRuntime} />
        </div>
        {offer ? (
          <NeedsFields key={runtime} offer={offer} needs={needs} onChange={setNeeds} onRefused={setFailure} />
        ) : (
          <ChoiceField legend="Agent joins with a" value={joining} onChange={setJoining} choices={joinings} />
        )}
        <button type="submit" className="visually-hidden" tabIndex={-1} aria-hidden>
          Create
        </button>
      </form>
    </Dialog>
  );
}
