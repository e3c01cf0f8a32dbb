import type { AgentFile } from "@/api/wire";
import { addressOfPath } from "@/api/agent_files_api";

/** One row of the tree. */
export interface FileNode {
  /** Its path below the root as it stands in an address; also its key. */
  address: string;
  name: string;
  kind: AgentFile["kind"];
  size: number;
}

/** What is known of a directory; absent: it was not opened. */
export interface Opened {
  nodes: readonly FileNode[];
  cursor: string | undefined;
}

export interface Row {
  node: FileNode;
  depth: number;
  open: boolean;
  /** Of a directory with more than was fetched: the row below its last says so. */
  more: boolean;
}

/** What is listed of a directory as nodes: directories first, then by name. */
export function nodesOf(parent: string, files: readonly AgentFile[]): FileNode[] {
  return files
    .map((file) => ({
      address: (parent === "" ? "" : `${parent}/`) + (file.address ?? addressOfPath(file.path)),
      name: file.path,
      kind: file.kind,
      size: file.size,
    }))
    .sort((one, other) => Number(other.kind === "directory") - Number(one.kind === "directory"));
}

/** The rows that are seen, in order. */
export function rowsOf(opened: ReadonlyMap<string, Opened>, parent = "", depth = 1): Row[] {
  const here = opened.get(parent);
  if (!here) return [];
  const rows: Row[] = [];
  here.nodes.forEach((node, i) => {
    const open = node.kind === "directory" && opened.has(node.address);
    rows.push({ node, depth, open, more: false });
    if (open) rows.push(...rowsOf(opened, node.address, depth + 1));
    const last = rows[rows.length - 1];
    if (i === here.nodes.length - 1 && here.cursor !== undefined && last) last.more = true;
  });
  return rows;
}

export const parentOf = (address: string): string => (address.includes("/") ? address.slice(0, address.lastIndexOf("/")) : "");

/** The same without what was in there. */
export function closed(opened: ReadonlyMap<string, Opened>, address: string): Map<string, Opened> {
  return new Map([...opened].filter(([key]) => key !== address && !key.startsWith(`${address}/`)));
}

/** A path that a person typed, or why it is none. */
export function typedPath(text: string): { path: string } | { flaw: string } {
  const path = text.trim().replace(/^\/+/, "");
  if (path === "") return { flaw: "Give it a name." };
  if (path.endsWith("/")) return { flaw: "A file needs a name behind the last slash." };
  const steps = path.split("/");
  if (steps.some((step) => step === "" || step === "." || step === "..")) return { flaw: "A name between two slashes is missing, or is . or .." };
  return { path };
}
