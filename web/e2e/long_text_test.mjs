// Answers of any length leave the page usable: what is formatted at once is bounded, the rest is there when asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { longestTask } from "./busy.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody));

/** One task of the page may keep a processor busy for so long. Formatting these texts whole took from 4 s to minutes. */
const maxTaskMs = 1000;

async function joins(name, answer) {
  const agent = await new Agent(answer).join(platform, name);
  closing.push(() => agent.leave());
  return agent;
}

async function opensChat(agent) {
  await person.page.goto(`${platform.url}/w/${agent.id}/chat`);
  await person.page.locator("#panel-chat textarea").waitFor();
  await person.page.locator('[data-live="live"]').waitFor();
}

/** Does something with the page; no task of it may be long. What counts is processor time, so that a busy machine changes nothing. */
async function staysUsable(what, play) {
  const longest = await longestTask(person.page, play);
  console.log(`${what}: the longest task took ${longest} ms`);
  assert.ok(longest < maxTaskMs, `${what}: the page stood still for ${longest} ms`);
}

const paragraph = "Some **bold** words and `code` in [a link](https://x.example) of a paragraph.\n\n- one\n- two\n\n";
const long = paragraph.repeat(3200);
const answers = () => person.page.locator('[data-role="agent"]');
const showAll = (message) => message.getByRole("button", { name: /^Show all/ });
const bottomInView = (element) => element.evaluate((each) => each.getBoundingClientRect().bottom < innerHeight);
const box = () => person.page.locator("#panel-chat textarea");

test("a conversation of ten long answers opens at once, and each is there whole", async () => {
  const agent = await joins("long", (words) => saying(`# ${words}\n\n${long}`));
  await opensChat(agent);
  await staysUsable("ten long answers arriving", async () => {
    for (let i = 0; i < 10; i += 1) {
      await person.writes(`answer ${i}`);
      await until("the answer", async () => (await answers().count()) === i + 1);
    }
  });

  const last = answers().last();
  await staysUsable("ten long answers opened", async () => {
    await person.page.reload();
    await until("the answers", async () => (await answers().count()) === 10);
    await last.locator("strong").first().waitFor();
    await box().fill("typed meanwhile");
    await until("the end in view", () => bottomInView(showAll(last)));
  });
  await picture(person.page, "long_answer_folded");
  await person.page.emulateMedia({ colorScheme: "dark" });
  await picture(person.page, "long_answer_folded_dark");

  await last.getByRole("button", { name: "Copy message" }).click();
  assert.equal(await person.page.evaluate(() => navigator.clipboard.readText()), `# answer 9\n\n${long}`);

  const rest = last.locator("[data-rest] [data-piece]");
  await staysUsable("a long answer shown whole", async () => {
    await last.getByRole("button", { name: "Show all 294 KB" }).click();
    await until("all of it", async () => (await rest.count()) > 8);
  });
  await picture(person.page, "long_answer_open_dark");
  await person.page.emulateMedia({ colorScheme: "light" });
  await picture(person.page, "long_answer_open");
  await last.getByRole("button", { name: "Show less" }).click();
  await until("it folded", async () => (await rest.count()) === 0);
  await showAll(last).waitFor();
});

const row = (cell, columns) => `${`|${cell}`.repeat(columns)}|\n`;
const formatted = {
  "two megabytes": paragraph.repeat(20_000),
  brackets: "[".repeat(50_000),
  "emphasis without end": "*a **b ".repeat(20_000),
  "lists in lists": Array.from({ length: 400 }, (_, depth) => `${"  ".repeat(depth)}- x`).join("\n"),
};
const asItIs = {
  "quotes in quotes": `${">".repeat(16_000)} x`,
  "a wide table": row("a", 2000) + row("-", 2000) + row("x", 2000).repeat(20),
  "a table of empty cells": `${row("a", 600)}${row("-", 600)}${"x\n".repeat(2900)}`,
};
for (const [what, text] of Object.entries({ ...formatted, ...asItIs }))
  test(`an answer of ${what} leaves the page usable`, async () => {
    const agent = await joins(what, () => saying(text));
    await opensChat(agent);
    await person.writes("go");
    const last = answers().last();
    await staysUsable(what, async () => {
      await last.waitFor();
      await person.page.reload();
      await last.waitFor();
      await until("its final form", async () => (await last.locator("[data-unformatted]").count()) === (what in asItIs ? 1 : 0));
      await box().fill("typed meanwhile");
      await showAll(last).click();
      await last.getByRole("button", { name: "Show less" }).waitFor();
    });
  });

test("a message of two megabytes leaves the page usable, in the chat and in the activity", async () => {
  const words = "many words without an end ".repeat(80_000);
  const agent = await joins("reader", () => saying("read"));
  await opensChat(agent);
  await staysUsable("a long message sent and read again", async () => {
    await platform.ask("POST", `/workspaces/${agent.id}/a2a`, { method: "message/send", params: { message: { role: "user", parts: [{ kind: "text", text: words }] } } });
    await person.page.reload();
    await until("all of it", async () => (await person.page.locator('[data-role="user"] [data-piece]').count()) > 60);
    await person.opensTab("activity");
    await person.page.locator("#panel-activity li button").first().click();
    await person.page.locator("#panel-activity [data-piece]").first().waitFor();
  });
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
