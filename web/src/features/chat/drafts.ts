import { Store } from "@/ui/store";

interface Draft {
  text: string;
  /** Grows when the page puts words there itself: then the field takes the focus. */
  offered: number;
}

const noDraft: Draft = { text: "", offered: 0 };

/** Unsent words by workspace, kept while the page lives so that looking elsewhere loses nothing. */
export const draftsStore = new Store<ReadonlyMap<string, Draft>>(new Map());

export const draftOf = (drafts: ReadonlyMap<string, Draft>, workspaceId: string): Draft => drafts.get(workspaceId) ?? noDraft;

export function draft(workspaceId: string, text: string): void {
  const { offered } = draftOf(draftsStore.get(), workspaceId);
  draftsStore.set(new Map(draftsStore.get()).set(workspaceId, { text, offered }));
}

/** Puts words into the field to be sent as a new message, after those that stand there. */
export function offer(workspaceId: string, text: string): void {
  const before = draftOf(draftsStore.get(), workspaceId);
  const words = before.text === "" ? text : `${before.text}\n${text}`;
  draftsStore.set(new Map(draftsStore.get()).set(workspaceId, { text: words, offered: before.offered + 1 }));
}
