import { lazy, Suspense, useMemo, useRef, type ReactNode } from "react";
import { RestOfText } from "./folded_text";
import { divide } from "./long_text";
import { useSeen } from "./use_seen";
import styles from "./markdown.module.css";

// The parser is a third of the page's weight and needed only once a conversation is open.
const load = () => import("./markdown_parsed");
const Parsed = lazy(load);

/** Fetches the parser before the first text needs it. */
export function prepareMarkdown(): void {
  // A failed fetch is tried again when text is shown, and told there.
  load().catch(() => undefined);
}

interface MarkdownProps {
  text: string;
  /** Stands there until the formats are: a text that is only read need not be seen without them. */
  meanwhile?: ReactNode;
  /** The text is drawn with its formats now, and may need another height. */
  onFormatted?: (() => void) | undefined;
}

/**
 * Agent text as formatted text. Builds elements only: embedded HTML is shown as text, unsafe links lose their address.
 * Formats what is seen, and of a long text the beginning: the rest is shown as it is once someone asks for it.
 */
export function Markdown({ text, meanwhile, onFormatted }: MarkdownProps) {
  const { beginning, formats, rest } = useMemo(() => divide(text), [text]);
  const element = useRef<HTMLDivElement>(null);
  const seen = useSeen(element);
  const plain = (
    <p className={styles.unformatted} data-unformatted={formats ? "yet" : "kept"}>
      {beginning}
    </p>
  );
  return (
    <div ref={element} className={styles.markdown}>
      {formats && seen ? (
        <Suspense fallback={meanwhile ?? plain}>
          <Parsed text={beginning} cut={rest !== ""} onFormatted={onFormatted} />
        </Suspense>
      ) : formats && meanwhile !== undefined ? (
        meanwhile
      ) : (
        plain
      )}
      {rest !== "" && <RestOfText text={text} rest={rest} note={formats ? "The rest is shown without formatting." : undefined} />}
    </div>
  );
}
