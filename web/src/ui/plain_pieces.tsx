import { memo, startTransition, useEffect, useMemo, useState } from "react";
import { classNames } from "./class_names";
import { countLines, piecesOf } from "./long_text";
import styles from "./plain_pieces.module.css";

/** Of a line in a panel, in pixels and in characters. */
const lineHeight = 21;
const lineCharacters = 55;

/** A text of any length as it is, added piece by piece so that the page stays usable. */
export function PlainPieces({ text }: { text: string }) {
  const pieces = useMemo(() => piecesOf(text), [text]);
  const [shown, setShown] = useState(1);
  const more = shown < pieces.length;
  useEffect(() => {
    if (!more) return;
    const timer = setTimeout(() => startTransition(() => setShown(shown + 1)));
    return () => clearTimeout(timer);
  }, [more, shown]);
  return pieces.slice(0, shown).map((piece, index) => (
    // Pieces of a text have no ids and never change places.
    <Piece key={index} text={piece} long={pieces.length > 1} />
  ));
}

// Text that ends a line ends it once: a block swallows the line end that stands last in it.
const Piece = memo(function Piece({ text, long }: { text: string; long: boolean }) {
  // Near to what it will be, so that little moves when it comes into view.
  const height = long ? { containIntrinsicBlockSize: `auto ${Math.max(countLines(text), Math.ceil(text.length / lineCharacters)) * lineHeight}px` } : undefined;
  return (
    <span className={classNames(styles.piece, long && styles.long)} style={height} data-piece>
      {text}
    </span>
  );
});
