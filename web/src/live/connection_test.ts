import { beforeEach, describe, expect, it, vi } from "vitest";
import { backoffMaxMs, credentialEnded, heldMax, LiveConnection, offlineAfter, pollEveryMs, silenceMs, stalledMs, type LiveState, type Socket } from "./connection";
import type { Frame } from "./frame";

/** A platform of which the test decides every answer. */
class Stage {
  seq = 10;
  failing = false;
  sockets: (Socket & { since: number; closed: boolean })[] = [];
  pictures: number[] = [];
  frames: Frame[] = [];
  states: LiveState[] = [];
  gaps = 0;
  polls = 0;
  loadFailures: unknown[] = [];
  pollFailures: unknown[] = [];
  snapshots = 0;
  hold: Promise<void> | undefined;
  connection = new LiveConnection<number>(
    {
      snapshot: async () => {
        this.snapshots += 1;
        const seq = this.seq;
        if (this.hold) await this.hold;
        if (this.failing) throw new Error("down");
        return { picture: seq, seq };
      },
      open: (since) => {
        const socket = { since, closed: false, onmessage: null, onclose: null, close: () => void (socket.closed = true) } as Socket & {
          since: number;
          closed: boolean;
        };
        this.sockets.push(socket);
        return socket;
      },
      after: (milliseconds, run) => {
        const timer = setTimeout(run, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    {
      onPicture: (picture) => this.pictures.push(picture),
      onFrames: (frames) => this.frames.push(...frames),
      onGap: () => (this.gaps += 1),
      onPolled: () => (this.polls += 1),
      onState: (state) => this.states.push(state),
      onLoadFailure: (error) => this.loadFailures.push(error),
      onPollFailure: (error) => this.pollFailures.push(error),
    },
  );

  get socket() {
    const last = this.sockets.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }
  say(value: unknown) {
    this.socket.onmessage?.({ data: JSON.stringify(value) });
  }
  hello(resumed = true) {
    this.say({ event: "HELLO", seq: this.seq, resumed });
  }
  event(seq: number, transient = false) {
    this.say({ event: "TASK_UPDATED", workspace_id: "w", timestamp: "2026-01-01T00:00:00Z", payload: {}, seq, ...(transient ? { transient } : {}) });
  }
  drop(code?: number) {
    this.socket.onclose?.(code);
  }
  async pass(milliseconds: number) {
    await vi.advanceTimersByTimeAsync(milliseconds);
  }
  async start() {
    this.connection.start();
    await this.pass(0);
  }
  get seqs() {
    return this.frames.map((frame) => frame.seq);
  }
}

describe("the live connection", () => {
  let stage: Stage;
  beforeEach(() => {
    vi.useFakeTimers();
    stage = new Stage();
    return () => {
      stage.connection.stop();
      vi.useRealTimers();
    };
  });

  it("reads a picture, then follows from its position", async () => {
    await stage.start();
    expect(stage.pictures).toEqual([10]);
    expect(stage.socket.since).toBe(10);
    stage.hello();
    expect(stage.states).toEqual(["live"]);
    stage.event(11);
    stage.event(13);
    await stage.pass(20);
    expect(stage.seqs).toEqual([11, 13]);
  });

  it("asks at once whether it is signed out when its credential has ended", async () => {
    await stage.start();
    stage.hello();
    stage.failing = true;
    stage.drop(credentialEnded);
    await stage.pass(1);
    expect(stage.pollFailures).toHaveLength(1);
    await stage.pass(pollEveryMs);
    expect(stage.pollFailures).toHaveLength(2);
  });

  it("never hands the same event over twice, but lets latest values through", async () => {
    await stage.start();
    stage.hello();
    stage.event(11);
    stage.event(11);
    stage.event(10);
    stage.event(11, true);
    await stage.pass(20);
    expect(stage.seqs).toEqual([11, 11]);
    expect(stage.frames.map((frame) => frame.transient)).toEqual([false, true]);
  });

  it("comes back from its last position after a drop", async () => {
    await stage.start();
    stage.hello();
    stage.event(15);
    stage.drop();
    expect(stage.states.at(-1)).toBe("reconnecting");
    await stage.pass(1000);
    expect(stage.sockets).toHaveLength(2);
    expect(stage.socket.since).toBe(15);
    stage.hello();
    expect(stage.states.at(-1)).toBe("live");
  });

  it("takes a new picture when it cannot resume, holding what arrives meanwhile", async () => {
    await stage.start();
    let release: () => void = () => undefined;
    stage.seq = 40;
    stage.hold = new Promise((resolve) => (release = resolve));
    stage.hello(false);
    stage.event(39);
    stage.event(41);
    await stage.pass(20);
    expect(stage.seqs).toEqual([]);
    release();
    await stage.pass(20);
    expect(stage.pictures).toEqual([10, 40]);
    expect(stage.seqs).toEqual([41]);
    expect(stage.states.at(-1)).toBe("live");
  });

  it("takes another picture when more arrived than it may hold", async () => {
    await stage.start();
    let release: () => void = () => undefined;
    stage.hold = new Promise((resolve) => (release = resolve));
    stage.hello(false);
    for (let i = 0; i <= heldMax; i += 1) stage.event(100 + i);
    release();
    await stage.pass(20);
    expect(stage.snapshots).toBe(3);
  });

  it("waits longer after each failure, at most thirty seconds, and says offline", async () => {
    await stage.start();
    stage.failing = true;
    const waits = [1000, 2000, 4000, 8000, 16_000, backoffMaxMs, backoffMaxMs];
    for (const [index, wait] of waits.entries()) {
      stage.drop();
      await stage.pass(0);
      expect(stage.states.at(-1)).toBe(index + 1 >= offlineAfter ? "offline" : "reconnecting");
      await stage.pass(wait - 1);
      expect(stage.sockets).toHaveLength(index + 1);
      await stage.pass(1);
      expect(stage.sockets).toHaveLength(index + 2);
    }
    stage.hello();
    expect(stage.states.at(-1)).toBe("live");
  });

  it("does not call a platform gone that only lets no socket through", async () => {
    await stage.start();
    for (let failures = 1; failures <= offlineAfter; failures += 1) {
      stage.drop();
      await stage.pass(failures < offlineAfter ? 1000 * 2 ** (failures - 1) : 0);
    }
    expect(stage.states).toEqual(["reconnecting", "polling"]);
    expect(stage.polls).toBe(1);
    stage.failing = true;
    await stage.pass(pollEveryMs);
    expect(stage.states.at(-1)).toBe("offline");
    stage.failing = false;
    await stage.pass(pollEveryMs);
    expect(stage.states.at(-1)).toBe("polling");
    stage.hello();
    expect(stage.states.at(-1)).toBe("live");
  });

  it("reads the picture every ten seconds while it is down", async () => {
    await stage.start();
    stage.drop();
    stage.seq = 22;
    await stage.pass(pollEveryMs);
    expect(stage.pictures).toEqual([10, 22]);
    expect(stage.polls).toBe(1);
    stage.failing = true;
    await stage.pass(pollEveryMs);
    expect(stage.pollFailures).toHaveLength(1);
    expect(stage.polls).toBe(1);
  });

  it("goes on where the socket broke off, whatever pictures were read meanwhile", async () => {
    await stage.start();
    stage.hello();
    stage.event(15);
    stage.drop();
    // Every attempt fails, and a picture comes through before the socket does.
    stage.seq = 60;
    await stage.pass(1000);
    stage.drop();
    await stage.pass(2000);
    stage.drop();
    await stage.pass(pollEveryMs);
    expect(stage.pictures).toContain(60);
    expect(stage.socket.since).toBe(15);
    stage.hello();
    for (let seq = 16; seq <= 60; seq += 1) stage.event(seq);
    await stage.pass(20);
    expect(stage.seqs).toEqual([15, ...Array.from({ length: 45 }, (_, i) => 16 + i)]);
    expect(stage.gaps).toBe(0);
  });

  it("says that events were missed when it cannot go on, and only then", async () => {
    await stage.start();
    stage.hello();
    stage.drop();
    await stage.pass(1000);
    stage.seq = 500;
    stage.hello(false);
    await stage.pass(20);
    expect(stage.gaps).toBe(1);
    stage.connection.refresh();
    await stage.pass(20);
    expect(stage.gaps).toBe(1);
    stage.event(501);
    await stage.pass(20);
    expect(stage.seqs).toEqual([501]);
  });

  it("leaves a socket that does not bring what a picture shows to be there", async () => {
    await stage.start();
    stage.hello();
    stage.seq = 12;
    await stage.pass(silenceMs);
    const first = stage.socket;
    await stage.pass(stalledMs);
    expect(first.closed).toBe(true);
    await stage.pass(1000);
    expect(stage.socket.since).toBe(10);
  });

  it("tries the first picture three times and then says so; retrying starts over", async () => {
    stage.failing = true;
    await stage.start();
    await stage.pass(3000);
    expect(stage.snapshots).toBe(3);
    expect(stage.loadFailures).toHaveLength(1);
    stage.failing = false;
    stage.connection.retry();
    await stage.pass(0);
    expect(stage.pictures).toEqual([10]);
  });

  it("starts over when a picture it needs cannot be read", async () => {
    await stage.start();
    stage.failing = true;
    const first = stage.socket;
    stage.hello(false);
    await stage.pass(0);
    expect(first.closed).toBe(true);
    expect(stage.states.at(-1)).toBe("reconnecting");
  });

  it("checks a silent connection once with a picture", async () => {
    await stage.start();
    stage.hello();
    await stage.pass(silenceMs);
    expect(stage.snapshots).toBe(2);
    await stage.pass(silenceMs);
    expect(stage.snapshots).toBe(2);
    stage.event(11);
    await stage.pass(silenceMs);
    expect(stage.snapshots).toBe(3);
  });

  it("ignores what is not an event, and everything after it was stopped", async () => {
    await stage.start();
    stage.hello();
    stage.socket.onmessage?.({ data: "not json" });
    stage.say({ nothing: true });
    const receive = stage.socket.onmessage;
    stage.connection.stop();
    receive?.({ data: JSON.stringify({ event: "TASK_UPDATED", workspace_id: "w", seq: 99 }) });
    await stage.pass(60_000);
    expect(stage.frames).toEqual([]);
    expect(stage.sockets).toHaveLength(1);
  });

  it("tries at once when somebody asks for it, however long the wait was", async () => {
    await stage.start();
    stage.hello();
    stage.failing = true;
    for (let i = 0; i < offlineAfter; i += 1) {
      stage.drop();
      await stage.pass(backoffMaxMs);
    }
    expect(stage.states.at(-1)).toBe("offline");
    const hanging = stage.socket;
    const before = { sockets: stage.sockets.length, snapshots: stage.snapshots };
    stage.failing = false;
    stage.connection.reconnect();
    await stage.pass(0);
    expect(hanging.closed).toBe(true);
    expect(stage.sockets.length).toBe(before.sockets + 1);
    expect(stage.snapshots).toBe(before.snapshots + 1);
    stage.hello();
    expect(stage.states.at(-1)).toBe("live");
    stage.connection.reconnect();
    expect(stage.sockets.length, "what is live is left alone").toBe(before.sockets + 1);
  });
});
