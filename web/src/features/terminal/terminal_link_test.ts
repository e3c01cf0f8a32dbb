import { expect, test } from "vitest";
import { ApiError } from "@/api/api_error";
import { TerminalLink, type LinkState, type Socket } from "./terminal_link";

class Wire implements Socket {
  readyState = 1;
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  readonly words: Record<string, unknown>[] = [];
  readonly bytes: Uint8Array[] = [];
  send(data: string | Uint8Array<ArrayBuffer>) {
    if (typeof data === "string") this.words.push(JSON.parse(data) as Record<string, unknown>);
    else this.bytes.push(data);
  }
  close() {
    this.closed = true;
  }
  says(word: object) {
    this.onmessage?.({ data: JSON.stringify(word) });
  }
  shows(size: number) {
    this.onmessage?.({ data: new Uint8Array(size).buffer });
  }
}

function linked(why: () => Promise<unknown> = () => Promise.resolve()) {
  const wire = new Wire();
  const states: LinkState[] = [];
  const pending: (() => void)[] = [];
  let seen = 0;
  const link = new TerminalLink(wire, { cols: 90, rows: 30 }, {
    shows: (bytes, shown) => {
      seen += bytes.length;
      pending.push(shown);
    },
    stands: (state) => void states.push(state),
    why,
  });
  return { wire, link, states, pending, seen: () => seen };
}

test("it starts with its size and is active once the platform says so", () => {
  const { wire, states, link } = linked();
  link.type("too early");
  wire.onopen?.();
  expect(wire.words).toEqual([{ type: "start", cols: 90, rows: 30, term: "xterm-256color", window: 262144 }]);
  wire.says({ type: "started", window: 1000 });
  expect(states).toEqual([{ kind: "active" }]);
  link.resize({ cols: 100, rows: 40 });
  expect(wire.words.at(-1)).toEqual({ type: "resize", cols: 100, rows: 40 });
  expect(wire.bytes).toHaveLength(0);
});

test("what is typed waits for what was passed on", () => {
  const { wire, link } = linked();
  wire.onopen?.();
  wire.says({ type: "started", window: 20000 });
  link.type("é".repeat(30000));
  expect(wire.bytes.map((each) => each.length)).toEqual([16384, 16384]);
  wire.says({ type: "taken", bytes: 32768 });
  expect(wire.bytes.map((each) => each.length)).toEqual([16384, 16384, 16384, 10848]);
});

test("what was shown is told in steps", () => {
  const { wire, pending } = linked();
  wire.onopen?.();
  wire.says({ type: "started", window: 1 });
  wire.shows(30000);
  wire.shows(30000);
  expect(wire.words).toHaveLength(1);
  for (const shown of pending) shown();
  expect(wire.words.slice(1)).toEqual([{ type: "taken", bytes: 60000 }]);
});

test("nothing is said to a socket that is closing", () => {
  const { wire, link, pending } = linked();
  wire.onopen?.();
  wire.says({ type: "started", window: 100000 });
  wire.shows(100);
  wire.readyState = 2;
  const said = wire.words.length;
  for (const shown of pending) shown();
  link.resize({ cols: 10, rows: 10 });
  link.type("lost");
  expect(wire.words).toHaveLength(said);
  expect(wire.bytes).toHaveLength(0);
});

test("it tells how it ended", async () => {
  const ends: [object | undefined, LinkState][] = [
    [{ type: "exit", status: 3 }, { kind: "ended", status: 3 }],
    [{ type: "exit", reason: "the workspace was paused" }, { kind: "refused", reason: "the workspace was paused" }],
    [{ type: "error", reason: "no room" }, { kind: "refused", reason: "no room" }],
    [undefined, { kind: "lost" }],
  ];
  for (const [word, state] of ends) {
    const { wire, states } = linked();
    wire.onopen?.();
    wire.says({ type: "started", window: 1 });
    if (word) wire.says(word);
    wire.onclose?.();
    await Promise.resolve();
    expect(states.at(-1)).toEqual(state);
  }
});

test("why none is opened is asked for", async () => {
  const refused = linked(() => Promise.reject(new ApiError(404, "agent_not_here", "this platform has started no agent")));
  refused.wire.onclose?.();
  await new Promise((resolve) => setTimeout(resolve));
  expect(refused.states).toEqual([{ kind: "refused", reason: "this platform has started no agent" }]);
  const away = linked(() => Promise.reject(new ApiError(426, "upgrade_required", "this path speaks WebSocket only")));
  away.wire.onclose?.();
  await new Promise((resolve) => setTimeout(resolve));
  expect(away.states).toEqual([{ kind: "lost" }]);
});

test("one that is closed says nothing more", () => {
  const { wire, link, states } = linked();
  link.close();
  wire.onopen?.();
  expect(wire.closed).toBe(true);
  wire.onclose?.();
  expect(states).toEqual([]);
});
