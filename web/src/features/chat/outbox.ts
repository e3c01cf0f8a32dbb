import type { FilePart, TaskName } from "@/api/a2a_answer";
import { threadOf, threadsStore } from "@/model/chat_store";

/** A message of which this page does not know yet that the platform has it. */
export interface Unconfirmed {
  workspaceId: string;
  id: string;
  text: string;
  at: number;
  files?: readonly FilePart[];
  task?: TaskName;
}

const key = "molecule.outbox";
/** Messages kept, the newest; whoever has more under way than this has lost sight of them anyway. */
export const keptMax = 20;
/** A longer text is not kept, and of all of them not more: browsers give a tab a few megabytes for everything. */
export const keptTextMax = 1_000_000;

function isUnconfirmed(value: unknown): value is Unconfirmed {
  const each = value as Partial<Unconfirmed> | null;
  return typeof each?.workspaceId === "string" && typeof each.id === "string" && typeof each.text === "string" && typeof each.at === "number";
}

/** What this tab sent and never saw arrive; it outlives a reload, so that sending again keeps the message's id. */
export function unconfirmed(): Unconfirmed[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return Array.isArray(value) ? value.filter(isUnconfirmed) : [];
  } catch {
    return [];
  }
}

function store(messages: Unconfirmed[]): void {
  let room = keptTextMax;
  const newest = messages.slice(-keptMax).toReversed();
  const fitting = newest.filter(({ text }) => (room -= text.length) >= 0);
  try {
    sessionStorage.setItem(key, JSON.stringify(fitting.toReversed()));
  } catch {
    // Without it a reload forgets what was not confirmed, and nothing else is lost.
  }
}

export function keep(message: Unconfirmed): void {
  if (message.text.length <= keptTextMax) store([...unconfirmed().filter(({ id }) => id !== message.id), message]);
}

export function letGo(id: string): void {
  const before = unconfirmed();
  const after = before.filter((each) => each.id !== id);
  if (after.length < before.length) store(after);
}

/** Lets go of what the platform was seen to have. */
export function letGoOfConfirmed(): void {
  for (const { workspaceId, id } of unconfirmed()) {
    const message = threadOf(threadsStore.get(), workspaceId).messages.find((each) => each.id === id);
    if (message && (message.rowId !== undefined || message.state === "answered")) letGo(id);
  }
}
