// The panels of a workspace and the settings, on real data: what they say, what they ask first, how they look in both themes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { weakTexts } from "./contrast.mjs";
import { Person } from "./person.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
let page;
const { platform, browser, closing } = signedIn((met) => {
  person = met;
  page = met.page;
});
const alpha = new Agent((words) => saying(`you said ${words}`));
closing.push(() => alpha.leave());

const panel = (id) => page.locator(`#panel-${id}`);
const toast = (text) => page.getByRole("region", { name: "Notifications" }).getByText(text);

/** Pictures of what is shown: both themes, a wide window and a telephone's. */
async function pictures(name) {
  if (!process.env.E2E_SHOTS) return;
  for (const theme of ["light", "dark"]) {
    await page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => Promise.all(document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined))));
      await picture(page, `${name}_${theme}_${width}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.evaluate(() => (document.documentElement.dataset.theme = "light"));
}

/** What is shown shuts nobody out and can be read. */
async function isFine(selector, name) {
  assert.deepEqual(await violationsInBothThemes(page, selector), {}, name);
  for (const theme of ["dark", "light"]) {
    await page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    await page.evaluate(() => Promise.all(document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined))));
    assert.deepEqual(await weakTexts(page), [], `${name}, ${theme}`);
  }
  await pictures(name);
}

const card = {
  name: "alpha agent",
  description: "Reads and counts",
  version: "1.2.0",
  skills: [
    { id: "summarise", name: "Summarise", description: "Shortens what it reads", tags: ["text", "reading"], examples: ["Summarise README.md in 3 bullet points"] },
    { id: "count", name: "Count words", description: "Counts the words of what it is told", tags: ["text"] },
  ],
};

test("Skills show what an agent's card says, and follow it", async () => {
  await alpha.join(platform, "alpha");
  await person.opensCard("alpha");
  await person.opensTab("skills");
  await panel("skills").getByText("No skills", { exact: true }).waitFor();
  await platform.ask("POST", "/registry/update-card", { workspace_id: alpha.id, agent_card: card }, alpha.token);
  const skill = panel("skills").getByRole("article", { name: "Summarise" });
  await skill.getByText("Shortens what it reads").waitFor();
  await skill.getByText("“Summarise README.md in 3 bullet points”").waitFor();
  assert.deepEqual(await skill.getByRole("list", { name: "Tags" }).locator("li").allTextContents(), ["text", "reading"]);
  await isFine("#panel-skills", "skills");
});

test("a token is made with a label and an end, says when it was used, and is revoked after a word", async () => {
  await person.opensTab("tokens");
  await panel("tokens").getByRole("button", { name: "New token" }).click();
  const form = panel("tokens").getByRole("form", { name: "New token" });
  await form.getByLabel("Label").fill("laptop");
  await form.getByLabel("Good for").selectOption("7");
  await pictures("token_form");
  await form.getByRole("button", { name: "Make token" }).click();
  const token = (await panel("tokens").locator("[data-fresh-token]").textContent()).trim();
  const row = panel("tokens").locator("li", { hasText: "laptop" });
  await row.getByText(/by a signed-in browser, never used/).waitFor();
  await panel("tokens").locator("li", { hasText: "by the admin token" }).waitFor();
  await row.getByText(/expires in (6|7)d/).waitFor();
  await isFine("#panel-tokens", "tokens");
  await panel("tokens").getByRole("button", { name: "I have saved it" }).click();
  assert.equal((await fetch(`${platform.url}/workspaces/${alpha.id}/state`, { headers: { Authorization: `Bearer ${token}` } })).status, 200);
  await until("the use to be shown", async () => {
    await person.opensTab("skills");
    await person.opensTab("tokens");
    await row.waitFor();
    return (await row.getByText(/last used/).count()) > 0;
  });
  await row.getByRole("button", { name: /^Revoke laptop/ }).click();
  await row.getByRole("button", { name: "Keep" }).click();
  await row.getByRole("button", { name: /^Revoke laptop/ }).click();
  await row.getByRole("button", { name: "Revoke for good" }).click();
  await row.waitFor({ state: "detached" });
  assert.equal((await fetch(`${platform.url}/workspaces/${alpha.id}/state`, { headers: { Authorization: `Bearer ${token}` } })).status, 401);
});

test("the card of an agent is written anew in its details, and what is no card is told before", async () => {
  await person.opensTab("details");
  const details = panel("details");
  await details.getByRole("button", { name: "Change card" }).click();
  const field = details.getByRole("textbox", { name: "Card, as JSON" });
  assert.deepEqual(JSON.parse(await field.inputValue()).skills.map(({ id }) => id), ["summarise", "count"]);
  await field.fill('{ "name": ');
  await details.getByText(/not JSON yet/).waitFor();
  assert.ok(await details.getByRole("button", { name: "Save card" }).isDisabled());
  await isFine("#panel-details", "card_editor");
  // Its agent shows another one meanwhile: what is written stays, and that is said.
  await platform.ask("POST", "/registry/update-card", { workspace_id: alpha.id, agent_card: { ...card, version: "1.3.0" } }, alpha.token);
  await details.getByText(/changed elsewhere meanwhile/).waitFor();
  assert.equal(await field.inputValue(), '{ "name": ');
  await field.fill(JSON.stringify({ ...card, version: "2.0.0", skills: [{ id: "sing", name: "Sing" }] }));
  await details.getByRole("button", { name: "Save card" }).click();
  await toast("alpha has another card").waitFor();
  await details.getByText("2.0.0").waitFor();
  await person.card("alpha").getByText("Sing").waitFor();
  await platform.ask("POST", "/registry/update-card", { workspace_id: alpha.id, agent_card: card }, alpha.token);
  await person.card("alpha").getByText("Summarise").waitFor();
});

test("heartbeats are a line of bars wherever a workspace is looked at closely", async () => {
  for (const id of ["details", "activity", "timeline"]) {
    await person.opensTab(id);
    await platform.ask("POST", "/registry/heartbeat", { workspace_id: alpha.id, active_tasks: 0 }, alpha.token);
    await panel(id).locator("[data-beat]").first().waitFor();
  }
});

test("a secret keeps its bytes, an override is marked, and nothing is written over without a word", async () => {
  await platform.ask("PUT", "/settings/secrets", { key: "ANTHROPIC_API_KEY", value: "sk-ant-global" });
  await platform.ask("PUT", "/settings/secrets", { key: "REGION", value: "eu" });
  await person.opensTab("secrets");
  const secrets = panel("secrets");
  const row = (key) => secrets.locator("li", { hasText: key });
  const saves = async (key, value) => {
    await until("an empty form", async () => (await secrets.getByLabel("Name").inputValue()) === "");
    await secrets.getByLabel("Name").fill(key);
    await secrets.getByLabel("Value").fill(value);
    await secrets.getByRole("button", { name: "Save secret" }).click();
  };
  const pem = "-----BEGIN KEY-----\n abc=\n\tdef\n-----END KEY-----\n\n";
  await saves("PEM_KEY", pem);
  await row("PEM_KEY").waitFor();

  await row("REGION").getByText("Global", { exact: true }).waitFor();
  await row("REGION").getByRole("button", { name: "Override REGION" }).click();
  assert.equal(await secrets.getByLabel("Name").inputValue(), "REGION");
  await secrets.getByText(/Overrides the global REGION for alpha/).waitFor();
  await secrets.getByLabel("Value").fill("us");
  await secrets.getByRole("button", { name: "Save secret" }).click();
  await row("REGION").getByText("Override", { exact: true }).first().waitFor();

  await saves("REGION", "asia");
  await secrets.getByText(/REGION is stored already/).waitFor();
  await secrets.getByRole("button", { name: "Keep it" }).click();
  const values = () => platform.ask("GET", `/workspaces/${alpha.id}/secrets/values`, undefined, alpha.token);
  assert.equal((await values()).REGION, "us");
  await secrets.getByRole("button", { name: "Save secret" }).click();
  await secrets.getByRole("button", { name: "Replace REGION" }).click();
  await until("the new value", async () => (await values()).REGION === "asia");
  assert.equal((await values()).PEM_KEY, pem);

  await saves("ANTHROPIC_API_KEY", "sk-or-wrong");
  await until("an empty form", async () => (await secrets.getByLabel("Name").inputValue()) === "");
  await secrets.getByLabel("Value").fill("sk-or-wrong");
  await secrets.getByLabel("Name").fill("ANTHROPIC_API_KEY");
  await secrets.getByText(/does not look like a key of Anthropic/).waitFor();
  await platform.ask("PUT", `/workspaces/${alpha.id}/secrets`, { key: "GITHUB_TOKEN", value: "ghp_x" });
  // Somebody else stored it: it is here without being asked for.
  await row("GITHUB_TOKEN").waitFor();
  await secrets.getByRole("heading", { name: "GitHub" }).waitFor();
  await page.keyboard.press("Control+f");
  assert.ok(await secrets.getByLabel("Find").evaluate((field) => field === document.activeElement), "the key leads to the field");
  await secrets.getByLabel("Find").fill("git");
  await row("PEM_KEY").waitFor({ state: "detached" });
  await secrets.getByLabel("Find").fill("");
  await row("REGION").getByRole("button", { name: "Remove REGION" }).click();
  await row("REGION").getByText("the global value counts again").waitFor();
  await isFine("#panel-secrets", "secrets");
  await row("REGION").getByRole("button", { name: "Remove for good" }).click();
  await row("REGION").getByText("Global", { exact: true }).waitFor();
});

test("Events tell what the log keeps, live, by kind and with their payload", async () => {
  await person.opensTab("events");
  const events = panel("events");
  await events.locator('[data-event="WORKSPACE_ONLINE"]').first().waitFor();
  const before = await events.locator('[data-event="WORKSPACE_UPDATED"]').count();
  await platform.ask("PATCH", `/workspaces/${alpha.id}`, { role: "Reads and counts" });
  await events.locator('[data-event="WORKSPACE_UPDATED"]').nth(before).waitFor();
  const changed = events.locator('[data-event="WORKSPACE_UPDATED"]').first();
  await changed.getByRole("button").click();
  assert.match(await changed.getByLabel("Payload", { exact: true }).textContent(), /"role": "Reads and counts"/);
  await isFine("#panel-events", "events");
  await events.getByLabel("Events to show").selectOption("access");
  await events.locator('[data-event="SECRET_CHANGED"]').first().waitFor();
  await until("no other kind", async () => (await events.locator('[data-event="WORKSPACE_UPDATED"]').count()) === 0);
  assert.match(page.url(), /filter=access/, "what is looked at can be shared");
});

test("what pausing does is said before, and shown after; restarting is not promised", async () => {
  await person.opensTab("details");
  const details = panel("details");
  await details.getByText("The agent of alpha keeps running where it was started and is told to wait; messages to it wait here.").waitFor();
  await details.getByText(/its owner restarts it/).waitFor();
  assert.equal(await details.getByRole("button", { name: "Restart" }).isDisabled(), true);
  await isFine("#panel-details", "details");
  await details.getByRole("button", { name: "Pause" }).click();
  await toast(/alpha is paused\. Its agent goes on running and waits/).waitFor();
  await person.seesCard("alpha", "Paused");
  await page.locator('[data-banner="paused"]').getByText(/Its agent goes on running/).waitFor();
  await pictures("paused");
  await page.locator('[data-banner="paused"]').getByRole("button", { name: "Resume" }).click();
  await toast(/alpha was resumed/).waitFor();
  await page.locator('[data-banner="paused"]').waitFor({ state: "detached" });
});

test("whoever waits for an agent learns that one was refused and why, and then that it is there", async () => {
  await page.keyboard.press("Escape");
  const made = await platform.ask("POST", "/workspaces", { name: "beta", external: true });
  await person.seesCard("beta", "Waiting for agent");
  const dialog = page.getByRole("dialog", { name: "Connect your agent to beta" });
  await person.card("beta").locator('[data-next="connect"]').click();
  await dialog.getByRole("button", { name: "Close", exact: true }).click();
  await person.opensCard("beta");
  await person.opensTab("details");
  await page.locator('[data-banner="awaiting_agent"]').getByRole("button", { name: "Connect its agent" }).click();
  await dialog.locator('[data-standing="waiting"]').waitFor();
  assert.doesNotMatch(await dialog.locator('[data-snippet="join_snippet"]').textContent(), /mol_/);
  await platform.ask("POST", "/registry/register", { id: made.id, agent_card: { name: "b" }, url: "http://169.254.169.254/" }, made.connection.auth_token);
  await dialog.locator('[data-standing="refused"]').getByText(/Somebody was refused .* ago: /).waitFor();
  await isFine('[role="dialog"]', "connect_refused");
  await dialog.getByRole("button", { name: "Rotate credentials" }).click();
  const line = (await dialog.locator('[data-snippet="join_snippet"]', { hasText: "mol_" }).textContent()).trim();
  assert.match(line, /^echo mol_\S+ \| molecule join http:\/\/\S+ --workspace \S+ --token-stdin --command cat$/);
  await isFine('[role="dialog"]', "connect_waiting");
  await dialog.getByRole("tab", { name: "Claude Code", exact: true }).click();
  assert.match(await dialog.locator('[data-snippet="claude_code_snippet"]').textContent(), /^claude mcp add molecule-beta -s user .*MOLECULE_WORKSPACE_TOKEN=mol_\S+ -- molecule mcp$/);
  await dialog.getByRole("tab", { name: "MCP", exact: true }).click();
  const config = JSON.parse(await dialog.locator('[data-snippet="universal_mcp_snippet"]').textContent());
  assert.equal(config.mcpServers["molecule-beta"].env.WORKSPACE_ID, made.id);
  for (const label of ["Claude Code channel", "Codex", "Gemini", "OpenCode", "Hermes", "OpenClaw"]) {
    await dialog.getByRole("tab", { name: label, exact: true }).click();
    assert.match(await dialog.locator("[data-snippet]").textContent(), /mol_/, label);
  }
  await isFine('[role="dialog"]', "connect_tabs");
  const joined = platform.runLine(line);
  await dialog.locator('[data-standing="online"]').getByText("beta is connected.").waitFor({ timeout: 45_000 });
  await dialog.getByRole("button", { name: "Send a test message" }).click();
  await dialog.locator('li[data-done="true"]', { hasText: "First message answered" }).waitFor({ timeout: 45_000 });
  await isFine('[role="dialog"]', "connect_online");
  await dialog.getByLabel("I’ve saved the token").check();
  await dialog.getByRole("button", { name: "Done" }).click();
  assert.equal(joined.exitCode, null, "the agent goes on");
});

test("a workspace of a name that is taken is called by its own name", async () => {
  await page.getByRole("button", { name: "Close panel" }).click();
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog", { name: "New workspace" });
  await dialog.getByLabel("Name").fill("beta");
  await dialog.getByRole("button", { name: "Create workspace" }).click();
  const names = async () => (await platform.ask("GET", "/workspaces")).map(({ name }) => name);
  await until("the third workspace", async () => (await names()).length === 3);
  const own = (await names()).find((name) => !["alpha", "beta"].includes(name)) ?? "beta";
  const connect = page.getByRole("dialog", { name: `Connect your agent to ${own}`, exact: true });
  await connect.getByLabel("I’ve saved the token").check();
  await connect.getByRole("button", { name: "Close" }).click();
  await page.getByRole("complementary", { name: `${own} panel` }).waitFor();
  await page.keyboard.press("Escape");
});

test("Settings hold the theme, the browsers that are signed in, the secrets of all and which platform this is", async () => {
  const other = new Person(await browser.page());
  await other.claims(await platform.newClaimLink());
  await other.seesLive();
  await page.keyboard.press("Control+,");
  const settings = page.getByRole("dialog", { name: "Settings" });
  await settings.getByText("This browser", { exact: true }).waitFor();
  await settings.getByText("Dark", { exact: true }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await isFine('[role="dialog"]', "settings");
  browser.expect(/401|WebSocket/);
  await settings.getByRole("button", { name: "Sign out another browser" }).click();
  await settings.getByRole("button", { name: "Sign it out" }).click();
  await other.page.getByText("This browser is not signed in").waitFor();
  await other.page.getByText(`molecule admin claim --data ${platform.data}`).waitFor();
  await settings.getByRole("tab", { name: "Global secrets" }).click();
  await settings.locator("li", { hasText: "REGION" }).waitFor();
  await isFine('[role="dialog"]', "settings_secrets");
  await settings.getByLabel("Name").fill("HALF");
  await settings.getByLabel("Value").fill("written");
  await page.keyboard.press("Escape");
  await settings.getByText("The secret that you wrote is not saved.").waitFor();
  await settings.getByRole("button", { name: "Keep writing" }).click();
  assert.equal(await settings.getByLabel("Value").inputValue(), "written");
  await settings.getByRole("tab", { name: "About" }).click();
  await settings.getByRole("button", { name: "Discard it" }).click();
  await settings.getByRole("tab", { name: "About" }).click();
  await settings.getByText(/^SHA256:/).waitFor();
  await isFine('[role="dialog"]', "settings_about");
  await settings.getByRole("button", { name: "Documentation" }).click();
  const docs = page.getByRole("dialog", { name: "Documentation" });
  await docs.getByRole("heading", { name: "Connect an agent" }).waitFor();
  await docs.getByRole("button", { name: "Join by ticket" }).click();
  await docs.getByRole("heading", { name: "Join by ticket" }).waitFor();
  await docs.getByRole("link", { name: "Operate" }).first().click();
  await docs.locator('[data-doc="guides/operate.md"]').waitFor();
  await isFine('[role="dialog"]', "docs");
  await page.keyboard.press("Escape");
});

test("a key of the organisation is made with a scope, shown once, works as it says, and ends at once when it is revoked", async () => {
  await page.keyboard.press("Control+,");
  const settings = page.getByRole("dialog", { name: "Settings" });
  await settings.getByRole("tab", { name: "Keys" }).click();
  await settings.getByText("No keys", { exact: true }).waitFor();
  await settings.getByRole("button", { name: "New key" }).click();
  const form = settings.getByRole("form", { name: "New key" });
  await form.getByLabel("Label").fill("dashboards");
  assert.equal(await form.getByLabel("May", { exact: true }).inputValue(), "read", "the least is offered first");
  await form.getByLabel("Good for").selectOption("30");
  await isFine('[role="dialog"]', "settings_key_form");
  await form.getByRole("button", { name: "Make key" }).click();
  const key = (await settings.locator("[data-fresh-token]").textContent()).trim();
  const row = settings.locator("li", { hasText: "dashboards" });
  await row.getByText("Reads everything").waitFor();
  await row.getByText(/by a signed-in browser, never used/).waitFor();
  await isFine('[role="dialog"]', "settings_keys");
  await settings.getByRole("button", { name: "I have saved it" }).click();
  assert.equal(await settings.getByText(key).count(), 0);

  const as = (bearer, method, path, body) => fetch(`${platform.url}${path}`, { method, body, headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" } });
  assert.equal((await as(key, "GET", "/workspaces")).status, 200);
  const refused = await as(key, "PATCH", `/workspaces/${alpha.id}`, JSON.stringify({ role: "x" }));
  assert.deepEqual([refused.status, (await refused.json()).code], [403, "insufficient_scope"]);
  const followed = await as(key, "GET", `/workspaces/${alpha.id}/events/stream`);
  await row.getByRole("button", { name: /^Revoke dashboards/ }).click();
  await row.getByRole("button", { name: "Keep" }).click();
  await row.getByRole("button", { name: /^Revoke dashboards/ }).click();
  await row.getByRole("button", { name: "Revoke for good" }).click();
  await settings.getByText("No keys", { exact: true }).waitFor();
  await followed.text();
  assert.equal((await as(key, "GET", "/workspaces")).status, 401);
  await page.keyboard.press("Escape");
});

test("panels heal by themselves once the platform is back, and the banner says how old the picture is", async () => {
  browser.expect(/ERR_CONNECTION_REFUSED|WebSocket|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|Failed to load resource/);
  await person.opensCard("alpha");
  await person.opensTab("tokens");
  await panel("tokens").locator("li").first().waitFor();
  await platform.stopServer();
  await person.opensTab("secrets");
  await panel("secrets").getByText(/Secrets could not be read/).waitFor();
  const banner = page.locator('[data-stale="offline"]:visible');
  await banner.getByText(/This is what it looked like \d+s ago/).waitFor({ timeout: 30_000 });
  await pictures("offline");
  await platform.start();
  await banner.getByRole("button", { name: "Reconnect now" }).click();
  await page.locator('[data-live="live"]').waitFor({ timeout: 10_000 });
  await banner.waitFor({ state: "detached" });
  await panel("secrets").locator("li", { hasText: "REGION" }).waitFor();
  assert.equal(await panel("secrets").getByText(/could not be read/).count(), 0);
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
