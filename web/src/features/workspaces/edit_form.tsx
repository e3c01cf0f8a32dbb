import { useState, type FormEvent } from "react";
import { describe } from "@/actions/placing";
import { messageOf } from "@/api/api_error";
import type { Workspace } from "@/api/workspace";
import { tierWords } from "@/model/selectors";
import { Button } from "@/ui/button";
import { ChoiceField, TextField } from "@/ui/field";
import { Notice } from "@/ui/notice";
import list from "@/ui/section.module.css";

const nameMax = 255;
const roleMax = 1000;

export function EditForm({ workspace, onDone }: { workspace: Workspace; onDone: () => void }) {
  const [name, setName] = useState(workspace.name);
  const [role, setRole] = useState(workspace.role ?? "");
  const [tier, setTier] = useState(workspace.tier);
  const [failure, setFailure] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);

  async function save(event: FormEvent) {
    event.preventDefault();
    if (name.trim() === "") return setFailure("A workspace needs a name.");
    setBusy(true);
    try {
      await describe(workspace.id, {
        ...(name.trim() === workspace.name ? {} : { name: name.trim() }),
        ...(role.trim() === (workspace.role ?? "") ? {} : { role: role.trim() }),
        ...(tier === workspace.tier ? {} : { tier }),
      });
      onDone();
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <form className={list.form} onSubmit={(event) => void save(event)} noValidate>
      {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
      <TextField label="Name" required maxLength={nameMax} value={name} autoFocus onChange={(event) => setName(event.target.value)} />
      <TextField label="Role" maxLength={roleMax} value={role} onChange={(event) => setRole(event.target.value)} />
      <ChoiceField legend="Tier" value={tier} onChange={setTier} choices={[1, 2, 3, 4].map((value) => ({ value, label: `T${value}`, note: tierWords[value] ?? "" }))} />
      <div className={list.row}>
        <Button type="submit" tone="primary" disabled={busy}>
          Save
        </Button>
        <Button onClick={onDone}>Cancel</Button>
      </div>
    </form>
  );
}
