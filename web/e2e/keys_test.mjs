// The whole demo with keys alone: claim, ask, make a workspace, copy its snippet, make a token, act on several cards.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./person.mjs";
import { Browser, Platform, until } from "./stage.mjs";

const platform = new Platform();
const browser = new Browser();
let person;
let page;

before(async () => {
  await platform.start();
  platform.startAgents();
  await browser.start();
  page = await browser.page({ reducedMotion: "reduce" });
  person = new Person(page);
  await person.claims(platform.claimLink);
  await person.seesLive();
  await person.seesCard("pm", "Online");
  await person.seesCard("researcher", "Online");
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

test("a question is asked and answered", async () => {
  await person.tabsTo(/^pm workspace — /);
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "pm panel" }).waitFor();
  await person.tabsTo(/^Message to pm$/);
  await page.keyboard.type("Summarise README.md in 3 bullet points");
  await page.keyboard.press("Enter");
  const answer = await person.getsAnswer(/README\.md/);
  assert.equal((await person.bullets(answer, 3)).length, 3);
});

test("a workspace is made and its snippet copied", async () => {
  await page.keyboard.press("Escape");
  await page.getByRole("complementary").waitFor({ state: "detached" });
  assert.match(await person.focusName(), /^pm workspace — /, "closing the panel gives the keyboard back to its card");
  await page.keyboard.press("n");
  await page.getByRole("dialog", { name: "New workspace" }).waitFor();
  await page.keyboard.type("handmade");
  await person.tabsTo(/^Create workspace$/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Connect your agent to handmade" }).waitFor();
  await person.tabsTo(/^One line$/);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.locator('[data-snippet="python_snippet"]').waitFor();
  await person.tabsTo(/^Copy/);
  await page.keyboard.press("Enter");
  await page.getByRole("listitem").filter({ hasText: "Snippet or token copied" }).and(page.locator('[data-done="true"]')).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /RemoteAgentClient[^]*mol_|mol_[^]*RemoteAgentClient/);
  await person.tabsTo(/^I’ve saved the token/);
  await page.keyboard.press("Space");
  await person.tabsTo(/^(Close|Done)$/);
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "handmade panel" }).waitFor();
});

test("a token is made and revoked", async () => {
  await person.tabsTo(/^Chat$/);
  for (let i = 0; i < 5; i += 1) await page.keyboard.press("ArrowRight");
  await page.locator("#panel-tokens").waitFor();
  await person.tabsTo(/^New token$/);
  await page.keyboard.press("Enter");
  await page.getByRole("form", { name: "New token" }).waitFor();
  await page.keyboard.type("by hand");
  await page.keyboard.press("Enter");
  const fresh = (await page.locator("[data-fresh-token]").textContent()).trim();
  await person.tabsTo(new RegExp(`^Revoke by hand, ${fresh.slice(0, 8)}`));
  await page.keyboard.press("Enter");
  await person.tabsTo(/^Revoke for good$/);
  await page.keyboard.press("Enter");
  await page.getByText(/^Token .* was revoked$/).waitFor();
});

test("cards are picked with keys, acted on together and let go", async () => {
  await page.keyboard.press("Escape");
  await page.getByRole("complementary").waitFor({ state: "detached" });
  await person.card("researcher").focus();
  await page.keyboard.press("Shift+Space");
  await person.card("handmade").focus();
  await page.keyboard.press("Shift+Enter");
  await page.getByText("2 selected").waitFor();
  await person.tabsTo(/Pause all/);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Pause 1 workspace?" });
  await dialog.getByText(/Left out: handmade/).waitFor();
  await person.tabsTo(/^Pause$/);
  await page.keyboard.press("Enter");
  await person.seesCard("researcher", "Paused");
  await person.card("handmade").focus();
  await page.keyboard.press("Shift+Space");
  await page.getByText("1 selected").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("1 selected").waitFor({ state: "detached" });
});

test("cards that are picked move into a team together, and back", async () => {
  await person.card("handmade").focus();
  await page.keyboard.press("Shift+Space");
  await person.card("researcher").focus();
  await page.keyboard.press("Shift+Space");
  await person.tabsTo(/Move to a team/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Move 2 workspaces" }).getByLabel("Team").waitFor();
  await person.tabsTo(/^Move$/);
  await page.keyboard.press("Enter");
  await page.getByText("1 workspace is now in pm’s team").waitFor();
  const parents = () =>
    page.evaluate(async () => Object.fromEntries((await (await fetch("/workspaces")).json()).map(({ name, parent_id }) => [name, parent_id])));
  assert.equal((await parents()).handmade, (await parents()).researcher);
  await page.keyboard.press("Control+z");
  await until("the way back", async () => (await parents()).handmade === null);
});

test("F6 goes round the parts of the page", async () => {
  await person.card("pm").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "pm panel" }).waitFor();
  await page.keyboard.press("F6");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "tab");
  await page.keyboard.press("F6");
  assert.equal(await person.focusName(), "Graph");
  await page.keyboard.press("Shift+F6");
  await page.keyboard.press("Shift+F6");
  assert.match(await person.focusName(), /^pm workspace — /);
  await page.keyboard.press("Escape");
});

test("every control on the page has a name", async () => {
  await person.card("pm").focus();
  await page.keyboard.press("Enter");
  for (const tab of ["chat", "activity", "details", "skills", "tokens", "secrets", "events"]) {
    await person.opensTab(tab);
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('button, a[href], input, select, textarea, [role="separator"], [role="tab"], [tabindex="0"]')]
        .filter((each) => each.checkVisibility())
        .filter((each) => {
          const labelled = each.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.textContent).join(" ");
          const words = [each.getAttribute("aria-label"), labelled, each.textContent, each.getAttribute("title"), ...[...(each.labels ?? [])].map((label) => label.textContent)];
          return !words.some((word) => word?.trim());
        })
        .map((each) => each.outerHTML.slice(0, 160)),
    );
    assert.deepEqual(nameless, [], tab);
  }
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
