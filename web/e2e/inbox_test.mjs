// A person finds in one place what waits for them: answers agents, decides about dead letters, looks after agents in trouble.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody));

const needs = () => person.page.locator("[data-need]");
const need = (text) => person.page.locator("[data-need]", { hasText: text });
const inbox = () => person.page.getByRole("region", { name: "Where a person is needed" });
const title = (wanted) => until(`the title ${wanted}`, async () => wanted.test(await person.page.title()));
const ask = (id, text, more = {}) =>
  platform.ask("POST", `/workspaces/${id}/a2a`, { jsonrpc: "2.0", id: 1, method: "message/send", params: { ...more, message: { role: "user", messageId: text, parts: [{ kind: "text", text }] } } });
const asking = (words, state = "input-required", id = "task") => ({ kind: "task", id, contextId: "talk", status: { state, message: saying(words) } });

let clerk, reader, away;

test("with nothing to do it says so, and the title carries no count", async () => {
  await person.page.getByRole("button", { name: "Inbox" }).click();
  await inbox().getByText("Nobody needs you now").waitFor();
  assert.equal(await person.page.title(), "Molecule AI");
  assert.deepEqual(await violationsInBothThemes(person.page, "main"), {});
  await picture(person.page, "inbox_empty");
});

test("what agents ask, what nobody answered and agents in trouble come by themselves, counted in title and icon", async () => {
  clerk = await new Agent((words) => {
    if (words === "File the report") return asking("Which quarter is it for, and who may read it?");
    if (words === "Book the room") return asking("Sign in at the calendar first.", "auth-required", "room");
    return words === "again" ? asking("And the year?") : saying(`took ${words}`);
  }).join(platform, "clerk");
  reader = await new Agent(() => saying("read")).join(platform, "reader");
  closing.push(() => clerk.leave(), () => reader.leave());
  await ask(clerk.id, "File the report");
  await need("Which quarter is it for").waitFor();
  await title(/^\(1\) Molecule AI$/);
  await ask(clerk.id, "Book the room");
  await need("Sign in at the calendar").waitFor();
  const made = await platform.ask("POST", "/workspaces", { name: "post box", external: true });
  away = made.id;
  await platform.ask("POST", "/registry/register", { id: away, agent_card: { name: "post box" }, delivery_mode: "poll" }, made.connection.auth_token);
  for (const text of ["first letter", "second letter"]) await ask(away, text, { expires_in_seconds: 1 });
  for (const text of ["first letter", "second letter"]) await need(text).waitFor();
  await platform.ask("POST", "/registry/heartbeat", { workspace_id: reader.id, error_rate: 0.7, sample_error: "the scanner does not answer" }, reader.token);
  await need("the scanner does not answer").waitFor();
  await platform.ask("POST", "/workspaces", { name: "night watch", external: true });
  await need("No agent has connected").waitFor();
  assert.deepEqual(await needs().evaluateAll((all) => all.map((each) => each.dataset.need)), ["question", "question", "letter", "letter", "agent", "agent"]);
  await title(/^\(6\) Molecule AI$/);
  assert.match(decodeURIComponent(await person.page.locator('link[rel="icon"]').first().getAttribute("href")), />6<\/text>/);
  await person.page.getByRole("button", { name: "Inbox 6 waiting" }).waitFor();
  assert.deepEqual(await violationsInBothThemes(person.page, "main"), {});
});

test("its looks, at three widths and in both themes", async () => {
  for (const [width, height] of [[1440, 900], [1280, 800], [390, 844]])
    for (const theme of ["light", "dark"]) {
      await person.page.setViewportSize({ width, height });
      await person.page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
      await need("Which quarter").waitFor();
      await picture(person.page, `inbox_${width}_${theme}`);
    }
  assert.ok(await person.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing sticks out");
  assert.deepEqual(await violationsInBothThemes(person.page, "body"), {});
  await person.page.evaluate(() => (document.documentElement.dataset.theme = "light"));
  await person.page.setViewportSize({ width: 1440, height: 900 });
});

test("it says so when there are more questions than it shows", async () => {
  const asked = /\/questions(\?|$)/;
  const told = inbox().getByText("There are older questions than these");
  await need("Which quarter").waitFor();
  assert.equal(await told.count(), 0);
  await person.page.route(asked, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), next_before_seq: 1 } });
  });
  await person.page.reload();
  await told.waitFor();
  await person.page.unroute(asked);
  await person.page.reload();
  await person.seesLive();
  await until("all that waits", async () => (await needs().count()) === 6);
  assert.equal(await told.count(), 0);
});

test("a question is answered there with keys alone, and goes on with the same task", async () => {
  await inbox().focus();
  await person.page.keyboard.press("j");
  await person.page.keyboard.press("j");
  await person.page.keyboard.press("a");
  await person.page.keyboard.type("The third, and the board");
  await person.page.keyboard.press("Enter");
  await need("Which quarter").waitFor({ state: "detached" });
  await until("the agent to have it", () => clerk.asked.at(-1).params.message.parts[0].text === "The third, and the board");
  assert.equal(clerk.asked.at(-1).params.message.taskId, "task");
  await title(/^\(5\)/);
  // Until its agent has said something to it, the platform lists it.
  await until("the platform to list it no more", async () => (await platform.ask("GET", "/questions")).items.every(({ task_id }) => task_id !== "task"));
});

test("what cannot be answered stays and says why", async () => {
  browser.expect(/50[0-9]|40[0-9]/);
  await person.page.route("**/a2a", (route) => (route.request().method() === "POST" ? route.fulfill({ status: 503, json: { error: "the platform is being stopped" } }) : route.continue()));
  const box = need("Sign in at the calendar");
  await box.getByRole("textbox").fill("it has access now");
  await box.getByRole("button", { name: "Answer" }).click();
  await box.getByRole("alert").getByText("the platform is being stopped").waitFor();
  await person.page.unroute("**/a2a");
  await box.getByRole("button", { name: "Answer" }).click();
  await box.waitFor({ state: "detached" });
  await until("the agent to have it", () => clerk.asked.at(-1).params.message.taskId === "room");
});

test("a question is called off, after a second word", async () => {
  await ask(clerk.id, "again");
  const box = need("And the year?");
  await box.waitFor();
  await box.focus();
  await person.page.keyboard.press("d");
  await box.getByRole("button", { name: "Keep it" }).click();
  await box.getByRole("button", { name: "Call it off…" }).waitFor();
  await picture(person.page, "inbox_call_off");
});

test("letters are sent again and dropped by keys", async () => {
  await need("second letter").focus();
  await person.page.keyboard.press("d");
  await person.page.keyboard.type("nobody needs it");
  await person.page.keyboard.press("Enter");
  await need("second letter").waitFor({ state: "detached" });
  await need("first letter").focus();
  await person.page.keyboard.press("a");
  await picture(person.page, "inbox_send_again");
  await person.page.keyboard.type("it is back");
  await person.page.keyboard.press("Enter");
  await need("first letter").waitFor({ state: "detached" });
  await person.page.getByRole("button", { name: "Decided letters…" }).click();
  await person.page.getByRole("dialog").getByRole("button", { name: "Decided" }).click();
  await person.page.getByRole("dialog").getByText("nobody needs it").waitFor();
  await person.page.keyboard.press("Escape");
});

test("an agent in trouble leads to its failures, one without an agent to what connects it", async () => {
  await person.page.getByRole("group", { name: "What is shown" }).getByRole("button", { name: /Agents/ }).click();
  await until("agents alone", async () => (await person.page.locator('[data-need="question"]').count()) === 0);
  assert.match(person.page.url(), /view=inbox&show=agent/);
  await need("reader").focus();
  await person.page.keyboard.press("a");
  await person.page.locator("#panel-activity").waitFor();
  await need("night watch").getByRole("button", { name: /Connect its agent/ }).click();
  await person.page.locator("#panel-details").waitFor();
  await title(/^\(\d\) night watch · Molecule AI$/);
  await platform.ask("POST", "/registry/heartbeat", { workspace_id: reader.id, error_rate: 0 }, reader.token);
  await need("reader").waitFor({ state: "detached" });
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
