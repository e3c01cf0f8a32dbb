// One message's whole way: from the chat, from the talk between agents and from the activity; live, and at its address.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { longestTask } from "./busy.mjs";
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
    if (["completed", "failed", "canceled"].includes(now.status)) return now.result ?? now.status;
  }
}

before(async () => {
  await platform.start();
  await browser.start();
  agents.writer = await new Agent(() => new Promise((done) => (finish = () => done(saying("Three points"))))).join(platform, "writer");
  agents.editor = await new Agent(async () => saying(`Edited: ${await delegates(agents.editor, agents.writer, "write three points")}`)).join(platform, "editor");
  const task = (id, state) => ({ kind: "task", id, contextId: "c", status: { state } });
  const stands = ({ method, params }) => task(params.id, method === "tasks/cancel" ? "canceled" : "working");
  agents.steady = await new Agent((words, response, id) => task(`steady-${id}`, "working"), { stop: stands }).join(platform, "steady");
  agents.asker = await new Agent(async () => saying(`It is ${await delegates(agents.asker, agents.steady, "count to a million")}`)).join(platform, "asker");
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
  await dialog().getByText(/3 messages, begun .* 3 under way for/).waitFor();
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

test("one step is stopped in its way, with what was asked because of it, and the way says so", async () => {
  finish = undefined;
  await person.page.goto(`${platform.url}/w/${agents.lead.id}/chat`);
  await person.seesLive();
  await person.writes("once more");
  await until("the last to be asked", () => finish !== undefined);
  const mine = person.page.locator('[data-role="user"]', { hasText: "once more" });
  await mine.hover();
  await mine.getByRole("button", { name: "Its whole way" }).click();
  const row = dialog().locator("[data-step]", { hasText: "editor → writer" }).getByRole("button").first();
  await row.press("Enter");
  const stop = dialog().getByRole("button", { name: "Stop this" });
  await stop.waitFor();
  assert.deepEqual(await violationsInBothThemes(person.page, '[role="dialog"]'), {});
  await picture(person.page, "way_step");
  await stop.click();
  await until("it to be canceled", async () => (await steps()).at(-1) === "2 canceled");
  assert.equal(await stop.count(), 0);
  finish();
  await row.focus();
  await person.page.keyboard.press("ArrowUp");
  assert.match(await person.focusName(), /lead → editor/);
});

test("one whose agent answers that it is at it goes on until its end, and is said to be what came of it", async () => {
  await person.page.goto(`${platform.url}/w/${agents.asker.id}/chat`);
  await person.seesLive();
  await person.writes("have it counted");
  await until("the other to be asked", () => agents.steady.asked.length > 0);
  const mine = person.page.locator('[data-role="user"]', { hasText: "have it counted" });
  await mine.hover();
  await mine.getByRole("button", { name: "Its whole way" }).click();
  await until("both to be under way", async () => (await steps()).at(-1) === "1 seen");
  await dialog().getByText(/2 messages, begun .* 2 under way for/).waitFor();
  await dialog().locator("[data-step]", { hasText: "asker → steady" }).getByRole("button").first().click();
  await dialog().getByRole("button", { name: "Stop this" }).click();
  await dialog().getByText(/2 messages, begun .* over after/).waitFor();
  assert.deepEqual(await steps(), ["0 answered", "1 canceled"]);
  assert.equal(await dialog().getByText("Answer", { exact: true }).count(), 0);
  assert.deepEqual(await violationsInBothThemes(person.page, '[role="dialog"]'), {});
  await picture(person.page, "way_canceled_at_work");
});

test("of a way of thousands what is in view is drawn, and the end is reached", async () => {
  const nodes = Array.from({ length: 3000 }, (_, index) => ({
    id: `task-${index}`,
    depth: index === 0 ? 0 : 1 + (index % 5),
    kind: index === 0 ? "message" : "delegation",
    state: "completed",
    standing: ["answered", "refused", "canceled"][index % 3],
    created_at: new Date(1_900_000_000_000 + index * 100).toISOString(),
    since: new Date(1_900_000_000_000 + index * 150 + 500).toISOString(),
    ended_at: new Date(1_900_000_000_000 + index * 150 + 500).toISOString(),
    workspace_id: agents.lead.id,
    name: "lead",
    source_id: index === 0 ? null : agents.editor.id,
    summary: `part ${index}`,
  }));
  await person.page.route("**/tree?**", (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const from = nodes.findIndex(({ id }) => id === asked.get("after")) + 1;
    const page = nodes.slice(from, from + Number(asked.get("limit")));
    return route.fulfill({ json: { nodes: page, ...(from + page.length < nodes.length ? { next: page.at(-1).id } : {}) } });
  });
  browser.expect(/400/);
  const longest = await longestTask(person.page, async () => {
    await person.page.goto(`${platform.url}/w/${agents.lead.id}/chat?way=${agents.lead.id}.task-0.`);
    await dialog().getByText(/3000 messages, begun/).waitFor();
    await picture(person.page, "way_long");
    const list = dialog().getByRole("list", { name: "Messages on the way" });
    assert.ok((await list.locator("[data-step]").count()) < 80);
    await list.evaluate((element) => {
      const scroller = element.closest('[role="dialog"]').querySelector('[class*="body"]');
      scroller.scrollTop = scroller.scrollHeight;
    });
    await list.getByText("part 2999").waitFor();
    assert.ok((await list.locator("[data-step]").count()) < 80);
    assert.equal(await list.locator("[data-step]").last().getAttribute("aria-posinset"), "3000");
  });
  console.log(`a way of thousands: the longest task took ${longest} ms`);
  assert.ok(longest < 500, `the page stood still for ${longest} ms`);
  await picture(person.page, "way_long_end");
  await person.page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
  await picture(person.page, "way_long_dark");
  await person.page.setViewportSize({ width: 390, height: 844 });
  await picture(person.page, "way_long_phone");
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
