import { Download, File as FileIcon, FilePlus, Folder, FolderOpen, Link2, RefreshCw, Trash2, Upload } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, type DragEvent, type KeyboardEvent } from "react";
import { deleteFile, downloadAddress, listFiles, uploadInto, writeFile, addressOfPath, type Root } from "@/api/agent_files_api";
import { ApiError, messageOf } from "@/api/api_error";
import type { Workspace } from "@/api/workspace";
import { Button, IconButton } from "@/ui/button";
import { byteSize } from "@/ui/byte_size";
import { classNames } from "@/ui/class_names";
import { Dialog } from "@/ui/dialog";
import { SelectField, TextField } from "@/ui/field";
import { Empty, Failure, Loading, Notice } from "@/ui/notice";
import { toast } from "@/ui/toast";
import { FileEditor } from "./file_editor";
import { closed, nodesOf, parentOf, rowsOf, typedPath, type FileNode, type Opened } from "./file_tree";
import styles from "./files.module.css";

const roots: { value: Root; label: string }[] = [
  { value: "/workspace", label: "Work (/workspace)" },
  { value: "/configs", label: "Configuration, skills, prompts (/configs)" },
  { value: "/home", label: "Home, to read (/home)" },
];
const uploadMax = 256 << 20;

/** The files of an agent that the platform runs: a tree, and what is in one of them. */
export function FilesPanel({ workspace }: { workspace: Workspace }) {
  const { id } = workspace;
  const [root, setRoot] = useState<Root>("/workspace");
  return <Files key={root} id={id} root={root} onRoot={setRoot} />;
}

function Files({ id, root, onRoot }: { id: string; root: Root; onRoot: (root: Root) => void }) {
  const [opened, setOpened] = useState<ReadonlyMap<string, Opened>>(new Map());
  const [failure, setFailure] = useState<unknown>();
  const [active, setActive] = useState<string | undefined>();
  const [shown, setShown] = useState<FileNode | undefined>();
  const [doomed, setDoomed] = useState<FileNode | undefined>();
  const [naming, setNaming] = useState(false);
  const [waiting, setWaiting] = useState<{ files: File[]; into: string } | undefined>();
  const [uploading, setUploading] = useState<string | undefined>();
  const [over, setOver] = useState(false);
  const tree = useRef<HTMLUListElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const writable = root !== "/home";

  const open = useCallback(
    (address: string, cursor?: string) =>
      listFiles(id, root, address, cursor).then(
        (page) => {
          setOpened((was) => {
            const before = cursor === undefined ? [] : (was.get(address)?.nodes ?? []);
            return new Map(was).set(address, { nodes: [...before, ...nodesOf(address, page.files)], cursor: page.cursor });
          });
          setFailure(undefined);
        },
        (error: unknown) => {
          if (address === "") setFailure(error);
          else toast("error", messageOf(error));
        },
      ),
    [id, root],
  );
  useEffect(() => void open(""), [open]);

  const rows = useMemo(() => rowsOf(opened), [opened]);
  const current = rows.find(({ node }) => node.address === active) ?? rows[0];
  const folder = current === undefined ? "" : current.node.kind === "directory" ? current.node.address : parentOf(current.node.address);

  function toggle(node: FileNode) {
    if (opened.has(node.address)) setOpened(closed(opened, node.address));
    else void open(node.address);
  }
  function choose(node: FileNode) {
    setActive(node.address);
    if (node.kind === "directory") toggle(node);
    else setShown(node);
  }
  function move(to: FileNode | undefined) {
    if (!to) return;
    setActive(to.address);
    tree.current?.querySelector<HTMLElement>(`[data-address="${CSS.escape(to.address)}"]`)?.focus();
  }
  function onKey(event: KeyboardEvent) {
    if (!current || event.altKey || event.ctrlKey || event.metaKey) return;
    const i = rows.indexOf(current);
    const { node, open: isOpen } = current;
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(rows[i + 1]?.node),
      ArrowUp: () => move(rows[i - 1]?.node),
      Home: () => move(rows[0]?.node),
      End: () => move(rows[rows.length - 1]?.node),
      ArrowRight: () => (node.kind !== "directory" ? undefined : isOpen ? move(rows[i + 1]?.node) : toggle(node)),
      ArrowLeft: () => (isOpen ? toggle(node) : move(rows.find((row) => row.node.address === parentOf(node.address))?.node)),
      Enter: () => choose(node),
      " ": () => choose(node),
      Delete: () => (writable ? setDoomed(node) : undefined),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    // Delete means a workspace elsewhere on the page.
    event.stopPropagation();
    act();
  }

  async function refresh() {
    for (const address of opened.keys()) await open(address);
  }
  async function send(files: File[], into: string, replace: boolean) {
    const there: File[] = [];
    for (const file of files) {
      if (file.size > uploadMax) {
        toast("error", `${file.name} is larger than ${byteSize(uploadMax)}.`);
        continue;
      }
      setUploading(file.name);
      try {
        await uploadInto(id, root, (into === "" ? "" : `${into}/`) + encodeURIComponent(file.name), file, replace);
      } catch (error) {
        if (error instanceof ApiError && error.code === "file_exists") there.push(file);
        else toast("error", `${file.name}: ${messageOf(error)}`);
      }
    }
    setUploading(undefined);
    await open(into);
    setWaiting(there.length > 0 ? { files: there, into } : undefined);
  }
  function onDrop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    if (!writable) return;
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-address]");
    const node = rows.find((each) => each.node.address === row?.dataset.address)?.node;
    const into = node === undefined ? "" : node.kind === "directory" ? node.address : parentOf(node.address);
    void send([...event.dataTransfer.files], into, false);
  }
  async function remove(node: FileNode) {
    setDoomed(undefined);
    try {
      await deleteFile(id, root, node.address);
      if (shown && (shown.address === node.address || shown.address.startsWith(`${node.address}/`))) setShown(undefined);
      setActive(undefined);
      setOpened((was) => closed(was, node.address));
      await open(parentOf(node.address));
    } catch (error) {
      toast("error", messageOf(error));
    }
  }

  if (failure instanceof ApiError && (failure.code === "agent_not_here" || failure.code === "agent_elsewhere"))
    return <Empty title="No files here">{messageOf(failure)}. Its files are where its agent runs.</Empty>;

  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        <SelectField label="Directory" value={root} onChange={({ currentTarget: { value } }) => onRoot(value as Root)}>
          {roots.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </SelectField>
        <div className={styles.tools}>
          {writable && (
            <>
              <IconButton label="New file" onClick={() => setNaming(true)}>
                <FilePlus size={16} aria-hidden />
              </IconButton>
              <IconButton label="Upload files" onClick={() => picker.current?.click()}>
                <Upload size={16} aria-hidden />
              </IconButton>
              <input
                ref={picker}
                className="visually-hidden"
                type="file"
                multiple
                tabIndex={-1}
                aria-hidden
                onChange={({ currentTarget }) => {
                  const files = [...(currentTarget.files ?? [])];
                  currentTarget.value = "";
                  void send(files, folder, false);
                }}
              />
            </>
          )}
          <IconButton label="Read anew" onClick={() => void refresh()}>
            <RefreshCw size={16} aria-hidden />
          </IconButton>
        </div>
      </div>
      {uploading !== undefined && <Notice tone="info" role="status">Uploading {uploading}…</Notice>}
      {waiting && (
        <Notice tone="warn" role="alert" action={<Button onClick={() => void send(waiting.files, waiting.into, true)}>Replace</Button>}>
          {waiting.files.map(({ name }) => name).join(", ")} {waiting.files.length === 1 ? "is" : "are"} there already.
        </Notice>
      )}
      <div
        className={classNames(styles.tree, over && styles.over)}
        onDragOver={(event) => {
          if (!writable || !event.dataTransfer.types.includes("Files")) return;
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        {failure !== undefined ? (
          <Failure text={messageOf(failure)} onRetry={() => void open("")} />
        ) : !opened.has("") ? (
          <Loading text="Looking at its files…" />
        ) : rows.length === 0 ? (
          <Empty title="Nothing here yet">{writable && "Drop files here, or make one."}</Empty>
        ) : (
          <ul ref={tree} role="tree" aria-label={`Files in ${root}`} onKeyDown={onKey}>
            {rows.map(({ node, depth, open: isOpen, more }) => (
              <TreeRow
                key={node.address}
                node={node}
                depth={depth}
                open={isOpen}
                focusable={node === current?.node}
                selected={node.address === shown?.address}
                onChoose={choose}
                onReach={() => setActive(node.address)}
                more={more ? () => void open(parentOf(node.address), opened.get(parentOf(node.address))?.cursor) : undefined}
              />
            ))}
          </ul>
        )}
      </div>
      <div className={styles.below}>
        {shown === undefined ? (
          <Empty title="Select a file to edit">{writable ? "Arrow keys move in the tree, Enter opens." : "Files here are the agent’s own; they can be read."}</Empty>
        ) : (
          <>
            <div className={styles.tools}>
              <a className={styles.link} href={downloadAddress(id, root, shown.address)} download={shown.name}>
                <Download size={14} aria-hidden /> Download
              </a>
              {writable && (
                <Button tone="danger_quiet" onClick={() => setDoomed(shown)}>
                  <Trash2 size={14} aria-hidden /> Delete
                </Button>
              )}
            </div>
            <FileEditor key={shown.address} id={id} root={root} node={shown} writable={writable} onSaved={() => void open(parentOf(shown.address))} />
          </>
        )}
      </div>
      {doomed && (
        <Dialog
          open
          onClose={() => setDoomed(undefined)}
          title={`Delete ${doomed.name}?`}
          description={doomed.kind === "directory" ? "All that is in it goes, too. It cannot be taken back." : "It cannot be taken back."}
          foot={
            <>
              <Button onClick={() => setDoomed(undefined)}>Cancel</Button>
              <Button tone="danger" onClick={() => void remove(doomed)}>
                Delete
              </Button>
            </>
          }
        >
          <p className={styles.path}>
            {root}/{decodedPath(doomed.address)}
          </p>
        </Dialog>
      )}
      {naming && (
        <NewFile
          into={folder}
          root={root}
          onClose={() => setNaming(false)}
          onMake={async (path) => {
            const address = addressOfPath(path);
            await writeFile(id, root, address, "", { ifAbsent: true });
            await refresh();
            await open(parentOf(address));
            setNaming(false);
            setShown({ address, name: path.slice(path.lastIndexOf("/") + 1), kind: "file", size: 0 });
          }}
        />
      )}
    </div>
  );
}

const decodedPath = (address: string) => {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
};

const icons = { directory: Folder, file: FileIcon, link: Link2, other: FileIcon };

interface TreeRowProps {
  node: FileNode;
  depth: number;
  open: boolean;
  focusable: boolean;
  selected: boolean;
  onChoose: (node: FileNode) => void;
  /** The keyboard came to it. */
  onReach: () => void;
  more: (() => void) | undefined;
}

function TreeRow({ node, depth, open, focusable, selected, onChoose, onReach, more }: TreeRowProps) {
  const Icon = open ? FolderOpen : icons[node.kind];
  return (
    <>
      <li
        role="treeitem"
        aria-level={depth}
        aria-selected={selected}
        {...(node.kind === "directory" ? { "aria-expanded": open } : {})}
        tabIndex={focusable ? 0 : -1}
        data-address={node.address}
        className={styles.item}
        style={{ paddingLeft: 8 + (depth - 1) * 16 }}
        onClick={() => onChoose(node)}
        onFocus={onReach}
      >
        <Icon size={14} aria-hidden />
        <span className={styles.name}>{node.name}</span>
        {node.kind === "file" && <span className={styles.size}>{byteSize(node.size)}</span>}
        {node.kind === "link" && <span className={styles.size}>link</span>}
      </li>
      {more && (
        <li role="none">
          <Button tone="ghost" onClick={more}>
            More
          </Button>
        </li>
      )}
    </>
  );
}

function NewFile({ into, root, onClose, onMake }: { into: string; root: Root; onClose: () => void; onMake: (path: string) => Promise<void> }) {
  const [text, setText] = useState(into === "" ? "" : `${decodedPath(into)}/`);
  const [flaw, setFlaw] = useState<string | undefined>();
  const field = useRef<HTMLInputElement>(null);
  async function make() {
    const typed = typedPath(text);
    if ("flaw" in typed) return setFlaw(typed.flaw);
    try {
      await onMake(typed.path);
    } catch (error) {
      setFlaw(messageOf(error));
    }
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="New file"
      initialFocus={field}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" onClick={() => void make()}>
            Make it
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <TextField ref={field} mono label={`Path below ${root}`} value={text} onChange={({ currentTarget: { value } }) => setText(value)} hint="Directories on the way are made." />
        {flaw !== undefined && <Notice tone="bad">{flaw}</Notice>}
      </form>
    </Dialog>
  );
}
