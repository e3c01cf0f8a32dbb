// The first minutes: an empty organisation, the guide that does things, keys from card to card, a finger that rests on one.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { Person } from "./person.mjs";
import { Browser, picture, Platform, until } from "./stage.mjs";

const empty = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
const demo = new Platform({ flags: ["--rate-limit", "0"] });
const browser = new Browser();
let person;
let page;

before(async () => {
  await Promise.all([empty.start(), demo.start()]);
  demo.startAgents();
  await browser.start(["--touch-events=enabled"]);
});
after(async () => {
  await browser.stop();
  await Promise.all([empty.stop(), demo.stop()]);
});
afterEach((context) => {
  if (!context.passed) console.error(demo.log());
});

async function inBothThemes(name) {
  for (const theme of ["dark", "light"]) {
    await page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    await picture(page, `${name}_${theme}`);
  }
}

test("an empty organisation says what to do, and leads to the documentation and the legend", async () => {
  page = await browser.page({ reducedMotion: "reduce", guide: true });
  person = new Person(page);
  await person.claims(empty.claimLink);
  await page.getByRole("heading", { name: "Deploy your first agent" }).waitFor();
  assert.deepEqual(await violationsInBothThemes(page, "main"), {});
  await inBothThemes("welcome");
  await page.setViewportSize({ width: 390, height: 844 });
  await inBothThemes("welcome_390");
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole("button", { name: "Documentation" }).click();
  await page.getByRole("dialog", { name: "Documentation" }).getByRole("heading", { name: "Connect an agent" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Keyboard and legend" }).click();
  const help = page.getByRole("dialog", { name: "Keyboard and legend" });
  await help.getByText("Waiting for agent").waitFor();
  assert.deepEqual(await violationsInBothThemes(page, '[role="dialog"]'), {});
  await inBothThemes("help");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Let an agent join by ticket" }).click();
  await page.getByRole("dialog", { name: "New workspace" }).getByRole("button", { name: "Make ticket" }).waitFor();
  await page.keyboard.press("Escape");
  await page.context().close();
});

test("the guide writes to an agent, sees it hand work over, and ticks what happened", async () => {
  page = await browser.page({ guide: true });
  person = new Person(page);
  await person.claims(demo.claimLink);
  await person.seesCard("pm", "Online");
  await person.seesCard("researcher", "Online");
  const guide = page.getByRole("region", { name: "First steps" });
  await guide.getByText("“Summarise README.md in 3 bullet points”").waitFor();
  assert.deepEqual(await violationsInBothThemes(page, 'section[aria-label="First steps"]'), {});
  await inBothThemes("guide");
  await guide.getByRole("button", { name: "Ask pm" }).click();
  await page.getByRole("complementary", { name: "pm panel" }).waitFor();
  await person.getsAnswer(/README\.md/);
  await guide.getByText("2 of 3").waitFor();
  await guide.getByRole("button", { name: "Unfold the guide" }).click();
  await inBothThemes("guide_two");
  await guide.getByRole("button", { name: "Connect an agent" }).click();
  const dialog = page.getByRole("dialog", { name: "New workspace" });
  await dialog.getByLabel("Name").fill("mine");
  await dialog.getByRole("button", { name: "Create workspace" }).click();
  await page.getByRole("dialog", { name: "Connect your agent to mine" }).waitFor();
  demo.runLine((await page.locator('[data-snippet="join_snippet"]').textContent()).trim());
  await person.seesCard("mine", "Online");
  await page.getByLabel("I’ve saved the token").check();
  await page.getByRole("dialog").getByRole("button", { name: /Close|Done/ }).click();
  await guide.getByText("3 of 3").waitFor();
  await page.reload();
  await person.seesLive();
  await guide.getByRole("heading", { name: "You know your way around" }).waitFor();
  // A panel is open beside it.
  await guide.getByRole("button", { name: "Unfold the guide" }).click();
  await guide.getByRole("button", { name: "Close guide" }).click();
  await guide.waitFor({ state: "detached" });
  await page.reload();
  await person.seesLive();
  await person.seesCard("pm", "Online");
  // It is fetched when the page stands, and could be drawn only then.
  await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name, responseEnd }) => /\/guide-[^/]*\.js/.test(name) && responseEnd > 0));
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  assert.equal(await guide.count(), 0, "who is through is not led again");
  await page.keyboard.press("Escape");
  await page.getByRole("complementary").waitFor({ state: "detached" });
});

test("on a phone the guide is one line over the list until somebody wants it, and leads to the chat", async () => {
  const phone = new Person(await browser.page({ guide: true, viewport: { width: 390, height: 844 }, reducedMotion: "reduce" }));
  await phone.claims(await demo.newClaimLink());
  await phone.seesLive();
  const guide = phone.page.getByRole("region", { name: "First steps" });
  await guide.getByText("0 of 3").waitFor();
  assert.ok((await guide.boundingBox()).height < 60, "the list is what the page is about");
  await guide.getByRole("button", { name: "Unfold the guide" }).click();
  const [create, unfolded] = [await phone.page.getByRole("button", { name: "New workspace" }).boundingBox(), await guide.boundingBox()];
  assert.ok(unfolded.y > 0 && unfolded.y + unfolded.height <= create.y, "it covers nothing that is pressed");
  assert.deepEqual(await violationsInBothThemes(phone.page, 'section[aria-label="First steps"]'), {});
  for (const theme of ["dark", "light"]) {
    await phone.page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    await picture(phone.page, `guide_390_${theme}`);
  }
  await guide.getByRole("button", { name: "Ask pm" }).click();
  await phone.getsAnswer(/README\.md/);
  await phone.page.context().close();
});

test("the cards are one stop of Tab, and keys go from one to the next", async () => {
  await page.evaluate(() => document.activeElement?.blur());
  // Where it last was; the walk begins at the first.
  await person.tabsTo(/ workspace — /);
  await page.keyboard.press("Home");
  await until("the first card", async () => (await person.focusName()).startsWith("pm workspace"));
  const first = await person.focusName();
  const seen = new Set([first]);
  for (let i = 0; i < 2; i += 1) {
    await page.keyboard.press("PageDown");
    await until("another card", async () => !seen.has(await person.focusName()));
    seen.add(await person.focusName());
  }
  assert.equal(seen.size, 3);
  await page.keyboard.press("PageDown");
  await until("the first card again", async () => (await person.focusName()) === first);
  const onCard = async () => / workspace — /.test(await person.focusName());
  await page.keyboard.press("Tab");
  await until("Tab to leave the cards at once", async () => !(await onCard()));
  await page.keyboard.press("Shift+Tab");
  await until("Shift Tab to find the way back", onCard);
  await page.keyboard.press("End");
  await until("the last card", async () => (await person.focusName()) !== first);
  await page.keyboard.press("Home");
  await until("the first card", async () => (await person.focusName()) === first);
  await page.keyboard.press("Shift+Tab");
  await until("Shift Tab to leave them, too", async () => !(await onCard()));
});

test("a finger that rests on a card opens its menu, and opens nothing else when it is lifted", async () => {
  const box = await person.card("researcher").boundingBox();
  const at = { x: box.x + 60, y: box.y + 14 };
  const touch = await page.context().newCDPSession(page);
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
  const menu = page.getByRole("menu", { name: "Actions for researcher" });
  await menu.waitFor();
  await picture(page, "menu_held");
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await picture(page, "menu_lifted");
  await menu.getByText(/keeps running where it was started/).waitFor();
  await inBothThemes("menu");
  assert.equal(await page.getByRole("complementary").count(), 0);
  await page.keyboard.press("Escape");
  await menu.waitFor({ state: "detached" });
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
