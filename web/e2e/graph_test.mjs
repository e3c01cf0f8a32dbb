// The graph to work in: what a card offers, names written in place, where the view goes, what edges tell.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./person.mjs";
import { Browser, picture, Platform, until } from "./stage.mjs";

const platform = new Platform({ demo: false });
const browser = new Browser();
let person;
let page;
const made = {};

/** Where the view is, and where it is kept for the next time: only where it comes to rest. */
const view = () =>
  page.evaluate(() => {
    const { x, y, zoom } = JSON.parse(localStorage.getItem("molecule.view") ?? "{}");
    return { at: document.querySelector(".react-flow__viewport").style.transform.match(/-?[\d.]+/g).map(Number), kept: [x, y, zoom] };
  });
const near = (one, other) => one.every((value, index) => Math.abs(value - other[index]) < 1);

/** Does what moves the view, and waits until it has gone and rests. */
async function moves(what) {
  const from = (await view()).at;
  await what();
  await until("the view to go elsewhere and to rest", async () => {
    const { at, kept } = await view();
    return !near(from, at) && near(kept, at);
  });
}

const named = async (name) => (await platform.ask("GET", "/workspaces")).find((each) => each.name === name);

before(async () => {
  await platform.start();
  await browser.start();
  const lead = await platform.ask("POST", "/workspaces", { name: "lead", runtime: "external" });
  for (const name of ["scout", "writer", "critic"]) made[name] = await platform.ask("POST", "/workspaces", { name, runtime: "external", parent_id: lead.id });
  made.lead = lead;
  for (let index = 0; index < 6; index += 1) await platform.ask("POST", "/workspaces", { name: `other-${index}`, runtime: "external" });
  page = await browser.page();
  person = new Person(page);
  await person.claims(platform.claimLink);
  await person.seesLive();
  await person.card("lead").waitFor();
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

test("every card has a button that opens its menu", async () => {
  await person.card("other-0").locator("[data-more]").click();
  await page.getByRole("menu", { name: "Actions for other-0" }).waitFor();
  assert.equal(await page.getByRole("complementary").count(), 0, "the card is not opened by it");
  await page.keyboard.press("Escape");
});

test("a name is written on its card, taken back and written again", async () => {
  await person.card("scout").focus();
  await page.keyboard.press("F2");
  const field = page.getByRole("textbox", { name: "New name of scout" });
  await field.fill("ranger");
  await field.press("Enter");
  await page.getByText("scout is now called ranger").waitFor();
  assert.ok(await named("ranger"));
  await until("the card to have the keyboard, by its new name", async () => /^ranger workspace — /.test(await person.focusName()));
  await page.keyboard.press("Control+z");
  await page.getByText("It is called scout again").waitFor();
  await page.keyboard.press("Control+Shift+z");
  await person.card("ranger").waitFor();
  await person.card("ranger").getByText("ranger", { exact: true }).dblclick();
  const again = page.getByRole("textbox", { name: "New name of ranger" });
  await again.fill("nobody");
  await again.press("Escape");
  await again.waitFor({ state: "detached" });
  assert.ok(await named("ranger"));
  await page.keyboard.press("Control+z");
  await person.card("scout").waitFor();
});

test("a card says as a button what it needs next", async () => {
  await person.card("other-1").locator('[data-next="connect"]').click();
  const dialog = page.getByRole("dialog", { name: "Connect your agent to other-1" });
  await dialog.locator('[data-standing="waiting"]').waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await platform.ask("POST", `/workspaces/${(await named("other-2")).id}/pause`);
  await person.card("other-2").locator('[data-next="resume"]').click();
  await page.getByText("other-2 was resumed").waitFor();
  await page.keyboard.press("Control+z");
  await page.getByText("other-2 is paused again").waitFor();
  await person.seesCard("other-2", "Paused");
});

test("an agent that runs and is not configured says so, and what it lacks", async () => {
  const { id, connection } = await platform.ask("POST", "/workspaces", { name: "keyless", runtime: "external" });
  const lacking = { name: "keyless", configuration_status: "not_configured", configuration_error: "ANTHROPIC_API_KEY is not set" };
  await platform.ask("POST", "/registry/register", { id, agent_card: lacking, delivery_mode: "poll" }, connection.auth_token);
  await person.seesCard("keyless", "Not configured");
  await person.card("keyless").getByText("ANTHROPIC_API_KEY is not set").waitFor();
  await platform.ask("POST", "/registry/update-card", { workspace_id: id, agent_card: { name: "keyless" } }, connection.auth_token);
  await person.seesCard("keyless", "Online");
  // What its first event left out may just be read again.
  browser.expect(/410 \(Gone\)/);
  await platform.ask("DELETE", `/workspaces/${id}?confirm=true`);
  await person.card("keyless").waitFor({ state: "detached" });
});

test("what was made is taken back like anything else, and stays when that is taken back", async () => {
  await page.locator("#canvas").focus();
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog", { name: "New workspace" });
  await dialog.getByLabel("Name").fill("mistake");
  await dialog.getByRole("button", { name: "Create workspace" }).click();
  const connect = page.getByRole("dialog", { name: "Connect your agent to mistake" });
  await connect.getByLabel(/saved the token/).check();
  await connect.getByRole("button", { name: "Close" }).click();
  await person.card("mistake").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+z");
  await page.getByText("mistake will be deleted in 10 seconds").waitFor();
  await page.keyboard.press("Control+Shift+z");
  await page.getByText("mistake was created").waitFor();
  await page.keyboard.press("Control+z");
  await person.card("mistake").waitFor({ state: "detached" });
  assert.equal(await named("mistake"), undefined);
});

test("the same room comes between three that are selected, by a key and by a button", async () => {
  const [a, b, c] = await Promise.all(["other-3", "other-4", "other-5"].map(named));
  for (const [index, { id }] of [a, b, c].entries()) await platform.ask("PATCH", `/workspaces/${id}`, { x: [40, 400, 1160][index], y: 900 + 10 * index });
  const gaps = async () => {
    const [one, two, three] = await Promise.all(["other-3", "other-4", "other-5"].map(named));
    return [two.x - one.x, three.x - two.x];
  };
  await moves(() => page.keyboard.press("f"));
  for (const name of ["other-3", "other-4", "other-5"]) {
    await person.card(name).focus();
    await page.keyboard.press("Shift+Space");
  }
  await page.getByRole("toolbar", { name: "Selected workspaces" }).getByText("3 selected").waitFor();
  await page.keyboard.press("Alt+Shift+ArrowRight");
  await page.getByText("3 workspaces have the same room between them").waitFor();
  assert.deepEqual(await gaps(), [560, 560]);
  await page.keyboard.press("Control+z");
  await page.getByText("3 workspaces are back where they were").waitFor();
  assert.deepEqual(await gaps(), [360, 760]);
  await page.getByRole("button", { name: "Distribute across" }).click();
  await until("the same room again", async () => String(await gaps()) === "560,560");
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Escape");
});

test("showing everything leaves nothing behind the map and the toolbar", async () => {
  await page.mouse.move(500, 450);
  await moves(() => page.mouse.wheel(0, -400));
  await moves(() => page.keyboard.press("f"));
  let cards = [];
  await until("every card to be drawn", async () => {
    cards = await page.locator(".react-flow__node").evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().toJSON()));
    return cards.length === 10;
  });
  for (const selector of [".react-flow__minimap", ".react-flow__controls", "header"]) {
    const over = await page.locator(selector).boundingBox();
    for (const { x, y, width, height } of cards)
      assert.ok(x + width <= over.x || over.x + over.width <= x || y + height <= over.y || over.y + over.height <= y, `${selector} covers a card`);
  }
  await picture(page, "graph_fitted");
});

test("an address brings its card into view, beside its panel", async () => {
  await page.evaluate(() => localStorage.setItem("molecule.view", JSON.stringify({ x: -4000, y: -4000, zoom: 1 })));
  await page.goto(`${platform.url}/w/${made.writer.id}/details`);
  const panel = page.getByRole("complementary", { name: "writer panel" });
  await panel.waitFor();
  await person.card("writer").waitFor();
  await until("the card to be in view", async () => {
    const [card, beside] = [await person.card("writer").boundingBox(), await panel.boundingBox()];
    return card && card.x >= 0 && card.y >= 0 && card.x + card.width <= beside.x && card.y + card.height <= 900;
  });
  await page.keyboard.press("Escape");
});

test("each browser opens where it was left", async () => {
  await moves(() => page.keyboard.press("f"));
  const { kept } = await view();
  // Another browser looks elsewhere.
  await platform.ask("PUT", "/canvas/viewport", { x: -300, y: -200, zoom: 0.5 });
  await page.reload();
  await person.card("lead").waitFor();
  const { at } = await view();
  assert.ok(near(kept, at), `${at} is not ${kept}`);
});

test("edges have arrowheads, a width by volume, and red only for what failed", async () => {
  const { scout, writer, critic } = made;
  const send = (from, to) =>
    fetch(`${platform.url}/workspaces/${from.id}/delegate`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${from.connection.auth_token}` },
      body: JSON.stringify({ target_id: to.id, task: "read it" }),
    });
  for (const each of [scout, writer]) await platform.ask("POST", "/registry/register", { id: each.id, delivery_mode: "poll", agent_card: { name: "x", skills: [] } }, each.connection.auth_token);
  for (let count = 0; count < 4; count += 1) assert.ok((await send(scout, writer)).ok);
  assert.ok((await send(writer, scout)).ok);
  const path = (from, to) => page.locator(`.react-flow__edge[data-id="${from.id}>${to.id}"] path`);
  await path(writer, scout).waitFor({ state: "attached" });
  await until("the count", async () => Number(await path(scout, writer).getAttribute("stroke-width")) > 3);
  assert.ok(Number(await path(writer, scout).getAttribute("stroke-width")) < 2);
  assert.match(await path(scout, writer).getAttribute("marker-end"), /^url/);
  assert.equal(await path(scout, writer).getAttribute("data-outcome"), "fine");
  // A token is text; only on an element it becomes the colour that is drawn.
  const bad = await path(scout, writer).evaluate((each) => {
    const probe = each.ownerDocument.body.appendChild(each.ownerDocument.createElement("i"));
    probe.style.color = "var(--bad)";
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  });
  assert.match(bad, /^(rgb|oklch|color)/);
  assert.notEqual(await path(scout, writer).evaluate((each) => getComputedStyle(each).stroke), bad);
  await page.keyboard.press("f");
  await person.card("scout").hover();
  await until("the neighbourhood to stand out", async () => (await page.locator('[class*="lit"]').count()) >= 2);
  for (const theme of ["dark", "light"]) {
    await page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    await picture(page, `graph_edges_${theme}`);
  }
  assert.equal(await page.locator(`.react-flow__edge[data-id*="${critic.id}"]`).count(), 0, "nobody wrote to the critic");
});

test("everything is selected, moved and duplicated together", async () => {
  await person.card("other-3").focus();
  await page.keyboard.press("Control+a");
  await page.getByText("10 selected").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Shift+Space");
  await person.card("other-4").focus();
  await page.keyboard.press("Shift+Space");
  const [three, four] = [await named("other-3"), await named("other-4")];
  await page.keyboard.press("ArrowDown");
  await until("both to move", async () => (await named("other-3")).y === three.y + 10 && (await named("other-4")).y === four.y + 10);
  await page.keyboard.press("Control+d");
  await page.getByText("2 workspaces were duplicated").waitFor();
  await until("the copies", async () => (await named("other-3 (2)")) && (await named("other-4 (2)")));
  await picture(page, "graph_group");
  await page.keyboard.press("Control+z");
  await page.getByText("The copies will be deleted in 10 seconds").waitFor();
  await person.card("other-3 (2)").waitFor({ state: "detached" });
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
