import { lazy, Suspense } from "react";
import styles from "./markdown.module.css";

// The parser is a third of the page's weight and needed only once a conversation is open.
const load = () => import("./markdown_parsed");
const Parsed = lazy(load);

/** Fetches the parser before the first text needs it. */
export function prepareMarkdown(): void {
  // A failed fetch is tried again when text is shown, and told there.
  load().catch(() => undefined);
}

/** Agent text as formatted text. Builds elements only: embedded HTML is shown as text, unsafe links lose their address. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className={styles.markdown}>
      <Suspense fallback={<p style={{ whiteSpace: "pre-wrap" }}>{text}</p>}>
        <Parsed text={text} />
      </Suspense>
    </div>
  );
}
