// A team that is being started: what its root offers meanwhile, who takes too long, and how it shows that all are up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { Person } from "./person.mjs";
import { signedIn } from "./signed_in.mjs";
import { picture } from "./stage.mjs";

const { platform, browser } = signedIn(() => undefined);
const crew = [];
let person;
let page;

const toast = (text) => page.getByRole("region", { name: "Notifications" }).getByText(text);
const inBothThemes = async (name) => {
  for (const theme of ["dark", "light"]) {
    await page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    await picture(page, `${name}_${theme}`);
  }
};

test("a root says how many of its team are being started, and gives them up after a word", async () => {
  const lead = await platform.ask("POST", "/workspaces", { name: "lead", runtime: "external" });
  for (const name of ["scout", "writer"]) crew.push(await platform.ask("POST", "/workspaces", { name, runtime: "external", parent_id: lead.id }));
  page = await browser.page();
  // What the platform tells of agents that it starts itself, without the minutes that takes.
  await page.route(/\/workspaces(\?|$)/, async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    const answer = await route.fetch();
    const all = await answer.json();
    await route.fulfill({ response: answer, json: all.map((each) => (each.parent_id === lead.id ? { ...each, status: "provisioning", last_heartbeat_at: null } : each)) });
  });
  await page.clock.install();
  person = new Person(page);
  await person.claims(await platform.newClaimLink());
  await person.seesLive();
  await person.seesCard("scout", "Starting");
  const root = person.card("lead");
  assert.ok(!(await person.card("scout").evaluate((each) => each.classList.contains("draggable"))), "it is nobody's to move yet");
  await inBothThemes("coming_up");
  await root.getByText("Cancel (2)").click();
  await root.locator('[data-next="cancel-no"]').click();
  await root.getByText("Cancel (2)").click();
  await inBothThemes("coming_up_asks");
  await root.locator('[data-next="cancel-yes"]').click();
  await toast("2 workspaces will be deleted in 10 seconds").waitFor();
  await page.keyboard.press("Control+z");
  await toast("2 workspaces stay").waitFor();
});

test("who takes longer than a start should is named, with what can be done", async () => {
  assert.equal(await page.locator("[data-slow-start]").count(), 0);
  await page.clock.fastForward(130_000);
  await person.seesLive();
  await page.clock.fastForward(10_000);
  const slow = page.locator(`[data-slow-start="${crew[0].id}"]`);
  await slow.getByText("scout has been starting for 2 minutes.").waitFor();
  assert.equal(await page.locator("[data-slow-start]").count(), 2);
  assert.deepEqual(await violationsInBothThemes(page, `[data-slow-start="${crew[0].id}"]`), {});
  await inBothThemes("slow_start");
  await slow.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await slow.getByRole("button", { name: "Say no more about scout" }).click();
  await slow.waitFor({ state: "detached" });
});

test("when the last one is up the root shows it once", async () => {
  const root = person.card("lead");
  for (const { id, connection } of crew) await platform.ask("POST", "/registry/register", { id, delivery_mode: "poll", agent_card: { name: "one" } }, connection.auth_token);
  await person.seesCard("scout", "Online");
  await person.seesCard("writer", "Online");
  await root.locator('[data-next="cancel"]').waitFor({ state: "detached" });
  await page.locator("[data-slow-start]").first().waitFor({ state: "detached" });
  await page.waitForFunction((id) => document.querySelector(`[data-workspace-id="${id}"]`).classList.contains("draggable"), crew[0].id);
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
