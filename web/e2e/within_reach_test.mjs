// What is on the page can be seen and reached: beside a panel, in a narrow window, on a phone, while a team is dragged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "./person.mjs";
import { signedIn } from "./signed_in.mjs";
import { until } from "./stage.mjs";

let person;
let page;
const { platform, browser } = signedIn((met) => {
  person = met;
  page = met.page;
});
const made = {};
const make = async (name, more = {}) => (made[name] = await platform.ask("POST", "/workspaces", { name, runtime: "external", ...more }));

/** Those of these controls that something else lies over, or that are beyond an edge, by their names. */
const covered = (selector) =>
  page.locator(selector).evaluateAll((all) =>
    all
      .filter((each) => {
        const { x, y, width, height } = each.getBoundingClientRect();
        const at = document.elementFromPoint(x + width / 2, y + height / 2);
        return width > 0 && !(at && (each.contains(at) || at.contains(each)) && x >= 0 && x + width <= innerWidth);
      })
      .map((each) => each.getAttribute("aria-label") ?? each.textContent),
  );

test("an empty organisation hides no view's own words", async () => {
  const welcome = page.getByRole("heading", { name: "Deploy your first agent" });
  await welcome.waitFor();
  for (const [view, words] of [["inbox", "Nobody needs you now"], ["timeline", "Nothing yet"]]) {
    await page.goto(`${platform.url}/?view=${view}`);
    await page.getByText(words).waitFor();
    assert.equal(await welcome.count(), 0, view);
  }
  await page.goto(`${platform.url}/?view=list`);
  await welcome.waitFor();
  await page.goto(platform.url);
  await welcome.waitFor();
});

test("beside a panel every tool of the toolbar and every tab can be pressed", async () => {
  await make("lead");
  await make("inner", { parent_id: made.lead.id });
  await make("other");
  for (const status of ["pause", "resume"]) await platform.ask("POST", `/workspaces/${made.other.id}/${status}`);
  await platform.ask("POST", `/workspaces/${made.other.id}/pause`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${platform.url}/w/${made.lead.id}/details`);
  await page.getByRole("complementary", { name: "lead panel" }).waitFor();
  await until("the toolbar to make room", async () => (await covered('[aria-label="Canvas tools"] button, [aria-label="Views"] button')).length === 0);
  await until("the tabs to lie free", async () => (await covered('[role="tab"]')).length === 0);
  const edge = await page.getByRole("complementary", { name: "lead panel" }).boundingBox();
  for (const button of await page.locator('[aria-label="Canvas tools"] button').all()) {
    const { x, width } = await button.boundingBox();
    assert.ok(x + width <= edge.x, `${await button.getAttribute("aria-label")} reaches under the panel`);
  }
  await page.keyboard.press("Escape");
});

test("tabs that have no room fade out at that edge", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${platform.url}/w/${made.lead.id}/chat`);
  const strip = page.getByRole("tablist", { name: "lead sections" });
  await page.locator('[role="tablist"][data-more="behind"]').waitFor();
  await strip.evaluate((element) => element.scrollTo({ left: element.scrollWidth }));
  await page.locator('[role="tablist"][data-more="before"]').waitFor();
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.locator('[role="tablist"]:not([data-more])').waitFor();
});

test("a card's foot stays inside the card, at every level of detail", async () => {
  await page.goto(`${platform.url}/?view=graph`);
  for (const zoom of [1, 0.6, 0.3]) {
    await page.evaluate((wanted) => localStorage.setItem("molecule.view", JSON.stringify({ x: 100, y: 100, zoom: wanted })), zoom);
    await page.reload();
    await person.seesCard("other", "Paused");
    const beyond = await page.locator(".react-flow__node").evaluateAll((nodes) =>
      nodes.flatMap((node) => {
        const edge = node.getBoundingClientRect().right;
        return [...node.querySelectorAll("span")].filter((each) => each.getBoundingClientRect().right > edge).map((each) => each.textContent);
      }),
    );
    assert.deepEqual(beyond, [], `at ${zoom}`);
  }
});

test("what is in a team is seen while the team is dragged", async () => {
  await page.evaluate(() => localStorage.removeItem("molecule.view"));
  await page.goto(`${platform.url}/?view=graph`);
  await person.card("inner").waitFor();
  const { x, y } = await person.card("lead").boundingBox();
  await page.mouse.move(x + 60, y + 16);
  await page.mouse.down();
  await page.mouse.move(x + 80, y + 30, { steps: 4 });
  await page.mouse.move(x + 110, y + 60, { steps: 4 });
  await page.locator(".react-flow__node.dragging").waitFor();
  const inner = await person.card("inner").boundingBox();
  const top = await page.evaluate(([left, above]) => document.elementFromPoint(left, above)?.closest("[data-workspace-id]")?.dataset.workspaceId, [inner.x + inner.width / 2, inner.y + 12]);
  await page.mouse.up();
  assert.equal(top, made.inner.id);
  await page.keyboard.press("Control+z");
});

test("a phone that is new sees all cards, whatever a desk looks at", async () => {
  await platform.ask("PUT", "/canvas/viewport", { x: 200, y: 100, zoom: 1 });
  const phone = new Person(await browser.page({ viewport: { width: 390, height: 844 } }));
  await phone.claims(await platform.newClaimLink());
  await phone.page.goto(`${platform.url}/?view=graph`);
  for (const name of ["lead", "inner", "other"]) {
    await phone.card(name).waitFor();
    const { x, width } = await phone.card(name).boundingBox();
    assert.ok(x >= 0 && x + width <= 390, `${name} is cut off`);
  }
  await phone.page.context().close();
});

test("signing out takes what was said to the person with it", async () => {
  await page.goto(`${platform.url}/?view=graph`);
  await person.card("other").focus();
  await page.keyboard.press("p");
  const said = page.getByRole("region", { name: "Notifications" }).getByText("other was resumed");
  await said.waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByText("This browser is not signed in").waitFor();
  assert.equal(await said.count(), 0);
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
