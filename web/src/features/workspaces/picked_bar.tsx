import {
  AlignHorizontalDistributeCenter,
  AlignHorizontalJustifyStart,
  AlignVerticalDistributeCenter,
  AlignVerticalJustifyStart,
  ArrowUpFromLine,
  CirclePause,
  CirclePlay,
  Copy,
  FolderInput,
  LayoutGrid,
  RotateCw,
  Trash2,
  X,
} from "lucide-react";
import { useRef, useState } from "react";
import { align, arrangeAll, distribute } from "@/actions/arranging";
import { copyAll } from "@/actions/copying";
import { askingStore, planFor, runTogether, type Plan, type Together } from "@/actions/picked";
import { extractAll } from "@/actions/placing";
import { shell } from "@/actions/shell";
import { marksStore, unpick } from "@/canvas/marks";
import { orgStore } from "@/model/org";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { TextField } from "@/ui/field";
import { Notice } from "@/ui/notice";
import list from "@/ui/section.module.css";
import { useSelected } from "@/ui/store";
import styles from "./picked_bar.module.css";

const verbs: Record<Together, string> = { restart: "Restart", pause: "Pause", resume: "Resume", delete: "Delete" };
const past: Record<Together, string> = { restart: "restarted", pause: "paused", resume: "resumed", delete: "deleted" };
const namesShown = 6;
const confirmation = "delete";

/** Stands at the lower edge while cards are picked. */
export function PickedBar() {
  const picked = useSelected(marksStore, (marks) => marks.picked);
  const asking = useSelected(askingStore, (value) => value);
  const anyPaused = useSelected(orgStore, (org) => [...picked].some((id) => org.workspaces.get(id)?.status === "paused"));
  const anyInside = useSelected(orgStore, (org) => [...picked].some((id) => (org.workspaces.get(id)?.parent_id ?? null) !== null));
  const anyTeam = useSelected(orgStore, (org) => [...picked].some((id) => org.children.has(id)));
  const setAsking = askingStore.set;
  const count = picked.size;
  if (count === 0) return null;
  return (
    <div className={styles.bar} role="toolbar" aria-label="Selected workspaces">
      <span role="status">{count} selected</span>
      <Button onClick={() => shell.current.askParent([...picked])}>
        <FolderInput size={15} aria-hidden /> Move to a team…
      </Button>
      {anyInside && (
        <IconButton label="Extract from their teams" title="Extract from their teams (X)" onClick={() => void extractAll([...picked])}>
          <ArrowUpFromLine size={15} aria-hidden />
        </IconButton>
      )}
      {anyTeam && (
        <IconButton label="Tidy their teams" title="Tidy their teams (A)" onClick={() => void arrangeAll([...picked])}>
          <LayoutGrid size={15} aria-hidden />
        </IconButton>
      )}
      {count > 1 && (
        <>
          <IconButton label="Align left" title="Align left (Alt Left; the other arrows align to the other sides)" onClick={() => void align("left")}>
            <AlignHorizontalJustifyStart size={15} aria-hidden />
          </IconButton>
          <IconButton label="Align top" title="Align top (Alt Up)" onClick={() => void align("top")}>
            <AlignVerticalJustifyStart size={15} aria-hidden />
          </IconButton>
        </>
      )}
      {count > 2 && (
        <>
          <IconButton label="Distribute across" title="The same gap between them, across (Alt Shift Right)" onClick={() => void distribute("across")}>
            <AlignHorizontalDistributeCenter size={15} aria-hidden />
          </IconButton>
          <IconButton label="Distribute down" title="The same gap between them, down (Alt Shift Down)" onClick={() => void distribute("down")}>
            <AlignVerticalDistributeCenter size={15} aria-hidden />
          </IconButton>
        </>
      )}
      <IconButton label="Duplicate" title="Duplicate (Ctrl D)" onClick={() => void copyAll([...picked])}>
        <Copy size={15} aria-hidden />
      </IconButton>
      <Button onClick={() => setAsking("restart")}>
        <RotateCw size={15} aria-hidden /> Restart all
      </Button>
      <Button onClick={() => setAsking("pause")}>
        <CirclePause size={15} aria-hidden /> Pause all
      </Button>
      {anyPaused && (
        <Button onClick={() => setAsking("resume")}>
          <CirclePlay size={15} aria-hidden /> Resume all
        </Button>
      )}
      <Button tone="danger_quiet" onClick={() => setAsking("delete")}>
        <Trash2 size={15} aria-hidden /> Delete all
      </Button>
      <IconButton label="Clear selection" onClick={() => unpick()}>
        <X size={16} aria-hidden />
      </IconButton>
      {asking && <AskDialog together={asking} picked={picked} onClose={() => setAsking(undefined)} />}
    </div>
  );
}

function AskDialog({ together, picked, onClose }: { together: Together; picked: ReadonlySet<string>; onClose: () => void }) {
  const [plan] = useState<Plan>(() => planFor(orgStore.get(), picked, together));
  const [names] = useState(() => plan.reached.map((id) => orgStore.get().workspaces.get(id)?.name ?? id));
  const [typed, setTyped] = useState("");
  const cancel = useRef<HTMLButtonElement>(null);
  const count = plan.reached.length;
  const confirmed = count > 0 && (together !== "delete" || typed === confirmation);
  function run() {
    if (!confirmed) return;
    onClose();
    void runTogether(plan, together);
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={count === 0 ? `None of them can be ${past[together]} now` : `${verbs[together]} ${count === 1 ? "1 workspace" : `${count} workspaces`}?`}
      {...(together === "delete" && count > 0 ? { description: "You have ten seconds to take it back. After that their tokens stop working and they never come back." } : {})}
      initialFocus={cancel}
      foot={
        <>
          <Button ref={cancel} onClick={onClose}>
            {count === 0 ? "Close" : "Cancel"}
          </Button>
          {count > 0 && (
            <Button tone={together === "delete" ? "danger" : "primary"} disabled={!confirmed} onClick={run}>
              {verbs[together]}
            </Button>
          )}
        </>
      }
    >
      <form
        className={list.form}
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        {count > 0 && (
          <p className={list.muted}>
            {names.slice(0, namesShown).join(", ")}
            {names.length > namesShown && ` and ${names.length - namesShown} more`}
          </p>
        )}
        {plan.refused.length > 0 && (
          <Notice tone="warn">
            Left out: {plan.refused.slice(0, namesShown).map(({ name, why }) => `${name} (${why.toLowerCase()})`).join(", ")}
            {plan.refused.length > namesShown && ` and ${plan.refused.length - namesShown} more`}.
          </Notice>
        )}
        {together === "delete" && count > 0 && (
          <TextField label={`Type “${confirmation}” to confirm`} value={typed} onChange={(event) => setTyped(event.target.value)} />
        )}
      </form>
    </Dialog>
  );
}
