import { useState } from "react";
import { remove } from "@/actions/lifecycle";
import { orgStore } from "@/model/org";
import { descendantsOf } from "@/model/selectors";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { TextField } from "@/ui/field";
import { Notice } from "@/ui/notice";
import list from "@/ui/section.module.css";

const namesShown = 6;

/** Asks before a deletion; a whole team goes only when its name is typed. */
export function DeleteDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const org = orgStore.get();
  const [workspace] = useState(org.workspaces.get(id));
  const [team] = useState(() => descendantsOf(org, id).map((each) => org.workspaces.get(each)?.name ?? each));
  const [typed, setTyped] = useState("");
  if (!workspace) return null;
  const confirmed = team.length === 0 || typed === workspace.name;
  function run() {
    if (!confirmed) return;
    onClose();
    void remove(id);
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Delete ${workspace.name}?`}
      description="You have ten seconds to take it back. After that its tokens stop working and it never comes back under this id."
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="danger" disabled={!confirmed} onClick={run}>
            {team.length === 0 ? "Delete" : `Delete ${team.length + 1} workspaces`}
          </Button>
        </>
      }
    >
      {team.length > 0 ? (
        <form
          className={list.form}
          onSubmit={(event) => {
            event.preventDefault();
            run();
          }}
        >
          <Notice tone="bad">
            Everything inside goes too: {team.slice(0, namesShown).join(", ")}
            {team.length > namesShown && ` and ${team.length - namesShown} more`}.
          </Notice>
          <TextField label={`Type “${workspace.name}” to confirm`} value={typed} onChange={(event) => setTyped(event.target.value)} />
        </form>
      ) : (
        <p className={list.muted}>The agent behind it keeps running where it runs; it is only no longer part of this organisation.</p>
      )}
    </Dialog>
  );
}
