// Talking for hours: code is copied, answers lead to what they answer, words are quoted, a paused workspace is resumed where
// one writes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody));

const box = () => person.page.locator('#panel-chat textarea[aria-label^="Message to"]');
const copied = () => person.page.evaluate(() => navigator.clipboard.readText());

async function joins(name, answer) {
  const agent = await new Agent(answer).join(platform, name);
  closing.push(() => agent.leave());
  await person.opens(`${platform.url}/w/${agent.id}/chat`);
  await box().waitFor();
  await person.seesLive();
  return agent;
}

test("code is copied as it was written", async () => {
  await joins("coder", () => saying("Run this:\n\n```sh\ncurl -s 'https://x.example' \\\n  | jq '.a'\n```\n\nthen\n\n```\nls\n```"));
  await person.writes("how?");
  const answer = await person.getsAnswer(/Run this/);
  const buttons = answer.getByRole("button", { name: "Copy code" });
  await buttons.first().click();
  assert.equal(await copied(), "curl -s 'https://x.example' \\\n  | jq '.a'");
  await person.page.keyboard.press("Tab");
  await buttons.last().press("Enter");
  assert.equal(await copied(), "ls");
  await picture(person.page, "talking_code");
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-chat"), {});
  await person.page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
  await picture(person.page, "talking_code_dark");
  await person.page.evaluate(() => (document.documentElement.dataset.theme = "light"));
});

test("an answer that comes later leads to what it answers", async () => {
  const held = new Map();
  await joins("thinker", (words) => new Promise((resolve) => held.set(words, () => resolve(saying(`about ${words}`)))));
  const ask = async (words) => {
    await person.writes(words);
    await until("the agent to have it", () => held.has(words));
  };
  await ask("a long question");
  await ask("a short question");
  held.get("a short question")();
  const close = await person.getsAnswer(/about a short question/);
  held.get("a long question")();
  const far = await person.getsAnswer(/about a long question/);
  assert.equal(await close.getByRole("button", { name: /^Answers:/ }).count(), 0, "what follows its question needs no link");
  await picture(person.page, "talking_links");
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-chat"), {});
  await far.getByRole("button", { name: "Answers: a long question" }).click();
  assert.equal(await person.page.evaluate(() => document.activeElement?.textContent?.includes("a long question")), true);
});

test("words of an answer are quoted in the next message", async () => {
  await joins("teller", () => saying("The first point.\n\nThe second point."));
  await person.writes("tell me");
  const answer = await person.getsAnswer(/second point/);
  await answer.getByRole("button", { name: "Quote it in a message" }).press("Enter");
  assert.equal(await box().inputValue(), "> The first point.\n> \n> The second point.\n\n");
  assert.match(await person.focusName(), /^Message to/);
  await box().fill("");
  await answer.getByText("The second point.").click({ clickCount: 3 });
  await answer.getByRole("button", { name: "Quote it in a message" }).click();
  assert.equal(await box().inputValue(), "> The second point.\n\n");
});

test("a paused workspace is resumed where one writes, and the words are still there", async () => {
  const agent = await joins("sleeper", (words) => saying(`awake for ${words}`));
  await box().fill("good morning");
  await platform.ask("POST", `/workspaces/${agent.id}/pause`, {});
  const notice = person.page.getByText("sleeper is paused. Resume it to write.");
  await notice.waitFor();
  assert.ok(await box().isDisabled());
  await picture(person.page, "talking_paused");
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-chat"), {});
  await person.page.getByRole("button", { name: "Resume" }).click();
  await notice.waitFor({ state: "detached" });
  assert.equal(await box().inputValue(), "good morning");
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
