// A person makes a workspace and connects an own agent with what the dialog offers to paste.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
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

async function creates(name) {
  await person.page.getByRole("button", { name: "New workspace" }).click();
  const dialog = person.page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("Role").fill("Answers test messages");
  await dialog.getByRole("button", { name: "Create workspace" }).click();
  await person.page.getByRole("heading", { name: `Connect your agent to ${name}` }).waitFor();
  await person.seesCard(name, "Waiting for agent");
}

test("the pasted curl snippet brings the node online, hears a message and answers it", async () => {
  await creates("scout");
  await picture(person.page, "connect");
  await person.page.getByRole("dialog").getByRole("tab", { name: "curl" }).click();
  const snippet = await person.page.locator('[data-snippet="curl_register_template"]').textContent();
  assert.match(snippet, /mol_/, "the real token is filled in");
  const pasted = platform.paste(snippet);
  await person.seesCard("scout", "Online");
  await person.page.getByText("scout is connected.").waitFor();
  const dialog = person.page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Send a test message" }).click();
  await dialog.locator('li[data-done="true"]', { hasText: "First message answered" }).waitFor({ timeout: 45_000 });
  await dialog.locator('li[data-done="true"]', { hasText: "First heartbeat" }).waitFor();
  await picture(person.page, "connected");
  assert.match(await pasted, /"status":"registered"[^]*"status":"sent"/);
});

test("the dialog closes only after the token was said to be saved", async () => {
  const close = person.page.getByRole("dialog").getByRole("button", { name: "Done" });
  assert.equal(await close.isDisabled(), true);
  await person.page.keyboard.press("Escape");
  assert.equal(await person.page.getByRole("dialog").count(), 1);
  await person.page.getByLabel("I’ve saved the token").check();
  await close.click();
  await person.page.getByRole("dialog").waitFor({ state: "detached" });
});

test("the pasted Python snippet registers, beats and answers the test message", async () => {
  await creates("pythonist");
  const dialog = person.page.getByRole("dialog");
  await dialog.getByRole("tab", { name: "Command line" }).click();
  await picture(person.page, "connect_command");
  assert.match(await person.page.locator('[data-snippet="command_snippet"]').textContent(), /^\.venv\/bin\/python -m molecule_agent connect --handler /m);
  await dialog.getByRole("tab", { name: "Python SDK" }).click();
  const snippet = await person.page.locator('[data-snippet="python_snippet"]').textContent();
  platform.runPython(snippet);
  await person.seesCard("pythonist", "Online");
  await dialog.locator('li[data-done="true"]', { hasText: "First heartbeat" }).waitFor({ timeout: 45_000 });
  await dialog.getByRole("button", { name: "Send a test message" }).click();
  await dialog.locator('li[data-done="true"]', { hasText: "First message answered" }).waitFor({ timeout: 45_000 });
  await person.page.getByLabel("I’ve saved the token").check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await person.getsAnswer(/That was \d+ words/);
});

test("a token is shown once and can be revoked", async () => {
  await person.opensCard("scout");
  await person.opensTab("tokens");
  const panel = person.page.locator("#panel-tokens");
  await panel.getByRole("button", { name: "New token" }).click();
  await panel.getByRole("button", { name: "Make token" }).click();
  const fresh = await panel.locator("[data-fresh-token]").textContent();
  assert.match(fresh, /^mol_/);
  await picture(person.page, "tokens");
  await panel.getByRole("button", { name: "I have saved it" }).click();
  assert.equal(await panel.locator("[data-fresh-token]").count(), 0);
  const revoke = panel.getByRole("button", { name: new RegExp(`^Revoke ${fresh.slice(0, 8)}`) });
  await revoke.click();
  await panel.getByRole("button", { name: "Revoke for good" }).click();
  await revoke.waitFor({ state: "detached" });
  await panel.getByRole("button", { name: "Revoke for good" }).waitFor({ state: "detached" });
});

test("a secret goes in and does not come back", async () => {
  await person.opensTab("secrets");
  const panel = person.page.locator("#panel-secrets");
  await panel.getByLabel("Name").fill("API_KEY");
  await panel.getByLabel("Value").fill("very-secret-value");
  await panel.getByRole("button", { name: "Save secret" }).click();
  await panel.locator("li", { hasText: "API_KEY" }).waitFor();
  assert.equal(await panel.getByLabel("Value").inputValue(), "");
  assert.ok(!(await person.page.content()).includes("very-secret-value"));
  await panel.getByRole("button", { name: "Remove API_KEY" }).click();
  await panel.getByRole("button", { name: "Remove for good" }).click();
  await panel.locator("li", { hasText: "API_KEY" }).waitFor({ state: "detached" });
});

test("details can be edited, and another browser sees it at once", async () => {
  const other = new Person(await browser.page());
  await other.claims(await platform.newClaimLink());
  await other.seesLive();
  await person.opensTab("details");
  const panel = person.page.locator("#panel-details");
  await panel.getByRole("button", { name: "Edit" }).click();
  await panel.getByLabel("Name").fill("explorer");
  await panel.getByRole("button", { name: "Save" }).click();
  await other.seesCard("explorer", "Online");
  await picture(person.page, "details");
  await other.page.context().close();
});

test("the way to connect is shown again, and rotating gives a new token that works", async () => {
  const panel = person.page.locator("#panel-details");
  await panel.getByRole("button", { name: "Show connection info" }).click();
  await panel.getByRole("tab", { name: "curl" }).click();
  const snippet = panel.locator('[data-snippet="curl_register_template"]');
  assert.doesNotMatch(await snippet.textContent(), /mol_/, "a token is shown only when it is made");
  await panel.getByRole("button", { name: "Rotate credentials…" }).click();
  await panel.getByRole("button", { name: "Rotate now" }).click();
  await panel.getByText("The new token is part of the snippets").waitFor();
  await panel.getByRole("tab", { name: "curl" }).click();
  const [token] = /mol_[\w-]+/.exec(await snippet.textContent());
  const [id] = /[0-9a-f-]{36}/.exec(await panel.locator("..").textContent());
  const answer = await fetch(`${platform.url}/workspaces/${id}/state`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
});

test("pausing and resuming show on the card at once", async () => {
  const panel = person.page.locator("#panel-details");
  await panel.getByRole("button", { name: "Pause" }).click();
  await person.seesCard("explorer", "Paused");
  await panel.getByRole("button", { name: "Resume" }).click();
  await person.page.locator('.react-flow__node[aria-label="explorer workspace — Paused"]').waitFor({ state: "detached" });
});

test("deleting removes the card", async () => {
  await person.page.locator("#panel-details").getByRole("button", { name: "Delete explorer…" }).click();
  await person.page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await person.card("explorer").waitFor({ state: "detached" });
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
