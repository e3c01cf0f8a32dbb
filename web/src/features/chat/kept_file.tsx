import { Download } from "lucide-react";
import { lazy, Suspense, useState, type MouseEvent, type ReactNode } from "react";
import type { FilePart } from "@/api/a2a_answer";
import { messageOf } from "@/api/api_error";
import { readBeginning } from "@/api/kept_files_api";
import { addressOf } from "@/api/root";
import { classNames } from "@/ui/class_names";
import styles from "./parts.module.css";

const Picture = lazy(() => import("./picture"));

/** Types that are pictures and nothing else; an SVG may be a page. */
const pictures = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

interface KeptFileProps {
  file: FilePart;
  /** Its route. */
  place: string;
  words: ReactNode;
  /** It got another height. */
  onGrown: () => void;
}

/** A file that the platform keeps: saved under its name, and shown where it is a picture. */
export function KeptFile({ file, place, words, onGrown }: KeptFileProps) {
  const [trouble, setTrouble] = useState<string | undefined>();
  const href = addressOf(place);

  /** A browser says little about a file that it cannot get, so that is asked for before. */
  async function save(event: MouseEvent<HTMLAnchorElement>) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setTrouble(undefined);
    try {
      await readBeginning(place, 1);
      const link = document.createElement("a");
      link.href = href;
      link.download = file.name;
      link.click();
    } catch (error) {
      setTrouble(messageOf(error));
    }
  }

  return (
    <>
      {pictures.has(file.type) && (
        <Suspense>
          <Picture name={file.name} place={place} onGrown={onGrown} />
        </Suspense>
      )}
      <a className={classNames(styles.file, trouble !== undefined && styles.lost)} href={href} download={file.name} onClick={(event) => void save(event)}>
        <span className="visually-hidden">Save </span>
        {words}
        <Download size={15} aria-hidden />
      </a>
      {trouble !== undefined && (
        <p className={classNames(styles.state, styles.bad)} role="alert">
          {file.name} was not saved: {trouble}
        </p>
      )}
    </>
  );
}
