import { ApiError, messageOf } from "@/api/api_error";

/** What is said beside the bytes; docs/guides/agents-here.md has what each means. */
interface TerminalWord {
  type: "start" | "resize" | "started" | "taken" | "exit" | "error";
  cols?: number;
  rows?: number;
  term?: string;
  window?: number;
  bytes?: number;
  status?: number;
  reason?: string;
}

export type LinkState =
  | { kind: "connecting" }
  | { kind: "active" }
  /** It ended as shells do. */
  | { kind: "ended"; status: number }
  /** The platform ended it, or does not open one. */
  | { kind: "refused"; reason: string }
  | { kind: "lost" };

const open = 1;

/** What a link needs of a WebSocket; tests have their own. */
export interface Socket {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export interface Ends {
  /** Shows bytes; calls back once they are shown. */
  shows(bytes: Uint8Array, shown: () => void): void;
  stands(state: LinkState): void;
  /** Asks why none was opened. Throws what the platform says. */
  why(): Promise<unknown>;
}

export interface Size {
  cols: number;
  rows: number;
}

/** Bytes of output that may be under way, and those after which it is told that they were shown. */
const windowSize = 256 * 1024;
const toldEvery = 32 * 1024;
const messageMax = 16 * 1024;

/** A shell over a WebSocket. It is opened once; another one is another link. */
export class TerminalLink {
  private readonly waiting: Uint8Array<ArrayBuffer>[] = [];
  private state: LinkState = { kind: "connecting" };
  private last: LinkState | undefined;
  private shown = 0;
  private told = 0;
  private typed = 0;
  private passed = 0;
  private mayWait = 0;
  private opened = false;
  private readonly socket: Socket;
  private readonly ends: Ends;

  constructor(socket: Socket, size: Size, ends: Ends) {
    this.socket = socket;
    this.ends = ends;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.opened = true;
      this.say({ type: "start", ...size, term: "xterm-256color", window: windowSize });
    };
    socket.onmessage = ({ data }) => this.hear(data);
    socket.onclose = () => void this.over();
  }

  /** Goes on to the program as far as it reads; what does not waits here. */
  type(text: string): void {
    if (this.state.kind !== "active" || text === "") return;
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += messageMax) this.waiting.push(bytes.slice(at, at + messageMax));
    this.pass();
  }

  resize(size: Size): void {
    if (this.state.kind === "active") this.say({ type: "resize", ...size });
  }

  close(): void {
    this.socket.onmessage = null;
    this.socket.onclose = null;
    // Closing before it has opened would be reported as an error in the console.
    if (this.opened) this.socket.close();
    else this.socket.onopen = () => this.socket.close();
  }

  // Before it is told that it has closed it may be closing: what is said then would be lost, and a complaint in the console.
  private send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.socket.readyState <= open) this.socket.send(data);
  }

  private say(word: TerminalWord): void {
    this.send(JSON.stringify(word));
  }

  private pass(): void {
    while (this.waiting.length > 0 && this.typed - this.passed < this.mayWait) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.typed += next.length;
      this.send(next);
    }
  }

  private hear(data: unknown): void {
    if (data instanceof ArrayBuffer) return this.show(new Uint8Array(data));
    if (typeof data !== "string") return;
    const word = JSON.parse(data) as TerminalWord;
    if (word.type === "started") {
      this.mayWait = word.window ?? messageMax;
      this.stands({ kind: "active" });
    } else if (word.type === "taken") {
      this.passed = word.bytes ?? 0;
      this.pass();
    } else if (word.type === "exit" || word.type === "error") {
      this.last = word.reason === undefined ? { kind: "ended", status: word.status ?? 0 } : { kind: "refused", reason: word.reason };
    }
  }

  private show(bytes: Uint8Array): void {
    this.ends.shows(bytes, () => {
      this.shown += bytes.length;
      if (this.shown - this.told < toldEvery || this.last !== undefined || this.state.kind !== "active") return;
      this.told = this.shown;
      this.say({ type: "taken", bytes: this.shown });
    });
  }

  private async over(): Promise<void> {
    if (this.opened) return this.stands(this.last ?? { kind: "lost" });
    // A browser does not tell what was answered in place of a WebSocket; asked without one, the platform says it again.
    try {
      await this.ends.why();
      this.stands({ kind: "lost" });
    } catch (error) {
      const passes = error instanceof ApiError && (error.status === 0 || error.code === "upgrade_required");
      this.stands(passes ? { kind: "lost" } : { kind: "refused", reason: messageOf(error) });
    }
  }

  private stands(state: LinkState): void {
    this.state = state;
    this.ends.stands(state);
  }
}
