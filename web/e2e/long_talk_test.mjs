// A conversation that went on for weeks: read up to its beginning without a stop, and gone on with at its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { longestTask } from "./busy.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody));

/** More than a page holds of them at first, by far. Each is a question and its answer. */
const exchanges = Number(process.env.E2E_EXCHANGES ?? 520);
const maxTaskMs = 500;
const talk = () => person.page.getByRole("log");
const messages = () => person.page.locator("#panel-chat article");
const fromEnd = () => talk().evaluate((each) => each.scrollHeight - each.scrollTop - each.clientHeight);
let agent;

test("it opens at its end", async () => {
  agent = await new Agent((words) => saying(`heard ${words}: **yes**, and this is more than one line of an answer that somebody may want to read again later.`)).join(platform, "old");
  closing.push(() => agent.leave());
  for (let at = 0; at < exchanges; at += 1)
    await platform.ask("POST", `/workspaces/${agent.id}/a2a`, { method: "message/send", params: { message: { role: "user", parts: [{ kind: "text", text: `question ${at}` }] } } });
  await person.opens(`${platform.url}/w/${agent.id}/chat`);
  await person.getsAnswer(/heard question/);
  await until("the end in view", async () => (await fromEnd()) < 2);
  assert.ok((await messages().count()) <= 100);
});

/** Scrolls to the beginning of what is here, and tells how far what was in view there has moved once there is more before it. */
const readsOn = () =>
  talk().evaluate(async (list) => {
    const frame = () => new Promise(requestAnimationFrame);
    const count = () => list.querySelectorAll("article").length;
    const before = count();
    list.scrollTo(0, 0);
    let [seen, top] = [undefined, 0];
    for (const end = performance.now() + 20_000; count() === before; await frame()) {
      if (performance.now() > end) throw new Error(`no more than ${before} messages came`);
      const box = list.getBoundingClientRect();
      for (let y = box.y + 40; y < box.bottom - 40; y += 12) seen = document.elementFromPoint(box.x + 60, y)?.closest("article") ?? seen;
      top = seen?.getBoundingClientRect().top ?? 0;
    }
    // What comes into view for the first time gets its height.
    for (let turn = 0; turn < 4; turn += 1) await frame();
    return seen ? Math.abs(seen.getBoundingClientRect().top - top) : undefined;
  });

test("who reads on gets what was before, and what is being read stays where it is", async () => {
  const moved = [];
  // As from a platform that is further away: what is read meanwhile is drawn by then.
  await person.page.route(/\/activity\?.*before_seq/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    await route.continue();
  });
  const longest = await longestTask(person.page, async () => {
    while ((await messages().count()) < 2 * exchanges) moved.push(await readsOn());
  });
  console.log(`reading to the beginning: the longest task took ${longest} ms`);
  assert.ok(longest < maxTaskMs, `the page stood still for ${longest} ms`);
  const known = moved.filter((each) => each !== undefined);
  assert.ok(known.length > 0 && known.every((each) => each < 30), `what was read moved by ${moved}`);
  await person.page.getByText("question 0", { exact: true }).waitFor();
});

test("all of it is scrolled through without a stop", async () => {
  await picture(person.page, "long_talk");
  const longest = await longestTask(person.page, async () => {
    const { x, y, width, height } = await talk().boundingBox();
    await person.page.mouse.move(x + width / 2, y + height / 2);
    for (let turn = 0; turn < 60 && (await fromEnd()) > 2; turn += 1) await person.page.mouse.wheel(0, 6000);
    await talk().evaluate((each) => each.scrollTo(0, each.scrollHeight));
  });
  console.log(`scrolling: the longest task took ${longest} ms`);
  assert.ok(longest < maxTaskMs, `the page stood still for ${longest} ms`);
});

test("at its end it goes on as ever", async () => {
  // On a busy machine it was silent for so long that it would count as away.
  await platform.ask("POST", "/registry/heartbeat", { workspace_id: agent.id, active_tasks: 0, error_rate: 0, uptime_seconds: 1, current_task: "" }, agent.token);
  await person.seesCard("old", "Online");
  await until("the end in view", async () => {
    await talk().evaluate((each) => each.scrollTo(0, each.scrollHeight));
    return (await fromEnd()) < 2;
  });
  const longest = await longestTask(person.page, async () => {
    await person.writes("one more");
    await person.getsAnswer(/heard one more/);
  });
  console.log(`one more exchange: the longest task took ${longest} ms`);
  assert.ok(longest < maxTaskMs, `the page stood still for ${longest} ms`);
  await until("the new end in view", async () => (await fromEnd()) < 2);
});

test("who comes back begins at the end again", async () => {
  await person.opensTab("details");
  await person.opensTab("chat");
  await until("the newest alone", async () => (await messages().count()) <= 110);
  await until("the end in view", async () => (await fromEnd()) < 2);
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
