// A person makes a ticket; an agent of another machine joins by the line that is shown, once.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { weakTexts } from "./contrast.mjs";
import { joins } from "./joiner.mjs";
import { Person } from "./person.mjs";
import { Browser, picture, Platform } from "./stage.mjs";

const platform = new Platform();
const browser = new Browser();
let person;

before(async () => {
  await platform.start();
  await browser.start();
  person = new Person(await browser.page());
  await person.claims(platform.claimLink);
  await person.seesLive();
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

async function makesTicket(name) {
  const dialog = person.page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByText("Ticket", { exact: true }).click();
  await dialog.getByRole("button", { name: "Make ticket" }).click();
  await person.page.getByRole("heading", { name: `Join as ${name}` }).waitFor();
  return person.page.locator("[data-ticket-command]").textContent();
}

let used;

test("a person makes a ticket, and the agent that runs its line appears on the canvas", async () => {
  await person.page.getByRole("button", { name: "New workspace" }).click();
  await picture(person.page, "ticket_choice");
  used = await makesTicket("visitor");
  const dialog = person.page.getByRole("dialog");
  await dialog.getByText("Good once, for").waitFor();
  await dialog.getByText("Waiting for the agent to join").waitFor();
  assert.equal(await dialog.getByRole("button", { name: "Copy command" }).count(), 1);
  await picture(person.page, "ticket");
  assert.equal(await person.card("visitor").count(), 0, "nobody joined yet");
  const joined = await joins(used);
  assert.equal(joined.status, 201, JSON.stringify(joined));
  await dialog.getByText("visitor has joined.").waitFor();
  await person.seesCard("visitor", "Waiting for agent");
  await dialog.getByRole("button", { name: "Done" }).click();
  const state = await fetch(`${platform.url}/workspaces/${joined.workspace_id}/state`, { headers: { Authorization: `Bearer ${joined.auth_token}` } });
  assert.equal(state.status, 200, "its token is good");
});

test("nobody joins with it a second time", async () => {
  const again = await joins(used);
  assert.equal(again.status, 409);
  assert.equal(again.code, "ticket_used");
});

test("the key of the agent is shown beside its tokens and can be taken away", async () => {
  await person.opensCard("visitor");
  await person.opensTab("tokens");
  const panel = person.page.locator("#panel-tokens");
  await panel.locator("[data-agent-key]").waitFor();
  assert.match(await panel.locator("[data-agent-key]").textContent(), /^SHA256:[\w-]{43}$/);
  await picture(person.page, "agent_key");
  await panel.getByRole("button", { name: "Take the agent key away" }).click();
  await panel.getByRole("button", { name: "Take away for good" }).click();
  await panel.locator("[data-agent-key]").waitFor({ state: "detached" });
});

test("tickets are listed without their text, and one that is revoked is good for nothing", async () => {
  await person.page.getByRole("button", { name: "Join tickets" }).click();
  await person.page.getByRole("dialog").getByRole("button", { name: "New ticket" }).click();
  const command = await makesTicket("late");
  await person.page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
  await person.page.getByRole("button", { name: "Join tickets" }).click();
  const rows = person.page.getByRole("list", { name: "Tickets" });
  await rows.locator('li[data-state="open"]', { hasText: "late" }).waitFor();
  await rows.locator('li[data-state="redeemed"]', { hasText: "visitor" }).waitFor();
  assert.ok(!(await person.page.content()).includes("mjt_"), "shown once");
  await picture(person.page, "tickets");
  await rows.getByRole("button", { name: "Revoke the ticket for late" }).click();
  await rows.getByRole("button", { name: "Revoke for good" }).click();
  await rows.locator('li[data-state="revoked"]', { hasText: "late" }).waitFor();
  const refused = await joins(command);
  assert.equal(refused.status, 410);
  assert.equal(refused.code, "ticket_revoked");
  await rows.getByRole("button", { name: "Open visitor" }).click();
  await person.page.getByRole("complementary", { name: "visitor panel" }).waitFor();
});

test("in both themes every word of the dialogs stands out", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const other = new Person(await browser.page({ colorScheme, reducedMotion: "reduce" }));
    await other.claims(await platform.newClaimLink());
    await other.seesLive();
    await other.page.getByRole("button", { name: "Join tickets" }).click();
    const dialog = other.page.getByRole("dialog");
    await dialog.locator('li[data-state="revoked"]').first().waitFor();
    assert.deepEqual(await weakTexts(other.page), [], colorScheme);
    await picture(other.page, `tickets_${colorScheme}`);
    await dialog.getByRole("button", { name: "New ticket" }).click();
    await dialog.getByLabel("Name").fill(`of ${colorScheme}`);
    await picture(other.page, `ticket_choice_${colorScheme}`);
    await dialog.getByRole("button", { name: "Make ticket" }).click();
    await dialog.getByText("Good once, for").waitFor();
    assert.deepEqual(await weakTexts(other.page), [], colorScheme);
    await picture(other.page, `ticket_${colorScheme}`);
    await dialog.getByRole("button", { name: "Done" }).click();
    await other.page.context().close();
  }
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
