// Every view of the page, in both themes and on a phone, looked over for what shuts people out.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { Browser, Platform } from "./stage.mjs";
import { furnish, goTo, views } from "./views.mjs";

const platform = new Platform({ flags: ["--rate-limit", "0"] });
const browser = new Browser();
let page;
let stand;

before(async () => {
  await platform.start();
  await browser.start();
  page = await browser.page();
  stand = await furnish(platform, browser, page);
});
after(async () => {
  stand?.stop();
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

for (const [where, width, height] of [["a desk", 1440, 900], ["a phone", 390, 844]])
  for (const view of views.filter((each) => where === "a desk" || !each.desk))
    test(`${view.name} on ${where}`, async () => {
      await page.setViewportSize({ width, height });
      await goTo({ view, page, url: platform.url, made: stand.made });
      assert.deepEqual(await violationsInBothThemes(page, "body"), {});
    });

test("the notice of a platform that is away", async () => {
  browser.expect(/ERR_|WebSocket|fetch/i);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(`${platform.url}/?view=graph`);
  await page.locator('[data-live="live"]').waitFor();
  await platform.stopServer();
  await page.getByRole("button", { name: "Reconnect now" }).waitFor();
  assert.deepEqual(await violationsInBothThemes(page, "body"), {});
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
