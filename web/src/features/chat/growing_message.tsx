import { memo, useLayoutEffect } from "react";
import { classNames } from "@/ui/class_names";
import type { Block } from "@/ui/growing_text";
import { Markdown } from "@/ui/markdown";
import { PlainPieces } from "@/ui/plain_pieces";
import { useSelected } from "@/ui/store";
import { growingStore } from "./growing";
import styles from "./chat.module.css";

/**
 * An answer while it comes. What has come to an end in it is formatted once. It is not read out piece by piece: the
 * whole answer is, when it takes this one's place.
 */
export function GrowingMessage({ id, onGrown }: { id: string; onGrown: () => void }) {
  const growing = useSelected(growingStore, (all) => all.get(id));
  useLayoutEffect(onGrown, [growing, onGrown]);
  if (!growing || (growing.blocks.length === 0 && growing.open === "")) return null;
  return (
    <div className={classNames(styles.message, styles.agent)} aria-live="off" aria-busy="true" data-growing={id}>
      <div className={classNames(styles.bubble, styles.growing)}>
        {growing.blocks.map((block, index) => (
          // Blocks have no ids and never change places.
          <Formatted key={index} block={block} onFormatted={onGrown} />
        ))}
        <p className={styles.open_end}>
          {growing.open}
          <i className={styles.caret} aria-hidden />
        </p>
      </div>
      {growing.cut && <div className={styles.note}>It is longer than is shown while it comes. All of it is here when it is whole.</div>}
    </div>
  );
}

const Formatted = memo(function Formatted({ block, onFormatted }: { block: Block; onFormatted: () => void }) {
  return block.formats ? <Markdown text={block.text} onFormatted={onFormatted} /> : <PlainPieces text={block.text} />;
});
