// The demo: a person signs in with the claim link, asks pm, the researcher does it elsewhere, the answer comes back.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./person.mjs";
import { Browser, picture, Platform } from "./stage.mjs";

const question = "Summarise README.md in 3 bullet points";
const platform = new Platform();
const browser = new Browser();
let person;

before(async () => {
  await platform.start();
  platform.startAgents();
  await browser.start();
  person = new Person(await browser.page({ colorScheme: "light" }));
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

test("the claim link signs the browser in and shows the organisation", async () => {
  await person.claims(platform.claimLink);
  await person.seesCard("pm", "Online");
  await person.seesCard("researcher", "Online");
  await person.seesLive();
  assert.equal(new URL(person.page.url()).pathname, "/");
  const badge = person.card("researcher").locator('[data-badge="remote"]');
  assert.equal((await badge.textContent()).trim(), "REMOTE");
  assert.equal(await person.card("pm").locator('> * [data-badge="remote"]').count(), 0);
});

test("the researcher is drawn inside pm", async () => {
  const outer = await person.card("pm").boundingBox();
  const inner = await person.card("researcher").boundingBox();
  assert.ok(inner.x > outer.x && inner.y > outer.y);
  assert.ok(inner.x + inner.width < outer.x + outer.width && inner.y + inner.height < outer.y + outer.height);
});

test("a question to pm is worked on by both and answered with three bullets", async () => {
  await person.opensCard("pm");
  // Both strips may come and go quickly, so the page keeps what it saw.
  await person.page.evaluate(() => {
    window.workedOn = new Set();
    const look = () => {
      for (const strip of document.querySelectorAll(".react-flow__node [data-current-task]"))
        window.workedOn.add(strip.closest(".react-flow__node").getAttribute("aria-label").split(" ")[0]);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await person.writes(question);
  await person.card("pm").locator("[data-current-task]").first().waitFor();
  await picture(person.page, "working");
  const answer = await person.getsAnswer(/README/);
  await picture(person.page, "answered");
  const bullets = await person.bullets(answer, 3);
  assert.equal(bullets.length, 3, await answer.textContent());
  for (const bullet of bullets) assert.ok(bullet.trim().length > 20, bullet);
  const workedOn = await person.page.evaluate(() => [...window.workedOn]);
  assert.deepEqual(workedOn.sort(), ["pm", "researcher"]);
  assert.equal(await person.page.locator('[data-role="agent"]').count(), 1, "the answer is shown once");
});

test("the activity feed shows every hop", async () => {
  await person.opensTab("activity");
  await person.seesActivity(/You → pm|message\/send/);
  await person.page.locator('#panel-activity li[data-activity-type="delegation"]').first().waitFor();
  await person.seesActivity(/delegate_result/);
  await picture(person.page, "activity");
  await person.opensCard("researcher");
  await person.opensTab("activity");
  await person.seesActivity(/pm → researcher/);
});

test("the delegation is drawn between the two cards, also after a reload", async () => {
  const label = person.page.getByRole("button", { name: /^1 call · / });
  await label.waitFor();
  await person.page.reload();
  await label.waitFor();
});

test("the talk between the agents is readable", async () => {
  await person.opensCard("pm");
  await person.opensTab("chat");
  await person.page.getByRole("button", { name: "Agent Comms" }).click();
  await person.page.locator('[data-way="out"]', { hasText: "To researcher" }).first().waitFor();
  await person.page.locator('[data-way="in"]', { hasText: "From researcher" }).first().waitFor();
  await picture(person.page, "comms");
});

test("the conversation and the selection survive a reload", async () => {
  const address = person.page.url();
  await person.page.reload();
  await person.page.locator('[data-role="user"]', { hasText: question }).waitFor();
  const answer = await person.getsAnswer(/README/);
  assert.equal((await person.bullets(answer, 3)).length, 3);
  assert.equal(await person.page.locator("[data-role]").count(), 2, "one question, one answer");
  assert.equal(await person.page.locator("[data-waiting]").count(), 0, "nothing is waited for");
  assert.equal(person.page.url(), address);
});

test("a file that is not there gets a clear answer", async () => {
  await person.writes("Summarise no_such_file.md");
  await person.getsAnswer(/no_such_file\.md/);
});

test("the claim link works once and says what to do then", async () => {
  browser.expect(/410/);
  const stranger = new Person(await browser.page());
  await stranger.opens(platform.claimLink);
  await stranger.page.getByRole("button", { name: "Sign in this browser" }).click();
  await stranger.page.getByText("This claim link no longer works").waitFor();
  await stranger.page.getByText("molecule admin claim", { exact: true }).waitFor();
  browser.expect(/401/);
  await stranger.opens(platform.url);
  await stranger.page.getByText("This browser is not signed in").waitFor();
  await stranger.page.context().close();
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
