// A person sees where each message is, answers an agent that asks, and decides about what nobody answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, inPieces, picture, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody));

const opens = async (id, tab = "chat") => {
  await person.page.goto(`${platform.url}/w/${id}/${tab}`);
  await person.page.locator('[data-live="live"]').waitFor();
};
const standing = (words, text) => person.page.locator(`[data-role="user"]`, { hasText: words }).locator(`[data-standing]`, { hasText: text });
const expiring = (id, text) =>
  platform.ask("POST", `/workspaces/${id}/a2a`, { jsonrpc: "2.0", id: 1, method: "message/send", params: { expires_in_seconds: 1, message: { role: "user", messageId: text, parts: [{ kind: "text", text }] } } });

/** A workspace whose agent fetches its messages, by hand. */
async function fetching(name) {
  const made = await platform.ask("POST", "/workspaces", { name, external: true });
  const token = made.connection.auth_token;
  await platform.ask("POST", "/registry/register", { id: made.id, agent_card: { name }, delivery_mode: "poll" }, token);
  return { id: made.id, token };
}

test("a message says where it is: waiting, and answered", async () => {
  const agent = await fetching("fetcher");
  await opens(agent.id);
  await person.writes("anybody?");
  await standing("anybody?", /Waiting since/).waitFor();
  await standing("anybody?", /waits for its agent to fetch/).waitFor();
  await picture(person.page, "standing_waiting");
  const [row] = await platform.ask("GET", `/workspaces/${agent.id}/activity?type=a2a_receive`, undefined, agent.token);
  await platform.ask("POST", `/workspaces/${agent.id}/notify`, { message: "here", reply_to: row.id }, agent.token);
  await person.getsAnswer(/here/);
  await standing("anybody?", "Answered").waitFor();
});

test("what waits is called off at once", async () => {
  const agent = await fetching("idle");
  await opens(agent.id);
  await person.writes("never mind");
  await standing("never mind", /Waiting since/).waitFor();
  await person.page.getByRole("button", { name: "Stop" }).click();
  await standing("never mind", /Canceled: .*An answer that still comes is dropped/).waitFor();
});

test("an agent that asks for more is answered in the same task", async () => {
  const agent = await new Agent((words, response, id) => {
    const answer = inPieces(response, id);
    if (words === "do it") answer.status("input-required", "Which file?");
    else {
      answer.write(`Took ${words}`);
      answer.status("completed");
    }
    answer.end();
  }, { streams: true }).join(platform, "asker");
  closing.push(() => agent.leave());
  await opens(agent.id);
  await person.writes("do it");
  await person.getsAnswer(/Which file\?/);
  const box = person.page.locator('[data-answer-box="input-required"]');
  await box.getByRole("textbox").fill("README");
  await picture(person.page, "standing_asked");
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-chat"), {});
  await box.getByRole("button", { name: "Answer" }).click();
  await person.getsAnswer(/Took README/);
  assert.equal(await box.count(), 0, "what was asked is answered");
  assert.equal(agent.asked.at(-1).params.message.taskId, "task");
  await person.page.reload();
  await person.getsAnswer(/Took README/);
  assert.equal(await box.count(), 0);
});

test("a message that an agent refuses is not called answered", async () => {
  browser.expect(/50[02]/);
  const agent = await new Agent((_, response) => {
    response.statusCode = 500;
    response.end("no");
  }).join(platform, "refuser");
  closing.push(() => agent.leave());
  await opens(agent.id);
  await person.writes("please");
  await standing("please", "Refused").waitFor();
  await person.page.reload();
  await standing("please", "Refused").waitFor();
});

let away;

test("a message whose time is over is said to have expired, and can be sent again or dropped in the chat", async () => {
  away = await fetching("away");
  await opens(away.id);
  await expiring(away.id, "too late");
  await standing("too late", /Expired/).waitFor();
  const line = person.page.locator('[data-role="user"] [data-fate="open"]');
  await line.getByRole("button", { name: "Drop…" }).click();
  await picture(person.page, "standing_expired");
  const confirm = line.getByRole("button", { name: "Drop for good" });
  assert.ok(await confirm.isDisabled(), "a reason is asked for");
  await line.getByLabel("Why is it dropped?").fill("not needed any more");
  await confirm.click();
  await standing("too late", /dropped by a signed-in browser: not needed any more/).waitFor();
});

const letters = () => person.page.getByRole("dialog");

test("dead letters of the organisation are counted, listed by key, sent again with a reason", async () => {
  await person.opens(platform.url);
  await person.seesLive();
  for (const text of ["first letter", "second letter"]) await expiring(away.id, text);
  await person.page.getByRole("button", { name: "Dead letters: 2" }).waitFor();
  await person.page.keyboard.press("d");
  await letters().getByText("second letter").waitFor();
  assert.equal(await letters().locator("[data-letter]").count(), 2);
  await picture(person.page, "dead_letters");
  const first = letters().locator("[data-letter]", { hasText: "first letter" });
  await first.getByRole("button", { name: /^Send again/ }).click();
  assert.deepEqual(await violationsInBothThemes(person.page, '[role="dialog"]'), {});
  await picture(person.page, "dead_letters_reason");
  await person.page.keyboard.press("Escape");
  assert.equal(await letters().count(), 1, "Esc leaves the question, not the list");
  await first.getByRole("button", { name: /^Send again/ }).click();
  await person.page.keyboard.type("its agent is back");
  await person.page.keyboard.press("Enter");
  await first.waitFor({ state: "detached" });
  const rows = await platform.ask("GET", `/workspaces/${away.id}/activity?type=a2a_receive`);
  assert.equal(rows.filter((row) => row.data.text === "first letter").length, 2, "it is a message again");
});

test("a decision that is made elsewhere takes the letter away here, and is kept with its reason", async () => {
  const { items } = await platform.ask("GET", "/dead-letters");
  await platform.ask("POST", `/dead-letters/${items[0].id}/drop`, { reason: "spam" });
  await letters().getByText("No dead letters").waitFor();
  await letters().getByRole("button", { name: "Decided" }).click();
  await letters().getByText("Dropped by the admin token").waitFor();
  await letters().getByText("its agent is back").waitFor();
  await picture(person.page, "dead_letters_decided");
  await person.page.keyboard.press("Escape");
  await letters().waitFor({ state: "detached" });
  await until("the count to be gone", async () => (await person.page.locator("[data-letters]").count()) === 0);
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
