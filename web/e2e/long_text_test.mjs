// Answers of any length leave the page usable: what is formatted at once is bounded, the rest is there when asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
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
    await person.page.locator('[data-role="user"]').getByRole("button", { name: "Show all 2.1 MB" }).click();
    await until("all of it", async () => (await person.page.locator('[data-role="user"] [data-piece]').count()) > 60);
    await person.opensTab("activity");
    await person.page.locator("#panel-activity li button").first().click();
    await person.page.locator("#panel-activity [data-piece]").first().waitFor();
  });
});

const kilobytes = 200 * 1024;
const filled = (unit) => unit.repeat(Math.ceil(kilobytes / Buffer.byteLength(unit)));
const texts = {
  "one word": filled("x"),
  lines: filled("a line of a log, as they are\n"),
  "short lines": filled("x\n"),
  emoji: filled("👩‍👩‍👧🦊"),
  "right to left": filled("שלום مرحبا "),
  "marks on marks": filled(`a${"\u0301\u0324\u0336".repeat(40)}`),
  characters: filled("漢字かな交じり文"),
  "characters that say nothing": filled("\u200b\u00ad\u202e\ufeff"),
  markup: filled("<b>[*`|_>#"),
};
for (const [what, words] of Object.entries(texts))
  test(`200 KB of ${what} are pasted, typed into, sent and read`, async () => {
    const agent = await joins(`paste ${what}`, (heard) => saying(heard));
    await opensChat(agent);
    await person.page.evaluate((text) => navigator.clipboard.writeText(text), words);
    await box().focus();
    await staysUsable(`200 KB of ${what}`, async () => {
      await person.page.keyboard.press("Control+V");
      const pasted = person.page.getByRole("list", { name: "Pasted texts" });
      await pasted.getByRole("button", { name: /^Pasted text 20/ }).click();
      await pasted.locator("[data-piece]").first().waitFor();
      await person.page.getByLabel(/^Message to/).pressSequentially("look:");
      await person.page.keyboard.press("Enter");
      await answers().last().waitFor();
      await person.page.reload();
      await answers().last().waitFor();
      await box().fill("typed meanwhile");
      await showAll(person.page.locator('[data-role="user"]').last()).click();
      await showAll(answers().last()).click();
      await answers().last().getByRole("button", { name: "Show less" }).click();
      await showAll(answers().last()).waitFor();
    });
    assert.ok(agent.asked[0].params.message.parts[0].text === `look:\n\n${words}`, "all of it is sent, as it was");
  });

test("a long text that comes in another way than by pasting stands beside the field, too, and outlives a reload", async () => {
  const agent = await joins("drop", (heard) => saying(heard));
  await opensChat(agent);
  const words = filled("word ");
  await box().fill("before and after");
  await staysUsable("a long text put into the field", () =>
    box().evaluate((field, text) => {
      field.setSelectionRange(7, 7);
      document.execCommand("insertText", false, text);
    }, words),
  );
  const pasted = person.page.locator("[data-pasted]");
  await pasted.waitFor();
  assert.equal(await box().inputValue(), "before and after");
  await pasted.getByRole("button", { name: "Copy pasted text" }).click();
  assert.ok((await person.page.evaluate(() => navigator.clipboard.readText())) === words);
  await pasted.getByRole("button", { name: /^Pasted text/ }).click();
  await picture(person.page, "pasted");
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-chat"), {});
  await person.page.reload();
  await pasted.waitFor();
  assert.equal(await box().inputValue(), "before and after");
  await pasted.getByRole("button", { name: "Remove pasted text" }).press("Enter");
  assert.equal(await pasted.count(), 0);
  assert.match(await person.focusName(), /^Message to/);
});

test("what is longer than a message may be is said to be before anything is cut, and goes as a file", async () => {
  const agent = await joins("too much", (heard) => saying(heard));
  await opensChat(agent);
  const words = "many words ".repeat(50_000);
  await person.page.evaluate((text) => navigator.clipboard.writeText(text), words);
  await box().focus();
  await staysUsable("a message that is too long", async () => {
    await person.page.keyboard.press("Control+V");
    await person.page.getByText("This message has 550,000 characters; a message has at most 500,000.").waitFor();
  });
  await picture(person.page, "too_long");
  await person.page.getByRole("button", { name: "Attach it as a file" }).click();
  await person.page.locator('[aria-label="Attached files"] [data-state="kept"]').waitFor();
  await box().fill("read this");
  await box().press("Enter");
  await person.getsAnswer(/read this/);
  const file = agent.asked[0].params.message.parts[1].file;
  const got = await fetch(file.uri, { headers: { Authorization: `Bearer ${agent.token}` } });
  assert.equal(await got.text(), words);
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
