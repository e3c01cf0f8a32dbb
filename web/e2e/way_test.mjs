// One message's whole way: from the chat, from the talk between agents and from the activity; live, and at its address.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { Person } from "./person.mjs";
import { Agent, Browser, picture, Platform, saying, until } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
const browser = new Browser();
const agents = {};
let person;
/** Lets the one who was asked last answer. */
let finish;

/** Hands work on because of the newest message that `agent` got, and waits for its result. */
async function delegates(agent, target, task) {
  const [row] = await platform.ask("GET", `/workspaces/${agent.id}/activity?type=a2a_receive&limit=1`, undefined, agent.token);
  const answer = await fetch(`${platform.url}/workspaces/${agent.id}/delegate`, {
    method: "POST",
    headers: { Authorization: `Bearer ${agent.token}`, "Content-Type": "application/json", "X-Molecule-Activity-Id": row.id },
    body: JSON.stringify({ target_id: target.id, task }),
  });
  const { delegation_id } = await answer.json();
  for (;;) {
    const now = await platform.ask("GET", `/workspaces/${agent.id}/delegations/${delegation_id}?wait=10`, undefined, agent.token);
    if (now.status === "completed") return now.result;
  }
}

before(async () => {
  await platform.start();
  await browser.start();
  agents.writer = await new Agent(() => new Promise((done) => (finish = () => done(saying("Three points"))))).join(platform, "writer");
  agents.editor = await new Agent(async () => saying(`Edited: ${await delegates(agents.editor, agents.writer, "write three points")}`)).join(platform, "editor");
  agents.lead = await new Agent(async () => saying(`Done: ${await delegates(agents.lead, agents.editor, "prepare a summary")}`)).join(platform, "lead");
  person = new Person(await browser.page());
  await person.claims(await platform.newClaimLink());
  await person.seesLive();
});
after(async () => {
  await browser.stop();
  for (const agent of Object.values(agents)) await agent.leave();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

const dialog = () => person.page.getByRole("dialog", { name: "The way of a message" });
const steps = () =>
  dialog().locator("[data-step]").evaluateAll((all) => all.map((each) => `${each.dataset.depth} ${each.dataset.standing}`));

test("the way of a message that is under way is a tree that grows and ends by itself", async () => {
  await person.page.goto(`${platform.url}/w/${agents.lead.id}/chat`);
  await person.seesLive();
  await person.writes("summarise the week");
  await until("the last to be asked", () => finish !== undefined);
  const mine = person.page.locator('[data-role="user"]', { hasText: "summarise the week" });
  await mine.hover();
  await mine.getByRole("button", { name: "Its whole way" }).click();
  await dialog().getByText("editor → writer").waitFor();
  assert.equal((await steps()).length, 3);
  assert.deepEqual((await steps()).map((each) => each.split(" ")[0]), ["0", "1", "2"]);
  await dialog().getByText(/3 messages, begun .* under way for/).waitFor();
  await picture(person.page, "way_under_way");
  finish();
  await dialog().getByText(/3 messages, begun .* over after/).waitFor();
  assert.deepEqual(await steps(), ["0 answered", "1 answered", "2 answered"]);
  await dialog().getByText("Done: Edited: Three points").waitFor();
  assert.deepEqual(await violationsInBothThemes(person.page, '[role="dialog"]'), {});
  await picture(person.page, "way");
});

test("it has an address of its own, and Back leaves it", async () => {
  await person.page.reload();
  await dialog().getByText("lead → editor").waitFor();
  await person.page.goBack();
  await dialog().waitFor({ state: "detached" });
  await person.page.goForward();
  await dialog().waitFor();
  await person.page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
});

test("a hop between agents and a row of activity lead to the same way", async () => {
  await person.page.goto(`${platform.url}/w/${agents.editor.id}/chat`);
  await person.page.getByRole("button", { name: "Agent Comms" }).click();
  await person.page.locator('[data-way="out"]', { hasText: "write three points" }).getByRole("button", { name: "Its whole way" }).click();
  await dialog().getByText("You → lead").waitFor();
  assert.equal(await dialog().locator('[data-step][class*="asked"]').getAttribute("data-depth"), "2");
  await person.page.keyboard.press("Escape");
  await person.opensTab("activity");
  await person.page.locator("#panel-activity li", { hasText: "prepare a summary" }).first().locator("button").first().click();
  await person.page.locator("#panel-activity").getByRole("button", { name: "Its whole way" }).click();
  await dialog().getByText("editor → writer").waitFor();
  assert.equal((await steps()).length, 3);
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
