import { useCallback, useEffect, useRef, useState, type MouseEvent } from "react";
import { messageOf } from "@/api/api_error";
import { Dialog } from "@/ui/dialog";
import { Markdown } from "@/ui/markdown";
import { Failure, Loading } from "@/ui/notice";
import { useLoaded } from "@/ui/use_loaded";
import { docsGroups, firstPage, hasPage, pageOf, readPage } from "./pages";
import styles from "./docs.module.css";

interface DocsDialogProps {
  /** The page to begin with: "guides/join.md". */
  path?: string | undefined;
  onClose: () => void;
}

/** The documentation of this version. */
export function DocsDialog({ path: first = firstPage, onClose }: DocsDialogProps) {
  const [path, setPath] = useState(hasPage(first) ? first : firstPage);
  const { value: text, loading, error, reload } = useLoaded(useCallback(() => readPage(path), [path]));
  const page = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (page.current) page.current.scrollTop = 0;
  }, [path]);

  function onClick(event: MouseEvent) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const href = link?.getAttribute("href");
    const to = href && pageOf(href, path);
    if (!href || /^https?:/.test(href)) return;
    // What is not among these pages stands in the project's folder and not here.
    event.preventDefault();
    if (to) setPath(to);
  }

  return (
    <Dialog open page onClose={onClose} title="Documentation" description="Of this very version; nothing is fetched from elsewhere.">
      <div className={styles.columns}>
        <select className={styles.choice} aria-label="Page" value={path} onChange={(event) => setPath(event.target.value)}>
          {docsGroups.map((group) => (
            <optgroup key={group.title} label={group.title}>
              {group.pages.map((each) => (
                <option key={each.path} value={each.path}>
                  {each.title}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
        <nav className={styles.list} aria-label="Pages">
          {docsGroups.map((group) => (
            <div key={group.title}>
              <h3>{group.title}</h3>
              {group.pages.map((each) => (
                <button key={each.path} type="button" aria-current={each.path === path ? "page" : undefined} onClick={() => setPath(each.path)}>
                  {each.title}
                </button>
              ))}
            </div>
          ))}
        </nav>
        {/* Links are links for the keyboard, too: this only keeps them in the dialog. */}
        <div ref={page} className={styles.page} tabIndex={0} role="region" aria-label="Text of the page" data-doc={path} onClick={onClick}>
          {error !== undefined && <Failure text={`The page could not be fetched: ${messageOf(error)}`} onRetry={() => void reload()} />}
          {loading && text === undefined && <Loading text="Fetching…" />}
          {text !== undefined && <Markdown key={path} text={text} meanwhile={<Loading text="Fetching…" />} />}
        </div>
      </div>
    </Dialog>
  );
}
