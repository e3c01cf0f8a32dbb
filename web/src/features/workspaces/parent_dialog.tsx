import { useRef, useState } from "react";
import { extract, movers, nestAll } from "@/actions/placing";
import { graph } from "@/canvas/graph_controls";
import { orgStore } from "@/model/org";
import { nestingRefusal } from "@/model/selectors";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { SelectField } from "@/ui/field";

/** Moves a workspace, or several at once, into another team without a mouse. */
export function ParentDialog({ ids, onClose }: { ids: readonly string[]; onClose: () => void }) {
  const org = orgStore.get();
  const only = ids.length === 1 ? org.workspaces.get(ids[0] ?? "") : undefined;
  // Where it is shown, which may not be confirmed yet.
  const now = only ? (graph.controls?.layout().boxes.get(only.id)?.parent ?? "") : "";
  const candidates = [...org.workspaces.values()]
    .filter((each) => !ids.includes(each.id) && (only ? nestingRefusal(org, only.id, each.id) === undefined : movers(org, ids, each.id).length > 0))
    .sort((a, b) => a.name.localeCompare(b.name));
  const [parent, setParent] = useState(only ? now : (candidates[0]?.id ?? ""));
  const field = useRef<HTMLSelectElement>(null);
  function run() {
    onClose();
    if (only && parent === now) return;
    if (!only) void nestAll(ids, parent);
    else if (parent === "") extract(only.id);
    else void nestAll([only.id], parent);
  }
  return (
    <Dialog
      open
      onClose={onClose}
      initialFocus={field}
      title={only ? `Move ${only.name}` : `Move ${ids.length} workspaces`}
      description="A team is drawn inside its lead. Who is in a team decides who may talk to whom."
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" disabled={!only && parent === ""} onClick={run}>
            Move
          </Button>
        </>
      }
    >
      <SelectField ref={field} label="Team" value={parent} onChange={(event) => setParent(event.target.value)}>
        {only && <option value="">Top level, no team</option>}
        {candidates.map((each) => (
          <option key={each.id} value={each.id}>
            {each.name}
          </option>
        ))}
      </SelectField>
    </Dialog>
  );
}
