import { useCallback, useEffect, useRef, useState, type KeyboardEvent } from "react";
import { configProblems, readFile, writeFile, type Root } from "@/api/agent_files_api";
import { ApiError, messageOf } from "@/api/api_error";
import { Button } from "@/ui/button";
import { Empty, Failure, Loading, Notice } from "@/ui/notice";
import { useLoaded } from "@/ui/use_loaded";
import type { FileNode } from "./file_tree";
import styles from "./files.module.css";

/** What was typed and not saved outlives the panel, by where it belongs. */
const drafts = new Map<string, { text: string; version: string }>();

interface FileEditorProps {
  id: string;
  root: Root;
  node: FileNode;
  writable: boolean;
  onSaved: () => void;
}

export function FileEditor({ id, root, node, writable, onSaved }: FileEditorProps) {
  const load = useCallback(() => readFile(id, root, node.address), [id, root, node.address]);
  const { value, error, loading, reload } = useLoaded(load);
  if (error instanceof ApiError && (error.code === "file_not_text" || error.code === "file_too_large" || error.code === "not_a_file"))
    return <Empty title={node.name}>{error.code === "not_a_file" ? "Links and devices are not opened." : error.code === "file_not_text" ? "This is no text. Download it to look at it." : "This is too large to be edited here. Download it to look at it."}</Empty>;
  if (error !== undefined) return <Failure text={messageOf(error)} onRetry={() => void reload()} />;
  if (!value || loading) return <Loading text="Reading it…" />;
  return <Text key={value.version} place={`${id} ${root} ${node.address}`} id={id} root={root} node={node} content={value.content} version={value.version} writable={writable} onReload={() => void reload()} onSaved={onSaved} />;
}

interface TextProps extends FileEditorProps {
  place: string;
  content: string;
  version: string;
  onReload: () => void;
}

function Text({ place, id, root, node, content, version, writable, onReload, onSaved }: TextProps) {
  const [saved, setSaved] = useState({ content, version });
  const draft = drafts.get(place);
  const [text, setText] = useState(draft?.text ?? content);
  const [base, setBase] = useState(draft?.version ?? version);
  const [trouble, setTrouble] = useState<unknown>();
  const [saving, setSaving] = useState(false);
  const leaves = useRef(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const modified = text !== saved.content;
  const conflict = (trouble instanceof ApiError && trouble.code === "file_changed") || (modified && base !== saved.version);

  useEffect(() => {
    if (modified) drafts.set(place, { text, version: base });
    else drafts.delete(place);
    if (!modified) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [modified, text, base, place]);

  async function save(over: boolean) {
    if (!writable || saving) return;
    setSaving(true);
    try {
      const got = await writeFile(id, root, node.address, text, over ? {} : { ifVersion: base });
      setSaved({ content: text, version: got.version });
      setBase(got.version);
      setTrouble(undefined);
      onSaved();
    } catch (error) {
      setTrouble(error);
    } finally {
      setSaving(false);
    }
  }
  function onKey(event: KeyboardEvent<HTMLTextAreaElement>) {
    const { key, ctrlKey, metaKey, shiftKey, currentTarget: at } = event;
    if ((ctrlKey || metaKey) && key.toLowerCase() === "s") {
      event.preventDefault();
      void save(false);
      return;
    }
    // Tab indents; after Esc it leaves, so that nobody is caught here.
    if (key === "Tab" && !shiftKey && !leaves.current && writable) {
      event.preventDefault();
      at.setRangeText("  ", at.selectionStart, at.selectionEnd, "end");
      setText(at.value);
    }
    leaves.current = key === "Escape";
    if (key === "Escape") event.stopPropagation();
  }

  const problems = configProblems(trouble);
  return (
    <div className={styles.editor}>
      <div className={styles.head}>
        <strong>{node.name}</strong>
        {modified && <span className={styles.mark}>modified</span>}
        {writable && (
          <>
            {modified && (
              <Button
                onClick={() => {
                  setText(saved.content);
                  setBase(saved.version);
                  setTrouble(undefined);
                }}
              >
                Undo all
              </Button>
            )}
            <Button tone="primary" disabled={!modified || saving} onClick={() => void save(false)}>
              {saving ? "Saving…" : "Save"}
            </Button>
          </>
        )}
      </div>
      {conflict && (
        <Notice
          tone="warn"
          role="alert"
          action={
            <>
              <Button
                onClick={() => {
                  drafts.delete(place);
                  onReload();
                }}
              >
                Take theirs
              </Button>
              <Button onClick={() => void save(true)}>Overwrite</Button>
            </>
          }
        >
          Somebody else has changed this file since you opened it. What you typed is still here.
        </Notice>
      )}
      {trouble !== undefined && !conflict && <Notice tone="bad">{messageOf(trouble)}</Notice>}
      {problems && problems.length > 1 && (
        <ul className={styles.problems}>
          {problems.slice(1).map(({ line, text: said }) => (
            <li key={`${line ?? 0} ${said}`}>{line === undefined ? said : `Line ${line}: ${said}`}</li>
          ))}
        </ul>
      )}
      <textarea
        ref={area}
        className={styles.text}
        aria-label={`Content of ${node.name}`}
        aria-description={writable ? "Tab indents; press Esc first to leave with Tab." : undefined}
        readOnly={!writable}
        spellCheck={false}
        wrap="off"
        value={text}
        onChange={({ currentTarget: { value } }) => setText(value)}
        onKeyDown={onKey}
      />
    </div>
  );
}
