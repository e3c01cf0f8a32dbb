// A person works with the files and the configuration of an agent that the platform runs: by pointer and keys, with somebody
// else at the same file, with what is refused said at its place.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { Person } from "./person.mjs";
import { Browser, picture, Platform, until } from "./stage.mjs";

const platform = new Platform({ flags: ["--agents-linger", "1"] });
const browser = new Browser();
let person;
let page;
let id;
let home;

before(async () => {
  await platform.start();
  await browser.start();
  page = await browser.page();
  person = new Person(page);
  await person.claims(platform.claimLink);
  await person.seesLive();
  ({ id } = await platform.ask("POST", "/workspaces", { name: "counter", role: "Counts words", runtime: "command", command: "wc -w", tier: 2 }));
  await person.seesCard("counter", "Online");
  home = join(platform.data, "agents", id);
  const work = join(home, "workspace");
  mkdirSync(join(work, "reports/old"), { recursive: true });
  writeFileSync(join(work, "reports/may.md"), "# May\n\nAll is well.\n");
  writeFileSync(join(work, "notes.txt"), "first\n");
  writeFileSync(join(work, "picture.bin"), Buffer.from([0, 255, 254]));
  symlinkSync("/etc/passwd", join(work, "elsewhere"));
  await person.opensCard("counter");
});
after(async () => {
  await platform.ask("DELETE", `/workspaces/${id}?confirm=true`).catch(() => undefined);
  await until("its directory to be gone", () => !existsSync(home), 40_000).catch(() => undefined);
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

const inWork = (path) => readFileSync(join(home, "workspace", path), "utf8");
const panel = (tab) => page.locator(`#panel-${tab}`);
const item = (name) => panel("files").getByRole("treeitem", { name });
const content = () => panel("files").getByRole("textbox", { name: /^Content of/ });
const button = (tab, name) => panel(tab).getByRole("button", { name, exact: true });

test("the tree is walked with keys, and a file is edited", async () => {
  await person.opensTab("files");
  await item("reports").focus();
  await page.keyboard.press("ArrowRight");
  await item("may.md").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await until("the file", async () => (await content().inputValue()) === "# May\n\nAll is well.\n");
  await content().focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.press("Tab");
  await page.keyboard.type("still");
  await panel("files").getByText("modified", { exact: true }).waitFor();
  await picture(page, "files_modified");
  await page.keyboard.press("Control+s");
  await panel("files").getByText("modified", { exact: true }).waitFor({ state: "detached" });
  assert.equal(inWork("reports/may.md"), "# May\n\nAll is well.\n  still");
  // Nobody is caught in the text.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assert.equal(await content().evaluate((area) => area === document.activeElement), false);
});

test("what somebody else has written is not overwritten unasked", async () => {
  await item("notes.txt").click();
  await until("the file", async () => (await content().inputValue()) === "first\n");
  writeFileSync(join(home, "workspace/notes.txt"), "by the agent\n");
  await content().fill("by me\n");
  await button("files", "Save").click();
  await panel("files").getByText("Somebody else has changed this file").waitFor();
  await picture(page, "files_conflict");
  assert.equal(inWork("notes.txt"), "by the agent\n");
  await button("files", "Take theirs").click();
  await until("theirs", async () => (await content().inputValue()) === "by the agent\n");
  await content().fill("by me after all\n");
  writeFileSync(join(home, "workspace/notes.txt"), "by the agent again\n");
  await button("files", "Save").click();
  await button("files", "Overwrite").click();
  await until("mine", () => inWork("notes.txt") === "by me after all\n");
});

test("what was typed and not saved is there again", async () => {
  await content().fill("half a thought");
  await person.opensTab("details");
  await person.opensTab("files");
  await item("notes.txt").click();
  await until("the draft", async () => (await content().inputValue()) === "half a thought");
  await button("files", "Undo all").click();
  assert.equal(await content().inputValue(), "by me after all\n");
});

test("what is no text, and links, are not opened", async () => {
  await item("picture.bin").click();
  await panel("files").getByText("This is no text").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), panel("files").getByRole("link", { name: "Download" }).click()]);
  assert.deepEqual([...readFileSync(await download.path())], [0, 255, 254]);
  assert.equal(download.suggestedFilename(), "picture.bin");
  await item("elsewhere").click();
  await panel("files").getByText("Links and devices are not opened").waitFor();
});

test("files are dropped on the tree, and replace nothing unasked", async () => {
  const drop = (name, text) =>
    item("reports").evaluate(
      (row, [called, said]) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([said], called));
        for (const kind of ["dragover", "drop"]) row.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
      },
      [name, text],
    );
  await drop("june & july.md", "dropped");
  await item("june & july.md").waitFor();
  assert.equal(inWork("reports/june & july.md"), "dropped");
  await drop("june & july.md", "dropped again");
  await panel("files").getByText("june & july.md is there already.").waitFor();
  assert.equal(inWork("reports/june & july.md"), "dropped");
  await button("files", "Replace").click();
  await until("it to be replaced", () => inWork("reports/june & july.md") === "dropped again");
});

test("a file is made, and deleted once that is confirmed", async () => {
  await button("files", "New file").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Path below /workspace").fill("../outside");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await dialog.getByText("A name between two slashes").waitFor();
  await dialog.getByLabel("Path below /workspace").fill("drafts/täglich?.md");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await dialog.waitFor({ state: "detached" });
  await item("täglich?.md").waitFor();
  await content().fill("new\n");
  await button("files", "Save").click();
  await until("it to be written", () => inWork("drafts/täglich?.md") === "new\n");
  await item("drafts").focus();
  await page.keyboard.press("Delete");
  await page.getByRole("dialog", { name: "Delete drafts?" }).getByRole("button", { name: "Delete", exact: true }).click();
  await item("drafts").waitFor({ state: "detached" });
  assert.ok(!existsSync(join(home, "workspace/drafts")));
  assert.equal(await page.getByRole("dialog").count(), 0, "Delete means the file alone");
});

test("its home is read alone, and what is secret is not shown", async () => {
  writeFileSync(join(home, "home/plain.txt"), "to be read");
  await panel("files").getByLabel("Directory").selectOption("/home");
  await item("plain.txt").click();
  await until("the file", async () => (await content().inputValue()) === "to be read");
  assert.equal(await content().getAttribute("readonly"), "");
  assert.equal(await button("files", "New file").count(), 0);
  await panel("files").getByLabel("Directory").selectOption("/configs");
  await item("config.yaml").waitFor();
  assert.equal(await panel("files").getByText("auth_token").count(), 0);
});

test("the configuration is changed by its form, and the agent goes by it", async () => {
  await person.opensTab("config");
  await panel("config").getByText("The agent goes by this configuration.").waitFor();
  await picture(page, "config_form");
  await panel("config").getByLabel("Command").fill("sed 's/^/heard /'");
  await panel("config").getByLabel("Seconds for one turn").fill("60");
  await button("config", "Save").click();
  await panel("config").getByText("modified", { exact: true }).waitFor({ state: "detached" });
  await panel("config").getByText("The agent goes by this configuration.").waitFor();
  const { data, text } = await platform.ask("GET", `/workspaces/${id}/config`);
  assert.deepEqual(data.runtime_config, { command: "sed 's/^/heard /'", timeout: 60 });
  assert.match(text, /^# Written by the platform/);
  await person.opensTab("chat");
  await person.writes("hello");
  await person.getsAnswer(/heard hello/);
});

test("what no agent could go by is refused at its line", async () => {
  await person.opensTab("config");
  await panel("config").getByRole("tab", { name: "Raw YAML" }).click();
  const text = panel("config").getByRole("textbox", { name: "config.yaml" });
  const good = await text.inputValue();
  await text.fill(`${good}name: twice\n`);
  await button("config", "Save").click();
  await panel("config").getByText("Nothing was saved").waitFor();
  const line = good.split("\n").length;
  await picture(page, "config_refused");
  await panel("config").getByRole("button", { name: new RegExp(`^Line ${line}, column`) }).click();
  assert.equal(await text.evaluate((area) => area.value.slice(0, area.selectionStart).split("\n").length), line);
  assert.equal((await platform.ask("GET", `/workspaces/${id}/config`)).text, good);
  await button("config", "Undo all").click();
  assert.equal(await text.inputValue(), good);
  await text.fill(`${good}colour: blue\n`);
  await page.keyboard.press("Control+s");
  await panel("config").getByText("nothing reads this key").waitFor();
});

test("two people at the same configuration hear of each other", async () => {
  const text = panel("config").getByRole("textbox", { name: "config.yaml" });
  const mine = `${await text.inputValue()}# mine\n`;
  await text.fill(mine);
  await platform.ask("PATCH", `/workspaces/${id}/config`, { description: "theirs" });
  await button("config", "Save").click();
  await panel("config").getByText("Somebody else has changed the configuration").waitFor();
  await button("config", "Take theirs").click();
  await until("theirs", async () => (await text.inputValue()).includes("theirs"));
});

test("what is broken in the directory is told", async () => {
  const file = join(home, "config/config.yaml");
  const good = readFileSync(file, "utf8");
  writeFileSync(file, `${good}name: [\n`);
  await person.opensTab("details");
  await until("the agent to refuse it", async () => (await platform.ask("GET", `/workspaces/${id}/config`)).state === "refused");
  await person.opensTab("config");
  await panel("config").getByText("The agent refused it and stays with the earlier one").waitFor();
  await picture(page, "config_broken");
  assert.deepEqual(await violationsInBothThemes(page, "body"), {});
  writeFileSync(file, good);
});

for (const [where, width, height] of [["a desk", 1440, 900], ["a phone", 390, 844]])
  test(`nobody is shut out on ${where}`, async () => {
    await page.setViewportSize({ width, height });
    for (const [tab, ready] of [["files", "[role=treeitem]"], ["config", "input"]]) {
      await page.goto(`${platform.url}/w/${id}/${tab}`);
      await panel(tab).locator(ready).first().waitFor();
      if (tab === "files") {
        await item("notes.txt").click();
        await content().waitFor();
      }
      assert.deepEqual(await violationsInBothThemes(page, "body"), {}, tab);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${tab} is as wide as the window`);
      await picture(page, `${tab}_${width}`);
      if (tab === "config") {
        await panel(tab).getByRole("tab", { name: "Raw YAML" }).click();
        assert.deepEqual(await violationsInBothThemes(page, "body"), {}, "the text");
        await picture(page, `config_text_${width}`);
      }
    }
  });

test("who joins by itself has neither", async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const { id: external } = await platform.ask("POST", "/workspaces", { name: "elsewhere", runtime: "external" });
  await page.goto(`${platform.url}/w/${external}/details`);
  await panel("details").waitFor();
  assert.equal(await page.locator("#tab-files, #tab-config").count(), 0);
});

test("nothing else was reported in the console", () => {
  const other = browser.complaints.filter((each) => !/40[049]|Failed to load resource/.test(String(each)));
  assert.deepEqual(other, []);
});
