import { afterEach, expect, test, vi } from "vitest";
import type { Frame } from "./frame";
import { LogFeed, pageSize } from "./log_feed";

const past = (seq: number) => ({ id: String(seq), seq, event_type: "WORKSPACE_ONLINE", workspace_id: "w", payload: {}, created_at: "2026-01-01T00:00:00Z" });
const frame = (seq: number, more: Partial<Frame> = {}) => ({ event: "WORKSPACE_ONLINE", workspace_id: "w", at: 0, payload: {}, seq, transient: false, ...more }) as Frame;
const pages = (...all: unknown[]) => vi.stubGlobal("fetch", vi.fn(async () => new Response(JSON.stringify(all.shift() ?? []))));
const seqs = (feed: LogFeed) => feed.state.get().events.map(({ seq }) => seq);
afterEach(() => vi.unstubAllGlobals());

test("it is read back page by page and grows as events come, each once", async () => {
  pages([past(3), past(2)], [past(1)], []);
  const feed = new LogFeed();
  await feed.load();
  feed.notice([frame(3), frame(4), frame(9, { transient: true })]);
  expect(seqs(feed)).toEqual([4, 3, 2]);
  await feed.loadOlder();
  expect(seqs(feed)).toEqual([4, 3, 2, 1]);
  await feed.loadOlder();
  expect(feed.state.get().more).toBe(false);
});

test("what comes while the first page is read joins nothing, and what is older can be read", async () => {
  pages([past(5), past(4)], [past(3)]);
  const feed = new LogFeed();
  const reading = feed.load();
  feed.notice([frame(6)]);
  await reading;
  expect(seqs(feed)).toEqual([6, 5, 4]);
  expect(feed.state.get().more).toBe(true);
  await feed.loadOlder();
  expect(seqs(feed)).toEqual([6, 5, 4, 3]);
});

test("what came before the first page could be read leaves the older ones to be read", async () => {
  const feed = new LogFeed();
  vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("offline")));
  await feed.load();
  feed.notice([frame(6)]);
  pages([past(6), past(5)]);
  await feed.load();
  expect(seqs(feed)).toEqual([6, 5]);
  expect(feed.state.get().more).toBe(true);
});

test("what comes while a gap is read does not hide it", async () => {
  pages([past(2), past(1)], [past(9), past(8)], [past(7)]);
  const feed = new LogFeed();
  await feed.load();
  const reading = feed.load();
  feed.notice([frame(10)]);
  await reading;
  expect(seqs(feed)).toEqual([10, 9, 8]);
  await feed.loadOlder();
  expect(seqs(feed)).toEqual([10, 9, 8, 7]);
});

test("one of a workspace passes others over", () => {
  const feed = new LogFeed("w");
  feed.notice([frame(1), frame(2, { workspace_id: "x" })]);
  expect(seqs(feed)).toEqual([1]);
});

test("after a gap that is longer than a page it begins anew", async () => {
  const whole = Array.from({ length: pageSize }, (_, index) => past(1000 - index));
  pages([past(2), past(1)], whole);
  const feed = new LogFeed();
  await feed.load();
  await feed.load();
  expect(seqs(feed)).toHaveLength(pageSize);
  expect(feed.state.get().more).toBe(true);
});
