import { useRef, useState } from "react";
import { extract, nest } from "@/actions/placing";
import { orgStore } from "@/model/org";
import { nestingRefusal } from "@/model/selectors";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { SelectField } from "@/ui/field";

/** Moves a workspace into another team without a mouse. */
export function ParentDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const org = orgStore.get();
  const workspace = org.workspaces.get(id);
  const [parent, setParent] = useState(workspace?.parent_id ?? "");
  const field = useRef<HTMLSelectElement>(null);
  if (!workspace) return null;
  const candidates = [...org.workspaces.values()]
    .filter((each) => nestingRefusal(org, id, each.id) === undefined)
    .sort((a, b) => a.name.localeCompare(b.name));
  function run() {
    onClose();
    if (parent === (workspace?.parent_id ?? "")) return;
    if (parent === "") extract(id);
    else nest(id, parent);
  }
  return (
    <Dialog
      open
      onClose={onClose}
      initialFocus={field}
      title={`Move ${workspace.name}`}
      description="A team is drawn inside its lead. Who is in a team decides who may talk to whom."
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" onClick={run}>
            Move
          </Button>
        </>
      }
    >
      <SelectField ref={field} label="Team" value={parent} onChange={(event) => setParent(event.target.value)}>
        <option value="">Top level, no team</option>
        {candidates.map((each) => (
          <option key={each.id} value={each.id}>
            {each.name}
          </option>
        ))}
      </SelectField>
    </Dialog>
  );
}
