// A person reads what happened, of everybody and of one workspace: filtered, searched, opened, followed across agents.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { longestTask } from "./busy.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody));

const entries = () => person.page.locator("[data-entry]");
const entry = (text) => person.page.locator("[data-entry]", { hasText: text });
const long = `The whole of it: ${"word ".repeat(3000)}and the end.`;
let lead, scribe;

test("what people and agents do is one stream, with names, and grows by itself", async () => {
  scribe = await new Agent((words) => saying(words === "write it down" ? long : `took ${words}`)).join(platform, "scribe");
  lead = await new Agent(async () => {
    const [row] = await platform.ask("GET", `/workspaces/${lead.id}/activity?type=a2a_receive&limit=1`, undefined, lead.token);
    await fetch(`${platform.url}/workspaces/${lead.id}/delegate`, {
      method: "POST",
      headers: { Authorization: `Bearer ${lead.token}`, "Content-Type": "application/json", "X-Molecule-Activity-Id": row.id },
      body: JSON.stringify({ target_id: scribe.id, task: "write it down" }),
    });
    return saying("it is being written");
  }).join(platform, "lead");
  closing.push(() => lead.leave(), () => scribe.leave());
  await person.page.getByRole("button", { name: "Timeline" }).click();
  await entry("scribe is online: its agent registered").waitFor();
  await platform.ask("POST", `/workspaces/${lead.id}/a2a`, { jsonrpc: "2.0", id: 1, method: "message/send", params: { message: { role: "user", messageId: "m", parts: [{ kind: "text", text: "have it written" }] } } });
  await entry("You asked lead have it written").waitFor();
  await entry("lead answered you it is being written").waitFor();
  await entry("lead asked scribe").waitFor();
  await entry("lead has the result of scribe").waitFor();
  await platform.ask("POST", `/workspaces/${scribe.id}/secrets`, { key: "PRINTER_KEY", value: "v" });
  await entry("scribe had a secret changed PRINTER_KEY").waitFor();
  await platform.ask("PATCH", `/workspaces/${scribe.id}`, { role: "Writes things down" });
  await entry("scribe has another role").waitFor();
  await platform.ask("POST", "/registry/heartbeat", { workspace_id: lead.id, current_task: "Planning the week", active_tasks: 2 }, lead.token);
  await entry("lead works on Planning the week").waitFor();
  await platform.ask("POST", "/tickets", { name: "laptop" });
  await entry("A join ticket was made laptop").waitFor();
  assert.ok(!/[0-9a-f]{8}-[0-9a-f]{4}/.test(await person.page.getByRole("list", { name: "What happened" }).textContent()), "no ids");
  assert.deepEqual(await violationsInBothThemes(person.page, "main"), {});
});

test("it is filtered by kind and by words, and the address keeps that", async () => {
  await person.page.getByRole("combobox", { name: "Show" }).selectOption("access");
  await until("only tokens and secrets", async () => (await entries().count()) > 0 && (await entries().evaluateAll((all) => all.every((each) => each.dataset.kind === "access"))));
  await person.page.getByLabel("Search the timeline").fill("printer");
  await until("one entry", async () => (await entries().count()) === 1);
  assert.match(person.page.url(), /view=timeline&find=printer&show=access/);
  await person.page.reload();
  await entry("PRINTER_KEY").waitFor();
  await until("one entry again", async () => (await entries().count()) === 1);
  await person.page.getByLabel("Search the timeline").fill("nothing like that");
  await person.page.getByText("Nothing like that").waitFor();
  await person.page.goto(`${platform.url}/?view=timeline`);
  await entry("lead asked scribe").waitFor();
});

test("an entry unfolds into its whole, to be copied", async () => {
  const line = entry("scribe answered lead");
  await line.getByRole("button", { expanded: false }).click();
  await line.getByText("Answered", { exact: true }).waitFor();
  await line.getByRole("button", { name: /Show all/ }).click();
  await line.getByText(/and the end\./).last().waitFor({ state: "attached" });
  await line.getByRole("button", { name: "Copy answered" }).click();
  await until("the copy", async () => (await person.page.evaluate(() => navigator.clipboard.readText())) === long);
  await line.getByRole("button", { name: /Show less/ }).click();
  await picture(person.page, "timeline_open");
  assert.deepEqual(await violationsInBothThemes(person.page, "main"), {});
  await person.page.keyboard.press("Home");
  await line.getByRole("button", { expanded: true }).first().click();
});

test("a hop leads to the whole way of its message, across agents", async () => {
  await entry("You asked lead").getByRole("button", { name: "Its whole way" }).click();
  const dialog = person.page.getByRole("dialog");
  await dialog.locator("[data-step]", { hasText: "You → lead" }).waitFor();
  await dialog.locator("[data-step]", { hasText: "lead → scribe" }).waitFor();
  assert.match(person.page.url(), /view=timeline.*way=|way=.*view=timeline/);
  await person.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await entry("lead has the result of scribe").getByRole("button", { name: "Its whole way" }).click();
  await dialog.locator("[data-step]", { hasText: "lead → scribe" }).waitFor();
  await person.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

test("failures of all kinds are found at once", async () => {
  browser.expect(/50[02]/);
  const broken = await new Agent((_, response) => {
    response.statusCode = 500;
    response.end("no");
  }).join(platform, "broken");
  closing.push(() => broken.leave());
  await platform.ask("POST", `/workspaces/${broken.id}/a2a`, { jsonrpc: "2.0", id: 1, method: "message/send", params: { message: { role: "user", messageId: "f", parts: [{ kind: "text", text: "please" }] } } });
  await platform.ask("POST", "/registry/heartbeat", { workspace_id: broken.id, error_rate: 0.8, sample_error: "out of paper" }, broken.token);
  await person.page.getByRole("combobox", { name: "Show" }).selectOption("failed");
  await entry("broken is degraded: 80 % of its work fails out of paper").waitFor();
  await entry("broken did not answer you").waitFor();
  await until("failures alone", () => entries().evaluateAll((all) => all.length > 0 && all.every((each) => each.dataset.failed === "true")));
  await person.page.getByRole("combobox", { name: "Show" }).selectOption("");
});

test("one workspace has its own, below its heartbeats", async () => {
  await person.page.goto(`${platform.url}/w/${lead.id}/timeline`);
  await person.seesLive();
  await person.page.getByRole("complementary").locator("[data-entry]", { hasText: "You asked lead" }).waitFor();
  await until("a heartbeat to be drawn", async () => {
    await platform.ask("POST", "/registry/heartbeat", { workspace_id: lead.id, current_task: "Planning the week", active_tasks: 3 }, lead.token);
    return (await person.page.locator("[data-beat]").count()) > 0;
  });
  assert.equal(await person.page.getByRole("complementary").locator("[data-entry]", { hasText: "broken" }).count(), 0);
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-timeline"), {});
  await picture(person.page, "timeline_panel");
  await person.page.getByRole("complementary").getByRole("combobox", { name: "Show" }).selectOption("tasks");
  assert.match(person.page.url(), /timeline\?filter=tasks/);
});

test("its looks, at three widths and in both themes", async () => {
  await person.page.goto(`${platform.url}/?view=timeline`);
  for (const [width, height] of [[1440, 900], [1280, 800], [390, 844]])
    for (const theme of ["light", "dark"]) {
      await person.page.setViewportSize({ width, height });
      await person.page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
      await entry("You asked lead").waitFor();
      await person.page.evaluate(() => Promise.all(document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined))));
      await picture(person.page, `timeline_${width}_${theme}`);
    }
  assert.ok(await person.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing sticks out");
  assert.deepEqual(await violationsInBothThemes(person.page, "body"), {});
  await person.page.evaluate(() => (document.documentElement.dataset.theme = "light"));
  await person.page.setViewportSize({ width: 1440, height: 900 });
});

test("thousands are read back page by page, and what is in view is drawn", async () => {
  const past = (seq) => ({ id: String(seq), seq, event_type: "SECRET_CHANGED", workspace_id: lead.id, payload: { key: `KEY_${seq}`, scope: "workspace" }, created_at: new Date(1_900_000_000_000 + seq * 1000).toISOString() });
  await person.page.route("**/events?**", (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const top = Number(asked.get("before") ?? 4001);
    const count = Math.min(Number(asked.get("limit")), top - 1);
    return route.fulfill({ json: Array.from({ length: count }, (_, index) => past(top - 1 - index)) });
  });
  const longest = await longestTask(person.page, async () => {
    await person.page.goto(`${platform.url}/?view=timeline`);
    await entry("KEY_4000").waitFor();
    for (let page = 1; page < 5; page += 1) {
      await person.page.getByRole("button", { name: "Read further back" }).click();
      await person.page.getByText(`${250 * (page + 1)} entries`).waitFor();
    }
    assert.ok((await entries().count()) < 80);
  });
  console.log(`a timeline of thousands: the longest task took ${longest} ms`);
  assert.ok(longest < 1000, `the page stood still for ${longest} ms`);
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
