import { BookOpen, CircleHelp, MailX, OctagonX, Plus, Search, Settings, Ticket } from "lucide-react";
import { useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { offered } from "@/actions/action";
import { shell } from "@/actions/shell";
import { atWork } from "@/actions/stopping";
import { workspaceActions } from "@/actions/workspace_actions";
import { graph } from "@/canvas/graph_controls";
import { StatusDot } from "@/canvas/status_dot";
import { orgStore, type Org } from "@/model/org";
import { searchWorkspaces, statusWords } from "@/model/selectors";
import { isComposing } from "@/ui/composing";
import { Dialog } from "@/ui/dialog";
import { Empty } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import styles from "./search_palette.module.css";

interface Choice {
  key: string;
  icon: ReactNode;
  label: string;
  note: string;
  run: () => void;
}

const shownMax = 40;

/** What the page itself offers. */
const pageActions = [
  { label: "Settings", icon: <Settings size={15} aria-hidden />, run: () => shell.current.showSettings() },
  { label: "Documentation", icon: <BookOpen size={15} aria-hidden />, run: () => shell.current.showDocs() },
  { label: "Keyboard and legend", icon: <CircleHelp size={15} aria-hidden />, run: () => shell.current.showHelp() },
];

/** "pause res" finds the action on the workspace; "res" finds the workspace. */
function choicesFor(org: Org, query: string): Choice[] {
  const found: Choice[] = searchWorkspaces(org, query).map((workspace) => ({
    key: workspace.id,
    icon: <StatusDot status={workspace.status} />,
    label: workspace.name,
    note: [statusWords[workspace.status], workspace.role].filter(Boolean).join(" · "),
    run: () => {
      graph.controls?.show([workspace.id]);
      shell.current.open(workspace.id, "details");
    },
  }));
  const [verb = "", ...rest] = query.trim().toLowerCase().split(/\s+/);
  if (verb.length >= 2) {
    for (const workspace of searchWorkspaces(org, rest.join(" "))) {
      for (const { action, refusal } of offered(workspaceActions, workspace, org)) {
        if (refusal !== undefined || !action.label.toLowerCase().startsWith(verb)) continue;
        found.push({
          key: `${workspace.id}:${action.name}`,
          icon: <action.icon size={15} aria-hidden />,
          label: `${action.label} ${workspace.name}`,
          note: "Action",
          run: () => action.run(workspace, org),
        });
      }
    }
  }
  if ("new workspace".includes(query.trim().toLowerCase()))
    found.push({ key: "new", icon: <Plus size={15} aria-hidden />, label: "New workspace", note: "Action", run: () => shell.current.createIn(undefined) });
  if ("join tickets".includes(query.trim().toLowerCase()))
    found.push({ key: "tickets", icon: <Ticket size={15} aria-hidden />, label: "Join tickets", note: "Action", run: () => shell.current.showTickets() });
  if ("dead letters".includes(query.trim().toLowerCase()))
    found.push({ key: "dead_letters", icon: <MailX size={15} aria-hidden />, label: "Dead letters", note: "Action", run: () => shell.current.showDeadLetters() });
  if (atWork(org).length > 0 && "stop all work".includes(query.trim().toLowerCase()))
    found.push({ key: "stop", icon: <OctagonX size={15} aria-hidden />, label: "Stop all work", note: "Action", run: () => shell.current.askStop() });
  for (const { label, icon, run } of pageActions)
    if (label.toLowerCase().includes(query.trim().toLowerCase())) found.push({ key: label, icon, label, note: "Action", run });
  return found.slice(0, shownMax);
}

export function SearchPalette({ onClose }: { onClose: () => void }) {
  const org = useSelected(orgStore, (value) => value);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  const choices = useMemo(() => choicesFor(org, query), [org, query]);
  const chosen = Math.min(at, choices.length - 1);

  function run(choice: Choice | undefined) {
    if (!choice) return;
    onClose();
    choice.run();
  }
  function onKeyDown(event: KeyboardEvent) {
    if (isComposing(event)) return;
    const moves: Record<string, number> = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: 0, End: choices.length - 1 };
    if (event.key === "Enter") {
      event.preventDefault();
      return run(choices[chosen]);
    }
    const to = moves[event.key];
    if (to === undefined || choices.length === 0) return;
    event.preventDefault();
    const next = (to + choices.length) % choices.length;
    setAt(next);
    document.getElementById(`${listId}-${next}`)?.scrollIntoView({ block: "nearest" });
  }

  return (
    <Dialog open palette onClose={onClose} title="Search" description="A workspace by name, role, status or skill, or an action: “pause researcher”." initialFocus={input}>
      <div className={styles.field}>
        <Search size={17} aria-hidden />
        <input
          ref={input}
          className={styles.input}
          placeholder="A workspace, or what to do: “pause researcher”"
          role="combobox"
          aria-label="Search workspaces and actions"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={choices.length > 0 ? `${listId}-${chosen}` : undefined}
          autoComplete="off"
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd aria-hidden>Esc</kbd>
      </div>
      <ul className={styles.list} id={listId} role="listbox" aria-label="Results">
        {choices.map((choice, index) => (
          <li
            key={choice.key}
            id={`${listId}-${index}`}
            className={styles.option}
            role="option"
            aria-selected={index === chosen}
            onPointerMove={() => setAt(index)}
            onClick={() => run(choice)}
          >
            {choice.icon}
            <span className={styles.label}>{choice.label}</span>
            <small title={choice.note}>{choice.note}</small>
          </li>
        ))}
      </ul>
      {choices.length === 0 && <Empty title="No workspaces match">Try a part of a name, a role or a skill.</Empty>}
    </Dialog>
  );
}
