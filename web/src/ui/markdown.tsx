import { lazy, Suspense } from "react";
import styles from "./markdown.module.css";

// The parser is a third of the page's weight and needed only once a conversation is open.
const Parsed = lazy(() => import("./markdown_parsed"));

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
