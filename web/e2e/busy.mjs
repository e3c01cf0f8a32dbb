// How long a page's main thread is kept busy at a stretch, in processor time: what a person meets as a page that stands still.
import assert from "node:assert/strict";

const traced = ["toplevel", "__metadata"];

/** The longest task that pages did on their main threads while `play` ran, in milliseconds. */
export async function longestTask(page, play) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: traced });
  let trace;
  try {
    await play();
  } finally {
    trace = await browser.stopTracing();
  }
  const { traceEvents } = JSON.parse(trace.toString());
  const threads = traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const main = new Set(threads.map(({ pid, tid }) => `${pid}:${tid}`));
  const tasks = traceEvents.filter(({ cat, tdur, pid, tid }) => cat === "toplevel" && tdur !== undefined && main.has(`${pid}:${tid}`));
  assert.ok(tasks.length > 0, "the browser told of no task");
  return Math.round(Math.max(...tasks.map(({ tdur }) => tdur)) / 1000);
}
