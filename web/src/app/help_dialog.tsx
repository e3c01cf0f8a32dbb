import { allWorkspaceStatus as workspaceStatuses } from "@/api/wire";
import { StatusDot } from "@/canvas/status_dot";
import { statusWords, tierWords } from "@/model/selectors";
import { Dialog } from "@/ui/dialog";
import { Section } from "@/ui/section";
import styles from "./help_dialog.module.css";

const keys: readonly [string, string][] = [
  ["Ctrl K", "Search and act"],
  ["N", "New workspace"],
  ["D", "Dead letters: what nobody answered"],
  ["1 / 2 / 3", "Graph / list / inbox"],
  ["?", "This help"],
  ["Ctrl Z, Ctrl Shift Z", "Undo and redo: moves, teams, names, pauses, deletions"],
  ["Ctrl A", "Select every card that is shown"],
  ["Shift A", "Tidy everything"],
  ["F", "Show everything"],
  ["Esc", "Close the menu, the dialog, the selection or the panel"],
  ["F6", "To the toolbar, the canvas, the panel, and round again"],
  ["Enter / Space", "Open the focused card"],
  ["Enter, Shift Enter", "On the open card: to its first child, to its parent"],
  ["Shift Space", "Add the focused card to a selection"],
  ["Shift click, drag", "Add a card; draw a band around many"],
  ["Arrows", "Move the focused card, and those selected with it (Shift: further)"],
  ["Alt arrows", "Align what is selected to that side"],
  ["Ctrl D", "Duplicate what is selected or open"],
  ["F2", "Rename the focused card"],
  ["M / X", "Move to a team / extract from it"],
  ["C / A / Z", "Collapse or expand, tidy, zoom to a team"],
  ["P / Delete", "Pause or resume / delete"],
  ["Space, Shift ↑ ↓, Ctrl A", "In the list: select a row, more, all"],
  ["J, K, A, D", "In the inbox: next, previous, answer or send again, drop or call off"],
  ["Menu key, Shift F10", "All actions of the focused card"],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open wide onClose={onClose} title="Keyboard and legend" description="Everything a mouse does here, keys do too.">
      <div className={styles.columns}>
        <Section title="Keys">
          <dl className={styles.keys}>
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </Section>
        <div className={styles.legends}>
          <Section title="Status">
            <ul className={styles.legend}>
              {workspaceStatuses
                .filter((status) => status !== "removed")
                .map((status) => (
                  <li key={status}>
                    <StatusDot status={status} /> {statusWords[status]}
                  </li>
                ))}
            </ul>
          </Section>
          <Section title="Tier">
            <ul className={styles.legend}>
              {Object.entries(tierWords).map(([tier, word]) => (
                <li key={tier}>
                  T{tier} {word}
                </li>
              ))}
            </ul>
          </Section>
        </div>
      </div>
    </Dialog>
  );
}
