// Cards never lie on each other, whatever the way in: made without a page and with one, dragged, nested, folded, tidied.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Person } from "./person.mjs";
import { Browser, picture, Platform, until } from "./stage.mjs";

const platform = new Platform({ demo: false });
const browser = new Browser();
let person;
let page;

const make = (name, more = {}) => platform.ask("POST", "/workspaces", { name, runtime: "external", ...more });
const stored = async () => new Map((await platform.ask("GET", "/workspaces")).map((each) => [each.name, each]));

/** Every card as it is drawn, in the coordinates of the canvas, once all of them stand still. */
async function drawn() {
  const read = () =>
    page.evaluate(() =>
      [...document.querySelectorAll(".react-flow__node")].map((node) => {
        const [x, y] = node.style.transform.match(/-?[\d.]+/g).map(Number);
        return { name: node.getAttribute("aria-label").replace(/ workspace — .*/, ""), id: node.dataset.workspaceId, x, y, w: node.offsetWidth, h: node.offsetHeight };
      }),
    );
  let last = "";
  await until("the cards to stand still", async () => {
    const now = JSON.stringify(await read());
    const still = now === last;
    last = now;
    return still;
  });
  return JSON.parse(last);
}

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** What is wrong with how cards lie: one on another that it is not in, or out of its team. */
async function wrong(cards) {
  const parents = new Map([...(await stored()).values()].map((each) => [each.id, each.parent_id]));
  const byId = new Map(cards.map((card) => [card.id, card]));
  for (const [index, one] of cards.entries()) {
    const team = byId.get(parents.get(one.id));
    if (team && !(one.x >= team.x && one.y >= team.y && one.x + one.w <= team.x + team.w && one.y + one.h <= team.y + team.h)) return `${one.name} reaches out of ${team.name}`;
    const on = cards.slice(index + 1).find((other) => parents.get(one.id) === parents.get(other.id) && overlap(one, other));
    if (on) return `${one.name} lies on ${on.name}`;
  }
  return "";
}

/** Looks again until what is drawn passes, as a change may not be drawn yet; what was wrong with it last is told in the end. */
async function looksUntil(passes) {
  let cards, last;
  await until("the cards to come to their places", async () => {
    cards = await drawn();
    try {
      await passes(cards);
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  }).catch((error) => {
    throw last ?? error;
  });
  return new Map(cards.map((card) => [card.name, card]));
}

async function seesNoOverlap(least) {
  // The view may still be on its way to them.
  await until(`${least} cards to be drawn`, async () => (await page.locator(".react-flow__node").count()) >= least);
  return looksUntil(async (cards) => assert.equal(await wrong(cards), ""));
}

const seesDrawn = (wanted) => looksUntil((cards) => assert.deepEqual(cards, wanted));

/** Every card stands where the platform keeps it. */
const seesStored = () =>
  looksUntil(async (cards) => {
    const places = new Map(cards.map(({ name, x, y }) => [name, [x, y]]));
    for (const { name, x, y } of (await stored()).values()) assert.deepEqual(places.get(name), [x, y], name);
  });

before(async () => {
  await platform.start();
  await browser.start();
  const lead = await make("lead");
  for (const name of ["one", "two", "three"]) await make(name, { parent_id: lead.id });
  for (const name of ["alpha", "beta", "gamma"]) await make(name);
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

/** Drags a card by its name to a place on the screen, measured from where it is. */
async function drags(name, dx, dy) {
  const box = await person.card(name).boundingBox();
  const from = { x: box.x + Math.min(60, box.width / 3), y: box.y + 14 };
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  for (let step = 1; step <= 8; step += 1) await page.mouse.move(from.x + (dx * step) / 8, from.y + (dy * step) / 8);
  await page.mouse.up();
}

test("what was made while no page was open stands where the platform put it", async () => {
  await seesNoOverlap(7);
  await seesStored();
  await picture(page, "layout_made");
});

test("a card that is dropped pushes its neighbours, and taking it back gives them their places", async () => {
  const before = await drawn();
  const [alpha, beta] = ["alpha", "beta"].map((name) => before.find((card) => card.name === name));
  const { zoom } = await page.evaluate(() => ({ zoom: Number(/scale\(([\d.]+)\)/.exec(document.querySelector(".react-flow__viewport").style.transform)[1]) }));
  // Its middle stays beside the other card: it lies on its edge and does not go into it.
  await drags("alpha", (beta.x - alpha.x - alpha.w + 60) * zoom, (beta.y - alpha.y) * zoom);
  await until("the move to be kept", async () => (await stored()).get("alpha").x !== alpha.x);
  const after = await seesNoOverlap(7);
  assert.ok(Math.abs(after.get("alpha").x - (beta.x - alpha.w + 60)) < 30, `alpha is at ${after.get("alpha").x}`);
  await page.keyboard.press("Control+z");
  await page.getByText("alpha is back where it was").waitFor();
  await seesDrawn(before);
  await page.keyboard.press("Control+Shift+z");
  await page.getByText("Moved alpha").waitFor();
  await seesDrawn([...after.values()]);
  await page.keyboard.press("Control+z");
  await page.getByText("alpha is back where it was").waitFor();
});

test("what was done can be taken back after a reload", async () => {
  const at = (await stored()).get("gamma").x;
  await person.card("gamma").focus();
  await page.keyboard.press("ArrowRight");
  await until("the step to be kept", async () => (await stored()).get("gamma").x !== at);
  // The page hears of it later than the platform keeps it.
  await until("the page to know it", () => page.evaluate(() => JSON.stringify({ ...sessionStorage }).includes("gamma is back")));
  await page.reload();
  await person.seesLive();
  await person.card("gamma").focus();
  await page.keyboard.press("Control+z");
  await page.getByText("gamma is back where it was").waitFor();
  assert.equal((await stored()).get("gamma").x, at);
});

test("a team that grows pushes what is beside it, and folded gives the room back", async () => {
  const before = await seesNoOverlap(7);
  const { id } = (await stored()).get("lead");
  for (const name of ["four", "five", "six", "seven"]) await make(name, { parent_id: id });
  await until("the news", async () => (await page.getByText("+ 7 sub").count()) > 0);
  await page.keyboard.press("f");
  await person.card("seven").waitFor({ state: "attached" });
  // The lead, its seven and the three beside it.
  const grown = await seesNoOverlap(11);
  assert.ok(grown.get("lead").w > before.get("lead").w || grown.get("lead").h > before.get("lead").h);
  assert.deepEqual([grown.get("lead").x, grown.get("lead").y], [before.get("lead").x, before.get("lead").y]);
  await picture(page, "layout_grown");
  await person.card("lead").focus();
  await page.keyboard.press("c");
  await person.card("seven").waitFor({ state: "detached" });
  await seesNoOverlap(4);
  await looksUntil((cards) => {
    for (const name of ["alpha", "beta", "gamma"]) assert.deepEqual(cards.find((card) => card.name === name), before.get(name));
  });
  await page.keyboard.press("c");
  await person.card("seven").waitFor({ state: "attached" });
});

test("three hundred that are made while a page watches do not become a pile", async () => {
  const { id } = await make("crowd");
  for (let round = 0; round < 30; round += 1)
    await Promise.all(Array.from({ length: 10 }, (_, index) => make(`w${round}-${index}`, index < 5 ? { parent_id: id } : {})));
  await page.getByText(/\+ \d+ sub/).waitFor();
  await page.keyboard.press("f");
  await person.card("w29-9").waitFor({ state: "attached" });
  await seesNoOverlap(300);
  await picture(page, "layout_crowd");
});

test("one key tidies everything, and one takes that back", async () => {
  const places = async () => [...(await stored()).values()].map(({ id, x, y }) => [id, x, y]);
  const before = await places();
  await page.keyboard.press("Shift+a");
  await page.getByText("Tidied the canvas").waitFor();
  await page.keyboard.press("f");
  await seesNoOverlap(300);
  await picture(page, "layout_tidy");
  await seesStored();
  await page.keyboard.press("Control+z");
  await page.getByText("The canvas is as it was").waitFor();
  await until("every place to be kept as it was", async () => isDeepStrictEqual(await places(), before));
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
