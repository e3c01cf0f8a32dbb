import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { request } from "@/api/request";
import { addressOf } from "@/api/root";
import { copyText } from "@/ui/clipboard";
import { recall, remember } from "@/ui/remembered";
import { coloursAt, fontAt } from "./terminal_colours";
import { TerminalLink, type LinkState, type Socket } from "./terminal_link";

const fontSize = 13;
const scrollback = 5000;
const readsKey = "terminal_screen_reader";
const pathOf = (id: string) => `/workspaces/${encodeURIComponent(id)}/terminal`;

const held = new Map<string, HeldTerminal>();

/** The terminal of a workspace, opened when it is first looked at. */
export function terminalOf(id: string): HeldTerminal {
  let found = held.get(id);
  if (!found) held.set(id, (found = new HeldTerminal(id)));
  return found;
}

/** Kept for as long as the page is open, also while nobody looks at it. */
export class HeldTerminal {
  private readonly term = new Terminal({
    fontSize,
    scrollback,
    cursorBlink: false,
    minimumContrastRatio: 4.5,
    screenReaderMode: recall(readsKey, (value): value is boolean => typeof value === "boolean") ?? false,
    macOptionIsMeta: true,
  });
  private readonly fitting = new FitAddon();
  private readonly place = document.createElement("div");
  private readonly listeners = new Set<() => void>();
  private link: TerminalLink | undefined;
  private state: LinkState = { kind: "connecting" };
  private readonly id: string;

  constructor(id: string) {
    this.id = id;
    this.place.style.cssText = "height:100%;width:100%";
    this.term.loadAddon(this.fitting);
    this.term.onData((text) => this.link?.type(text));
    this.term.onBinary((text) => this.link?.type(text));
    this.term.onResize((size) => this.link?.resize(size));
    this.term.attachCustomKeyEventHandler((event) => {
      if (event.key === "F6") return false;
      if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === "c" && this.term.hasSelection()) {
        event.preventDefault();
        if (event.type === "keydown") void copyText(this.term.getSelection()).then(() => this.term.focus());
        return false;
      }
      // The browser's own key for pasting, which it then does.
      return !(event.ctrlKey && event.shiftKey && event.key.toLowerCase() === "v");
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly current = (): LinkState => this.state;

  /** Shows it there; what is returned takes it away again. */
  show(where: HTMLElement): () => void {
    where.append(this.place);
    const fit = new ResizeObserver(() => this.fit());
    let gone = false;
    const begin = () => {
      if (gone) return;
      this.paint();
      if (!this.term.element) this.term.open(this.place);
      this.fit();
      fit.observe(where);
      if (!this.link) this.connect();
    };
    // Its cells are measured once, and are to be those of its font.
    this.term.options.fontFamily = fontAt(where);
    void document.fonts.load(`${fontSize}px "JetBrains Mono"`).then(begin, begin);
    return () => {
      gone = true;
      fit.disconnect();
      this.place.remove();
      if (this.state.kind === "active" || this.state.kind === "connecting") return;
      held.delete(this.id);
      this.term.dispose();
    };
  }

  /** A new shell below what is there. */
  connect(): void {
    this.link?.close();
    this.stands({ kind: "connecting" });
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${window.location.host}${addressOf(pathOf(this.id))}?start=later`);
    const { cols, rows } = this.term;
    this.link = new TerminalLink(socket as Socket, { cols, rows }, {
      shows: (bytes, shown) => this.term.write(bytes, shown),
      stands: (state) => this.stands(state),
      why: () => request("GET", pathOf(this.id)),
    });
  }

  /** Ends its shell, and all that was started in it. */
  close(): void {
    this.link?.close();
    this.stands({ kind: "refused", reason: "You closed it." });
  }

  focus(): void {
    this.term.focus();
  }
  /** As if it was typed. */
  press(keys: string): void {
    this.link?.type(keys);
    this.term.focus();
  }
  paint(): void {
    this.term.options.theme = coloursAt(this.place);
  }
  get readsAloud(): boolean {
    return this.term.options.screenReaderMode ?? false;
  }
  readAloud(wanted: boolean): void {
    this.term.options.screenReaderMode = wanted;
    remember(readsKey, wanted);
  }

  private fit(): void {
    if (this.place.clientWidth > 0 && this.place.clientHeight > 0) this.fitting.fit();
  }

  private stands(state: LinkState): void {
    this.state = state;
    if (state.kind === "ended" || state.kind === "refused" || state.kind === "lost") this.term.write("\r\n");
    for (const listener of this.listeners) listener();
  }
}
