// The platform goes away and comes back: the page says so, misses nothing and stays signed in.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./person.mjs";
import { Browser, picture, Platform } from "./stage.mjs";

const platform = new Platform();
const browser = new Browser();
let person;

before(async () => {
  await platform.start();
  platform.startAgents();
  await browser.start();
  person = new Person(await browser.page());
  await person.claims(platform.claimLink);
  await person.seesCard("researcher", "Online");
  await person.seesCard("pm", "Online");
  await person.seesLive();
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

/** What is drawn now is remembered, and asked later whether it is still the same: nothing may be drawn anew. */
const remembers = () =>
  person.page.evaluate(() => {
    window.drawn = [...document.querySelectorAll('.react-flow__node, #panel-chat [role="log"], #panel-chat textarea')];
    return window.drawn.length;
  });
const stillDrawn = () => person.page.evaluate(() => window.drawn.filter((each) => each.isConnected).length);

test("a lost platform is shown, and the picture stays", async () => {
  browser.expect(/ERR_CONNECTION_REFUSED|WebSocket|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|Failed to load resource/);
  await person.opensCard("pm");
  await person.page.getByText("No messages yet").waitFor();
  assert.equal(await remembers(), 4);
  await platform.stopServer();
  await person.page.locator('[data-live="reconnecting"], [data-live="offline"]').waitFor();
  await picture(person.page, "reconnecting");
  await person.card("pm").waitFor();
});

test("it comes back live by itself, signed in, with its agents", async () => {
  await platform.start();
  await person.page.locator('[data-live="live"]').waitFor({ timeout: 45_000 });
  await person.page.getByText("Live updates restored").waitFor();
  await person.seesCard("pm", "Online");
  await person.seesCard("researcher", "Online");
  assert.equal(await stillDrawn(), 4, "reconnecting draws nothing anew");
});

test("and a question is answered as before", async () => {
  await person.opensCard("pm");
  await person.writes("Summarise LICENSE in 2 bullet points");
  const answer = await person.getsAnswer(/LICENSE/, 90_000);
  assert.equal((await person.bullets(answer, 2)).length, 2);
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
