/** What an action may ask of the page around it. The page fills it in when it starts. */
export interface Shell {
  open(id: string | undefined, tab?: string): void;
  askDelete(id: string): void;
  askParent(ids: readonly string[]): void;
  createIn(parent: string | undefined): void;
  /** How an agent gets into a workspace that waits for one. */
  connect(id: string): void;
  showSettings(): void;
  /** The documentation; a page of it by its path below docs/. */
  showDocs(path?: string): void;
  showHelp(): void;
  showTickets(): void;
  showDeadLetters(): void;
  /** Asks whether all work is to be stopped. */
  askStop(): void;
  /** Shows the whole way of a message, by its address. */
  showWay(address: string): void;
}

export const shell: { current: Shell } = {
  current: {
    open: () => undefined,
    askDelete: () => undefined,
    askParent: () => undefined,
    createIn: () => undefined,
    connect: () => undefined,
    showSettings: () => undefined,
    showDocs: () => undefined,
    showHelp: () => undefined,
    showTickets: () => undefined,
    showDeadLetters: () => undefined,
    askStop: () => undefined,
    showWay: () => undefined,
  },
};
