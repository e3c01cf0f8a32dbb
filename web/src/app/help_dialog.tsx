import { shell } from "@/actions/shell";
import { Legend } from "@/canvas/legend";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Section } from "@/ui/section";
import styles from "./help_dialog.module.css";

const groups: readonly { title: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    title: "Anywhere",
    keys: [
      ["Ctrl K", "Search and act"],
      ["Ctrl ,", "Settings"],
      ["N", "New workspace"],
      ["D", "Dead letters: what nobody answered"],
      ["1 / 2 / 3 / 4", "Graph / list / inbox / timeline"],
      ["?", "This help"],
      ["Ctrl Z, Ctrl Shift Z", "Undo and redo: moves, teams, names, pauses, deletions"],
      ["Ctrl A", "Select every card that is shown"],
      ["Shift A", "Tidy everything"],
      ["F", "Show everything"],
      ["Esc", "Close the menu, the dialog, the selection or the panel"],
      ["F6", "To the toolbar, the canvas, the panel, and round again"],
    ],
  },
  {
    title: "From card to card",
    keys: [
      ["Tab", "To the cards: one stop for all of them"],
      ["Alt Arrows", "To the card beside"],
      ["Page up, Page down", "To the card before, to the next"],
      ["Home / End", "To the first card, to the last"],
      ["Enter, Shift Enter", "On the open card: to its first child, to its parent"],
    ],
  },
  {
    title: "On a card",
    keys: [
      ["Enter / Space", "Open it"],
      ["Shift Space", "Add it to a selection"],
      ["Shift click, drag", "Add a card; draw a band around many"],
      ["Arrows", "Move it, and those selected with it (Shift: further)"],
      ["Alt Arrows", "With more than one selected: align them to that side"],
      ["Alt Shift Arrows", "With three or more: the same gap between them, across or down"],
      ["Ctrl D", "Duplicate what is selected or open"],
      ["F2", "Rename it"],
      ["M / X", "Move to a team / extract from it"],
      ["C / A / Z", "Collapse or expand, tidy, zoom to a team"],
      ["P / J / Delete", "Pause or resume / connect its agent / delete"],
      ["Menu key, Shift F10", "All that can be done to it; on a touch screen, hold it"],
    ],
  },
  {
    title: "In the list, the inbox and a panel",
    keys: [
      ["Space, Shift ↑ ↓, Ctrl A", "In the list: select a row, more, all"],
      ["J, K, A, D", "In the inbox: next, previous, answer or send again, drop or call off"],
      ["← →, Home, End", "Between tabs; on the edge of the panel: its width"],
      ["Enter, Shift Enter", "In the chat: send, new line"],
    ],
  },
];

export function HelpDialog({ onClose, onGuide }: { onClose: () => void; onGuide: () => void }) {
  return (
    <Dialog open wide onClose={onClose} title="Keyboard and legend" description="Everything a mouse does here, keys do too.">
      <div className={styles.columns}>
        <div className={styles.legends}>
          {groups.map(({ title, keys }) => (
            <Section key={title} title={title}>
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
          ))}
        </div>
        <div className={styles.legends}>
          <Legend />
          <div className={styles.more}>
            <Button onClick={() => shell.current.showDocs()}>Documentation</Button>
            <Button
              onClick={() => {
                onClose();
                onGuide();
              }}
            >
              First steps
            </Button>
          </div>
        </div>
      </div>
    </Dialog>
  );
}
