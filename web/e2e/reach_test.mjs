// Teams by mouse and by key, what a card does on a key, both themes.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { weakTexts } from "./contrast.mjs";
import { Person } from "./person.mjs";
import { Browser, picture, Platform, until } from "./stage.mjs";

const platform = new Platform();
const browser = new Browser();
let person;
let page;

before(async () => {
  await platform.start();
  await browser.start();
  page = await browser.page({ colorScheme: "dark", reducedMotion: "reduce" });
  person = new Person(page);
  await person.claims(platform.claimLink);
  await person.seesLive();
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

test("the theme follows the system until a person chooses, and the choice is kept", async () => {
  assert.equal(await background(), "rgb(12, 12, 14)");
  await picture(page, "graph_dark");
  await page.getByRole("button", { name: /^Theme: as the system/ }).click();
  assert.equal(await background(), "rgb(250, 250, 247)");
  await page.reload();
  await person.seesLive();
  assert.equal(await background(), "rgb(250, 250, 247)");
  await picture(page, "graph_light");
});

test("no text on the page is smaller than 12 pixels", async () => {
  await person.opensCard("pm");
  for (const tab of ["chat", "activity", "details", "skills", "tokens", "secrets", "events"]) {
    await person.opensTab(tab);
    const small = await page.evaluate(() => {
      const found = [];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        const parent = walk.currentNode.parentElement;
        if (walk.currentNode.textContent.trim() !== "" && parseFloat(getComputedStyle(parent).fontSize) < 12)
          found.push(`${parent.tagName} ${walk.currentNode.textContent.trim().slice(0, 40)}`);
      }
      return found;
    });
    assert.deepEqual(small, [], tab);
  }
  await page.keyboard.press("Escape");
});

test("every text stands out from what is behind it, in both themes", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.evaluate((theme) => document.documentElement.setAttribute("data-theme", theme), colorScheme);
    await person.opensCard("pm");
    for (const tab of ["chat", "activity", "details", "skills", "tokens", "secrets", "events"]) {
      await person.opensTab(tab);
      assert.deepEqual(await weakTexts(page), [], `${tab}, ${colorScheme}`);
    }
    await page.keyboard.press("Escape");
    await page.keyboard.press("n");
    await page.getByRole("dialog").waitFor();
    assert.deepEqual(await weakTexts(page), [], `the dialog, ${colorScheme}`);
    await page.keyboard.press("Escape");
  }
});

test("a card is reached, opened and left with keys", async () => {
  await page.reload();
  await person.seesLive();
  await person.card("pm").waitFor();
  await page.keyboard.press("Tab");
  assert.match(await person.focusName(), /Skip to canvas/);
  await person.tabsTo(/^pm workspace — /);
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "pm panel" }).waitFor();
  await page.keyboard.press("Enter");
  assert.match(await person.focusName(), /^researcher workspace — /);
  await person.tabsTo(/^Panel width$/);
  await person.tabsTo(/^Chat$/);
  await page.keyboard.press("ArrowRight");
  await page.locator("#panel-activity").waitFor();
  await page.keyboard.press("End");
  await page.locator("#panel-events").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("complementary").waitFor({ state: "detached" });
  assert.match(await person.focusName(), /^pm workspace — /);
});

test("arrow keys move a card and its team, and the places are kept", async () => {
  const places = () =>
    page.evaluate(async () => {
      const workspaces = await (await fetch("/workspaces")).json();
      return Object.fromEntries(workspaces.map(({ name, x, y }) => [name, { x, y }]));
    });
  await until("a place for every card", async () => Object.values(await places()).every(({ x, y }) => x !== 0 || y !== 0));
  const before = await places();
  const shown = await person.card("pm").boundingBox();
  await person.card("pm").focus();
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("ArrowRight");
  assert.ok((await person.card("pm").boundingBox()).y > shown.y, "the card moves at once");
  await until("the save of the whole team", async () => (await places()).researcher.x === before.researcher.x + 10);
  const after = await places();
  assert.deepEqual(after.pm, { x: before.pm.x + 10, y: before.pm.y + 50 });
  assert.ok(after.researcher.y > before.researcher.y);
});

test("a team is left and joined from the menu, and Undo takes it back", async () => {
  await person.card("researcher").focus();
  await page.keyboard.press("Shift+F10");
  await page.getByRole("menu", { name: "Actions for researcher" }).waitFor();
  await page.getByRole("menuitem", { name: /Extract from team/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("researcher is now at the top level").waitFor();
  await page.keyboard.press("Control+z");
  await page.getByText("researcher is back in pm’s team").waitFor();
  await until("the way back", () =>
    page.evaluate(async () => (await (await fetch("/workspaces")).json()).find(({ name }) => name === "researcher").parent_id !== null),
  );
  await person.card("researcher").focus();
  await page.keyboard.press("m");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Team").selectOption("");
  await dialog.getByRole("button", { name: "Move" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.waitForFunction(() => {
    const box = (name) => document.querySelector(`.react-flow__node[aria-label^="${name} "]`)?.getBoundingClientRect();
    const pm = box("pm");
    const other = box("researcher");
    if (!pm || !other) return false;
    return other.left > pm.right || other.top > pm.bottom || other.right < pm.left || other.bottom < pm.top;
  });
});

test("dragging a card onto another nests it, after saying where it will land", async () => {
  await page.locator(".react-flow__controls-fitview").click();
  await person.card("researcher").waitFor();
  const from = await person.card("researcher").boundingBox();
  const to = await person.card("pm").boundingBox();
  await page.mouse.move(from.x + 60, from.y + 12);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width / 2 - from.width / 2 + 60, to.y + to.height / 2 - from.height / 2 + 12, { steps: 12 });
  await page.getByText("Drop into: pm").waitFor();
  await page.locator("[data-landing]").waitFor();
  await picture(page, "dropping");
  await page.mouse.up();
  await page.getByText("researcher is now in pm’s team").waitFor();
});

test("a band with Shift picks the cards in it, and Esc lets them go", async () => {
  await page.locator(".react-flow__controls-fitview").click();
  let lead;
  await until("the view to rest", async () => {
    const before = lead;
    lead = await person.card("pm").boundingBox();
    return JSON.stringify(before) === JSON.stringify(lead);
  });
  await page.keyboard.down("Shift");
  await page.mouse.move(lead.x - 20, lead.y - 20);
  await page.mouse.down();
  await page.mouse.move(lead.x + lead.width + 20, lead.y + lead.height + 20, { steps: 6 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await page.getByText("2 selected").waitFor();
  await picture(page, "picked");
  await page.keyboard.press("Escape");
  await page.getByText("2 selected").waitFor({ state: "detached" });
});

test("an address that leads nowhere says so", async () => {
  browser.expect(/404/);
  await page.goto(`${platform.url}/w/00000000-0000-4000-8000-000000000000/chat`);
  await page.getByText("There is no workspace at that address.").waitFor();
  await person.card("pm").waitFor();
});

test("a team folds and unfolds, and stays folded after a reload", async () => {
  await person.card("pm").focus();
  await page.keyboard.press("c");
  await person.card("researcher").waitFor({ state: "detached" });
  await page.reload();
  await person.card("pm").waitFor();
  assert.equal(await person.card("researcher").count(), 0);
  await person.card("pm").focus();
  await page.keyboard.press("c");
  await person.card("researcher").waitFor();
});

test("search finds a workspace and an action", async () => {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("resea");
  await picture(page, "search");
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "researcher panel" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("zzz");
  await page.getByText("No workspaces match").waitFor();
  await page.keyboard.press("Escape");
});

test("a team is deleted only after its name was typed", async () => {
  await person.card("pm").focus();
  await page.keyboard.press("Delete");
  const dialog = page.getByRole("dialog");
  const remove = dialog.getByRole("button", { name: "Delete 2 workspaces" });
  assert.equal(await remove.isDisabled(), true);
  await dialog.getByRole("textbox").fill("pm");
  await remove.click();
  await page.getByRole("heading", { name: "Deploy your first agent" }).waitFor();
  await picture(page, "empty");
});

test("signing out ends the session of this browser", async () => {
  // What the page asks for at that very moment is refused, as it should be.
  browser.expect(/401/);
  await page.getByRole("button", { name: "Sign out" }).click();
  const dialog = page.getByRole("dialog", { name: "Sign out of this browser?" });
  await dialog.getByText(`molecule admin claim --data ${platform.data}`).waitFor();
  await dialog.getByRole("button", { name: "Stay signed in" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Sign out" }).click();
  await dialog.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("This browser is not signed in").waitFor();
  await page.reload();
  await page.getByText("This browser is not signed in").waitFor();
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
