// Two thousand workspaces: from afar they are painted, and each is there for the pointer and the keyboard all the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { signedIn } from "./signed_in.mjs";
import { picture, until } from "./stage.mjs";

let person;
let page;
const { platform, browser } = signedIn((met) => {
  person = met;
  page = met.page;
});
const teams = 80;
const teamSize = 25;
const atOnce = 8;
const leads = [];

const painted = (on) => on.locator("canvas[data-painted]");
/** The picture of the canvas as it is painted, to compare. */
const pixels = () => page.evaluate(() => document.querySelector("canvas[data-painted]")?.toDataURL());
const elements = () => page.locator(".react-flow__node").count();

async function fill() {
  const make = (name, more = {}) => platform.ask("POST", "/workspaces", { name, runtime: "external", ...more });
  for (let team = 0; team < teams; team += 1) leads.push(await make(`lead-${team}`));
  let next = 0;
  const work = async () => {
    while (next < teams * (teamSize - 1)) {
      const index = next++;
      await make(`worker-${index}`, { parent_id: leads[index % teams].id });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** A place on the screen where a card is painted. */
const somewhere = () =>
  page.evaluate(() => {
    const canvas = document.querySelector("canvas[data-painted]");
    const at = canvas.getContext("2d");
    const dots = devicePixelRatio;
    // From the middle outwards, so that nothing that floats above is in the way.
    for (let y = 300; y < 600; y += 3)
      for (let x = 400; x < 1000; x += 3)
        if (at.getImageData(x * dots, y * dots, 1, 1).data[3] > 0) return { x, y };
    return undefined;
  });

test("all of them are in the view that shows everything, as a picture", async () => {
  await fill();
  await page.reload();
  await person.seesLive();
  await page.getByText(`${teams} workspaces + `).waitFor();
  await until("them to be painted", async () => {
    await page.keyboard.press("f");
    return (await painted(page).count()) > 0;
  });
  await until("the picture to rest", async () => {
    const one = await pixels();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    return one === (await pixels());
  });
  assert.ok((await elements()) < 110, `${await elements()} cards are elements`);
  await picture(page, "painted");
});

test("who points at a painted card meets it, and a click opens it", async () => {
  const at = await somewhere();
  assert.ok(at, "a card is painted");
  await page.mouse.move(at.x, at.y);
  await page.mouse.move(at.x + 1, at.y + 1);
  await page.locator(".react-flow__node").first().waitFor();
  await page.mouse.click(at.x + 1, at.y + 1);
  await page.getByRole("complementary").waitFor();
  assert.match(page.url(), /\/w\//);
  await page.keyboard.press("Escape");
  await page.getByRole("complementary").waitFor({ state: "detached" });
});

test("the keyboard reaches a painted card, and its key acts on it", async () => {
  await page.locator("#canvas").focus();
  await page.keyboard.press("End");
  await until("a card to have the keyboard", async () => / workspace — /.test(await person.focusName()));
  await page.keyboard.press("Enter");
  await page.getByRole("complementary").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("f");
  await painted(page).waitFor();
});

test("an event changes the picture", async () => {
  await until("the picture to rest", async () => {
    const one = await pixels();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    return one !== undefined && one === (await pixels());
  });
  const before = await pixels();
  const { id, connection } = leads[0];
  await platform.ask("POST", "/registry/register", { id, delivery_mode: "poll", agent_card: { name: "lead", skills: [] } }, connection.auth_token);
  await until("another picture", async () => (await pixels()) !== before);
});

test("who sends work to whom is painted with them, unless it is turned off", async () => {
  const [from, to] = [leads[0], leads.at(-1)];
  await platform.ask("POST", "/registry/register", { id: to.id, delivery_mode: "poll", agent_card: { name: "lead", skills: [] } }, to.connection.auth_token);
  await platform.ask("POST", `/workspaces/${from.id}/delegate`, { target_id: to.id, task: "count" }, from.connection.auth_token);
  const rest = async () => {
    let one;
    await until("the picture to rest", async () => {
      one = await pixels();
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
      return one === (await pixels());
    });
    return one;
  };
  const turn = page.getByRole("button", { name: "Traffic between agents" });
  await until("an edge", async () => {
    const on = await rest();
    await turn.click();
    await page.mouse.move(700, 890);
    const off = await rest();
    await turn.click();
    return on !== off;
  });
  for (const theme of ["dark", "light"]) {
    await page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    await rest();
    await picture(page, `painted_edges_${theme}`);
  }
});

test("from near they are cards again", async () => {
  await page.evaluate(() => localStorage.setItem("molecule.view", JSON.stringify({ x: 0, y: 0, zoom: 1 })));
  await page.reload();
  await person.card("lead-0").waitFor();
  assert.equal(await painted(page).count(), 0);
  assert.ok((await elements()) < 300, `${await elements()} cards are elements`);
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
