import { useMemo, useState } from "react";
import { DeadLetters, openLetters } from "@/live/dead_letters";
import { useRenewed } from "@/live/use_renewed";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Empty, Failure, Loading } from "@/ui/notice";
import list from "@/ui/section.module.css";
import { useSelected } from "@/ui/store";
import { Letter } from "./letter";
import styles from "./dead_letters.module.css";

const nothing = {
  open: { title: "No dead letters", text: "Every message was answered, or still may be. What nobody answers shows up here." },
  decided: { title: "Nothing decided yet", text: "What is sent again or dropped is kept here, with who decided and why." },
};

/** Messages of the organisation that nobody answered, until somebody sends them again or drops them. */
export function DeadLettersDialog({ onClose }: { onClose: () => void }) {
  const [showing, setShowing] = useState<"open" | "decided">("open");
  const decided = useMemo(() => new DeadLetters({ decided: true }), []);
  // The open ones are kept current by the page, for their count.
  useRenewed(showing === "decided" ? decided : undefined);
  const letters = showing === "open" ? openLetters : decided;
  const { letters: shown, loading, error, more } = useSelected(letters.state, (state) => state);

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="Dead letters"
      description="Messages that nobody answered: given up after too many deliveries, or over their time. Send one again or drop it, and say why."
    >
      <div className={list.section}>
        <div className={styles.switch} role="group" aria-label="Which letters">
          <button type="button" aria-pressed={showing === "open"} onClick={() => setShowing("open")}>
            Open
          </button>
          <button type="button" aria-pressed={showing === "decided"} onClick={() => setShowing("decided")}>
            Decided
          </button>
        </div>
        {error !== undefined && <Failure text={`Dead letters could not be read: ${error}`} onRetry={() => void letters.load()} />}
        {loading && shown.length === 0 && <Loading text="Reading dead letters…" />}
        {!loading && error === undefined && shown.length === 0 && <Empty title={nothing[showing].title}>{nothing[showing].text}</Empty>}
        {shown.length > 0 && (
          <ul className={list.list} aria-label={showing === "open" ? "Open dead letters" : "Decided dead letters"}>
            {shown.map((letter) => (
              <Letter key={letter.id} letter={letter} />
            ))}
          </ul>
        )}
        {more && (
          <div className={styles.more}>
            <Button disabled={loading} onClick={() => void letters.loadOlder()}>
              {loading ? "Loading…" : "Load older"}
            </Button>
          </div>
        )}
      </div>
    </Dialog>
  );
}
