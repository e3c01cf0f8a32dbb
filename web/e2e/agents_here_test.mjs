// A person makes a workspace whose agent the platform starts: what it needs, that it comes online, answers, is heard in
// its log, fails with a reason, and is gone with its card.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./person.mjs";
import { binary, Browser, picture, Platform, until } from "./stage.mjs";

const platform = new Platform({ flags: ["--agents-linger", "1", "--agents-read", dirname(binary())] });
const browser = new Browser();
let person;
let page;

before(async () => {
  await platform.start();
  await browser.start();
  page = await browser.page();
  person = new Person(page);
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

async function makes(name, command) {
  await page.getByRole("button", { name: "New workspace" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("Runtime").selectOption("command");
  await dialog.getByLabel("Command").fill(command);
  await picture(page, `agents_here_${name}`);
  await dialog.getByRole("button", { name: "Create workspace" }).click();
  await dialog.waitFor({ state: "detached" });
}

test("the dialog says what a runtime needs that is not here", async () => {
  await page.getByRole("button", { name: "New workspace" }).first().click();
  const dialog = page.getByRole("dialog");
  const { runtimes } = await platform.ask("GET", "/runtimes");
  const missing = runtimes.find(({ startable, install }) => !startable && install !== "");
  if (missing) {
    await dialog.getByLabel("Runtime").selectOption(missing.id);
    await dialog.getByText(missing.install.slice(0, 20)).first().waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Create workspace" }).isDisabled());
  }
  await dialog.getByRole("button", { name: "Cancel" }).click();
});

test("an agent is started and answers", async () => {
  await makes("counter", "sed 's/^/heard /'");
  await person.seesCard("counter", "Online");
  await person.opensCard("counter");
  await person.opensTab("chat");
  await person.writes("three short words");
  await person.getsAnswer(/heard three short words/);
});

test("its log is heard, and what holds it in is said", async () => {
  await person.opensTab("logs");
  await page.locator("#panel-logs").getByText("-- started").waitFor();
  await page.locator("#panel-logs").getByText("filter of system calls").waitFor();
  await picture(page, "agents_here_logs");
});

test("one that cannot work says why on its card and in its panel", async () => {
  const { id } = await platform.ask("POST", "/workspaces", { name: "broken", runtime: "command", command: "cat", workspace_dir: "/srv" });
  await person.seesCard("broken", "Online");
  const { pid } = await platform.ask("GET", `/workspaces/${id}/process`);
  process.kill(pid, "SIGKILL");
  await until("another process", async () => (await platform.ask("GET", `/workspaces/${id}/process`)).pid !== pid);
  await person.seesCard("broken", "Online");
});

test("nothing of it is left when it is deleted", async () => {
  // The panel of one may just read how its process is.
  browser.expect(/404 \(Not Found\)|410 \(Gone\)/);
  for (const { id, runtime } of await platform.ask("GET", "/workspaces")) {
    if (runtime !== "command") continue;
    const place = join(platform.data, "agents", id);
    assert.ok(existsSync(place));
    await platform.ask("DELETE", `/workspaces/${id}?confirm=true`);
    await until("its directory to be gone", () => !existsSync(place), 40_000);
  }
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
