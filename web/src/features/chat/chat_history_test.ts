import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ActivityRow } from "@/api/activity_api";
import { applyToThread, changeThread, threadOf, threadsStore } from "@/model/chat_store";
import { catchUpMax, ChatHistory, pageRows } from "./chat_history";

const t0 = Date.parse("2026-01-01T10:00:00Z");

/** A platform with messages 1 to `count`, one a second, each answered, of which one answer holds at most `answerMax`. */
class Platform {
  count = 0;
  answerMax = 500;
  asked = 0;
  /** Rows that one answer looks at, and of which one in `every` is what was asked for. */
  searchedMax = Infinity;
  every = 1;
  /** From this message on the clock is an hour behind. */
  clockBackAt = Infinity;

  row(n: number): ActivityRow {
    const created_at = new Date(t0 + n * 1000 - (n < this.clockBackAt ? 0 : 3_600_000)).toISOString();
    const request_body = { params: { message: { messageId: `m${n}`, parts: [{ text: `question ${n}` }] } } };
    return { id: `r${n}`, seq: n, created_at, request_body, response_body: { result: `answer ${n}` }, duration_ms: 10, method: "message/send", status: "ok" } as ActivityRow;
  }

  answer(path: string): Response {
    this.asked += 1;
    const query = new URL(path, "http://platform").searchParams;
    const before = query.get("before_seq");
    const from = before ? Math.min(this.count, Number(before) - 1) : this.count;
    const most = Math.min(Number(query.get("limit")), this.answerMax);
    const found = Array.from({ length: Math.max(0, Math.min(most, from)) }, (_, i) => this.row(from - i));
    const edge = from - this.searchedMax;
    const rows = found.filter(({ seq }) => seq > edge);
    const headers: HeadersInit = rows.length < most && edge > 0 ? { "X-Molecule-Before-Seq": String(edge + 1) } : {};
    return new Response(JSON.stringify(rows.filter(({ seq }) => seq % this.every === 0)), { headers });
  }
}

let platform: Platform;
beforeEach(() => {
  threadsStore.set(new Map());
  platform = new Platform();
  vi.stubGlobal("fetch", async (path: string) => platform.answer(path));
});
afterEach(() => vi.unstubAllGlobals());

const asked = () =>
  threadOf(threadsStore.get(), "pm")
    .messages.filter(({ role }) => role === "user")
    .map(({ id }) => Number(id.slice(1)));
const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

it("reads the newest page, and older ones on request, to the very first", async () => {
  platform.count = 70;
  const history = new ChatHistory("pm");
  await history.read();
  expect(asked()).toEqual(from(21, 70));
  expect(history.state.get()).toEqual({ loading: false, error: undefined, more: true, full: false });
  await history.readOlder();
  expect(asked()).toEqual(from(1, 70));
  expect(history.state.get().more).toBe(false);
});

it("looks as far back as it has to for what is rare", async () => {
  platform.count = 1000;
  platform.searchedMax = 40;
  platform.every = 400;
  const history = new ChatHistory("pm");
  await history.read();
  expect(asked()).toEqual([400, 800]);
  expect(history.state.get().more).toBe(false);
});

it("goes on below the last row although the clock went back before it", async () => {
  platform.count = 170;
  platform.clockBackAt = 120;
  const history = new ChatHistory("pm");
  await history.read();
  for (let pages = 0; pages < 3; pages += 1) await history.readOlder();
  expect([...asked()].sort((a, b) => a - b)).toEqual(from(1, 170));
  expect(history.state.get().more).toBe(false);
});

it("leaves no hole, however many messages came while nothing was heard", async () => {
  platform.count = 10;
  const history = new ChatHistory("pm");
  await history.read();
  platform.count = 10 + 3 * pageRows;
  // An event of the newest one came before the reading: it must not pass for what was read.
  changeThread("pm", (thread) =>
    applyToThread(thread, { event: "USER_MESSAGE", workspace_id: "pm", seq: 1, at: t0 + 160_000, transient: false, payload: { message_id: "m160", content: "question 160", activity_id: "r160" } }),
  );
  await history.read();
  expect(asked()).toEqual(from(1, 160));
});

it("begins anew instead of leaving a hole that is too large, and says that there is more", async () => {
  platform.count = 10;
  const history = new ChatHistory("pm");
  await history.read();
  platform.count = 5000;
  await history.read();
  expect(asked()).toEqual(from(5001 - catchUpMax, 5000));
  expect(history.state.get()).toMatchObject({ more: true, full: false });
});

it("does not stand a new page beside what an earlier panel had read", async () => {
  platform.count = 10;
  await new ChatHistory("pm").read();
  platform.count = 200;
  const history = new ChatHistory("pm");
  await history.read();
  expect(asked()).toEqual(from(151, 200));
  await history.readOlder();
  expect(asked()).toEqual(from(101, 200));
});

it("takes a short answer for the end only when nothing is behind it", async () => {
  platform.count = 60;
  platform.answerMax = 20;
  const history = new ChatHistory("pm");
  await history.read();
  expect(asked()).toEqual(from(11, 60));
  expect(history.state.get().more).toBe(true);
  platform.count = 3;
  threadsStore.set(new Map());
  const small = new ChatHistory("pm");
  await small.read();
  expect(small.state.get().more).toBe(false);
});

it("reads the rest of a message of which an event told the beginning", async () => {
  platform.count = 1;
  const history = new ChatHistory("pm");
  const stop = history.start();
  await vi.waitFor(() => expect(history.state.get().loading).toBe(false));
  const payload = { message_id: "m2", response_body: { result: "ans" }, truncated: true };
  platform.count = 2;
  changeThread("pm", (thread) => applyToThread(thread, { event: "A2A_RESPONSE", workspace_id: "pm", seq: 2, at: t0 + 2010, transient: false, payload }));
  const last = () => threadOf(threadsStore.get(), "pm").messages.at(-1);
  expect(last()).toMatchObject({ text: "ans", truncated: true });
  await vi.waitFor(() => expect(last()).toMatchObject({ id: "answer:m2", text: "answer 2" }));
  stop();
});
