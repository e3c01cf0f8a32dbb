import { isHello, readFrame, type Frame } from "./frame";

export type LiveState = "connecting" | "live" | "reconnecting" | "polling" | "offline";

/** The part of a WebSocket that is used. */
export interface Socket {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((code?: number) => void) | null;
  close(): void;
}

/** The outside world, so that tests can play it. */
export interface LiveWorld<S> {
  /** A fresh picture and the log position it contains. */
  snapshot(): Promise<{ picture: S; seq: number }>;
  /** Opens the event socket from a log position on. */
  open(since: number): Socket;
  after(milliseconds: number, run: () => void): () => void;
}

export interface LiveHandlers<S> {
  /** A picture of now, and the log position it contains: events up to there are in it already. */
  onPicture(picture: S, seq: number): void;
  /**
   * Events in ascending order and none twice. A picture does not stand for them: whoever follows events gets those that
   * a picture read meanwhile contains as well. None is missed unless `onGap` said so.
   */
  onFrames(frames: Frame[]): void;
  onState(state: LiveState): void;
  /** Events were missed that will not come any more: what is made of them must be read anew. */
  onGap?(): void;
  /** No events come at present, and a picture was taken instead. */
  onPolled?(): void;
  /** The first picture could not be read, after every attempt; `retry()` starts over. */
  onLoadFailure(error: unknown): void;
  /** A later picture could not be read; the connection goes on trying. */
  onPollFailure(error: unknown): void;
}

export const firstLoadDelaysMs = [1000, 2000];
export const backoffFirstMs = 1000;
export const backoffMaxMs = 30_000;
export const pollEveryMs = 10_000;
/** A connection this quiet is checked once with a fresh picture. */
export const silenceMs = 45_000;
/** Events that a picture shows to be there must have come by the socket within this time, or it is dead. */
export const stalledMs = 5000;
/** After this many failed attempts in a row, "reconnecting" becomes "polling" where pictures come through, else "offline". */
export const offlineAfter = 4;
/** Frames kept while a picture is under way; more than this and another picture is taken. */
export const heldMax = 10_000;
/** The platform closes a socket with this code when the session or token it was opened with has ended. */
export const credentialEnded = 4401;
/** Frames of one screen frame are handed over together. */
const batchMs = 16;

/**
 * One socket for the page: a picture first, then every event after it by sequence number. When the platform says it
 * cannot resume from our position, or its numbers go backwards, a new picture is taken and the events that arrive
 * meanwhile are held and replayed over it. While the socket is down the picture is polled; the position in the log
 * belongs to the socket alone and does not move with those pictures, so that the socket goes on where it broke off.
 */
export class LiveConnection<S> {
  readonly #world: LiveWorld<S>;
  readonly #handlers: LiveHandlers<S>;
  #seq = 0;
  #socket: Socket | undefined;
  #state: LiveState = "connecting";
  #failures = 0;
  #held: Frame[] | undefined;
  #heldTooMany = false;
  #batch: Frame[] = [];
  #stopped = false;
  #checkedSilence = false;
  readonly #timers = new Map<string, () => void>();

  constructor(world: LiveWorld<S>, handlers: LiveHandlers<S>) {
    this.#world = world;
    this.#handlers = handlers;
  }

  start(): void {
    void this.#load(0);
  }

  /** Starts over after a failed first load. */
  retry(): void {
    this.#setState("connecting");
    void this.#load(0);
  }

  /** Tries the socket now instead of at the next attempt: the network came back. */
  hurry(): void {
    if (this.#socket || !this.#timers.has("reconnect")) return;
    this.#cancel("reconnect");
    this.#connect();
  }

  /** Somebody asked for it: the socket is tried anew and a picture read, whatever was waited for. */
  reconnect(): void {
    if (this.#stopped || this.#state === "live" || this.#state === "connecting") return;
    const hanging = this.#socket;
    this.#socket = undefined;
    this.#cancel("silence");
    this.#cancel("stalled");
    this.#cancel("reconnect");
    hanging?.close();
    this.#connect();
    this.#schedule("poll", 0, () => void this.#poll());
  }

  /** Takes a fresh picture now: an event spoke of something this page does not know. */
  refresh(): void {
    if (!this.#held) void this.#resync();
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
    }
  }

  async #load(attempt: number): Promise<void> {
    try {
      const { picture, seq } = await this.#world.snapshot();
      if (this.#stopped) return;
      this.#seq = seq;
      this.#handlers.onPicture(picture, seq);
      this.#connect();
    } catch (error) {
      if (this.#stopped) return;
      const wait = firstLoadDelaysMs[attempt];
      if (wait === undefined) {
        this.#setState("offline");
        this.#handlers.onLoadFailure(error);
      } else this.#schedule("load", wait, () => void this.#load(attempt + 1));
    }
  }

  #connect(): void {
    const socket = this.#world.open(this.#seq);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket && typeof data === "string") this.#receive(data);
    };
    socket.onclose = (code) => {
      if (this.#socket === socket) this.#lost(code);
    };
  }

  #receive(text: string): void {
    const frame = readFrame(text);
    if (!frame) return;
    this.#watchSilence();
    if (isHello(frame)) {
      this.#failures = 0;
      this.#cancel("poll");
      if (frame.resumed) this.#setState("live");
      else void this.#resync(true);
      return;
    }
    if (this.#held) {
      if (this.#held.length < heldMax) this.#held.push(frame);
      else this.#heldTooMany = true;
      return;
    }
    this.#accept(frame);
  }

  #accept(frame: Frame): void {
    if (!frame.transient) {
      if (frame.seq <= this.#seq) return;
      this.#seq = frame.seq;
    }
    this.#batch.push(frame);
    if (!this.#timers.has("batch")) this.#schedule("batch", batchMs, () => this.#flush());
  }

  #flush(): void {
    const frames = this.#batch;
    this.#batch = [];
    if (frames.length > 0) this.#handlers.onFrames(frames);
  }

  /** Takes a fresh picture. `gap`: events before it will not come, so the position moves to it. */
  async #resync(gap = false): Promise<void> {
    if (this.#held) return;
    const held: Frame[] = [];
    this.#held = held;
    this.#heldTooMany = false;
    try {
      const { picture, seq } = await this.#world.snapshot();
      if (this.#stopped) return;
      this.#cancel("batch");
      this.#flush();
      this.#held = undefined;
      const lost = gap || this.#heldTooMany;
      if (lost) this.#seq = seq;
      this.#handlers.onPicture(picture, seq);
      for (const frame of held) this.#accept(frame);
      if (seq > this.#seq) this.#watchStall(seq);
      if (lost) this.#handlers.onGap?.();
      if (this.#socket) this.#setState("live");
      if (this.#heldTooMany) void this.#resync(true);
    } catch (error) {
      this.#held = undefined;
      if (this.#stopped) return;
      this.#handlers.onPollFailure(error);
      // Without a picture the events cannot be trusted: start the connection over.
      const socket = this.#socket;
      if (socket) {
        this.#lost();
        socket.close();
      }
    }
  }

  #lost(code?: number): void {
    this.#socket = undefined;
    this.#cancel("silence");
    this.#cancel("stalled");
    if (this.#stopped) return;
    this.#failures += 1;
    if (this.#failures < offlineAfter) this.#setState("reconnecting");
    const wait = Math.min(backoffMaxMs, backoffFirstMs * 2 ** (this.#failures - 1));
    this.#schedule("reconnect", wait, () => this.#connect());
    // Whoever was signed out is told now, not at the next poll.
    // Whether the platform is gone or only the way of the socket is closed, a picture tells.
    if (code === credentialEnded || this.#failures === offlineAfter) this.#schedule("poll", 0, () => void this.#poll());
    else if (!this.#timers.has("poll")) this.#schedule("poll", pollEveryMs, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    try {
      const { picture, seq } = await this.#world.snapshot();
      if (this.#stopped || this.#state === "live") return;
      // The platform is there, and something on the way keeps the socket from it.
      if (this.#failures >= offlineAfter) this.#setState("polling");
      this.#handlers.onPicture(picture, seq);
      this.#handlers.onPolled?.();
    } catch (error) {
      if (this.#stopped) return;
      if (this.#failures >= offlineAfter) this.#setState("offline");
      this.#handlers.onPollFailure(error);
    }
    if (!this.#stopped && this.#state !== "live") this.#schedule("poll", pollEveryMs, () => void this.#poll());
  }

  #watchSilence(): void {
    this.#checkedSilence = false;
    this.#schedule("silence", silenceMs, () => {
      if (this.#checkedSilence || !this.#socket) return;
      this.#checkedSilence = true;
      void this.#resync();
    });
  }

  /** The picture is ahead of the socket. */
  #watchStall(seq: number): void {
    this.#schedule("stalled", stalledMs, () => {
      const socket = this.#socket;
      if (!socket || this.#seq >= seq) return;
      this.#lost();
      socket.close();
    });
  }

  #setState(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#handlers.onState(state);
  }

  #schedule(name: string, milliseconds: number, run: () => void): void {
    this.#cancel(name);
    const cancel = this.#world.after(milliseconds, () => {
      this.#timers.delete(name);
      run();
    });
    this.#timers.set(name, cancel);
  }

  #cancel(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}
