import { memo, startTransition, useEffect, useMemo, useState } from "react";
import { classNames } from "./class_names";
import { maxPiece, piecesOf } from "./long_text";
import styles from "./plain_pieces.module.css";

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
    <Piece key={index} text={piece} />
  ));
}

// Text that ends a line ends it once: a block swallows the line end that stands last in it.
const Piece = memo(function Piece({ text }: { text: string }) {
  return (
    <span className={classNames(styles.piece, text.length > maxPiece / 2 && styles.long)} data-piece>
      {text}
    </span>
  );
});
