import { useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { Button } from "./button";
import { byteSize } from "./byte_size";
import { fold } from "./long_text";
import { PlainPieces } from "./plain_pieces";
import styles from "./folded_text.module.css";

/** A text as it is; of a long one the beginning, and the rest once someone asks for it. */
export function FoldedText({ text }: { text: string }) {
  const { beginning, rest } = useMemo(() => fold(text), [text]);
  return (
    <>
      <PlainPieces text={beginning} />
      {rest !== "" && <RestOfText text={text} rest={rest} />}
    </>
  );
}

interface RestOfTextProps {
  /** The whole. */
  text: string;
  rest: string;
  /** Said while the rest is folded. */
  note?: string | undefined;
}

/** What follows the beginning of a long text. */
export function RestOfText({ text, rest, note }: RestOfTextProps) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const size = useMemo(() => byteSize(new Blob([text]).size), [text]);

  function toggle() {
    flushSync(() => setOpen(!open));
    // What was far down in the rest is to be found at its fold again.
    if (open) place.current?.scrollIntoView({ block: "nearest" });
  }

  return (
    <div ref={place} className={styles.rest} data-rest={open ? "shown" : "folded"}>
      {open && <PlainPieces text={rest} />}
      <Button aria-expanded={open} onClick={toggle}>
        {open ? "Show less" : `Show all ${size}`}
      </Button>
      {!open && note !== undefined && <small>{note}</small>}
    </div>
  );
}
