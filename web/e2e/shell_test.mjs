// A person opens a terminal in the room of an agent: types, sees, copies, leaves by keys, loses it and has it again, in
// both themes and on a phone; and is told why there is none.
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { Person } from "./person.mjs";
import { binary, Browser, picture, Platform, until } from "./stage.mjs";

const platform = new Platform({ flags: ["--agents-linger", "1", "--agents-read", dirname(binary())] });
const browser = new Browser();
let person;
let page;
let roomy;

const panel = () => page.locator("#panel-terminal");
const rows = () => panel().locator(".xterm-rows");
/** What the terminal shows, without the ends of lines. */
const shown = async () => (await rows().innerText()).replaceAll("\u00a0", " ").replaceAll("\n", "");
const shows = (text) => until(`the terminal to show ${text}`, async () => (await shown()).includes(text));
const types = (text) => page.keyboard.type(text);

before(async () => {
  await platform.start();
  await browser.start();
  page = await browser.page();
  person = new Person(page);
  await person.claims(platform.claimLink);
  await person.seesLive();
  roomy = await platform.ask("POST", "/workspaces", { name: "roomy", runtime: "command", command: "cat", tier: 2 });
  await person.seesCard("roomy", "Online");
  await person.opensCard("roomy");
  await person.opensTab("terminal");
  await panel().getByText("Shell active").waitFor();
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

test("what is typed is run there, in the size of the panel", async () => {
  await types("echo $((20+22)) is it\n");
  await shows("42 is it");
  await types("stty size | tr ' ' x\n");
  await until("a size", async () => /\d+x\d+/.test(await shown()));
  const [, tall, wide] = (await shown()).match(/(\d+)x(\d+)/);
  assert.ok(Number(wide) > 30 && Number(wide) < 100 && Number(tall) > 10, `${wide} by ${tall}`);
  await types("pwd | grep -o 'agents/.*'\n");
  await shows(`agents/${roomy.id}/workspace`);
});

test("keys of the page are the shell's there, and F6 goes on", async () => {
  await types("echo one two");
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Control+u");
  await types("echo an''other\n");
  await shows("another");
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.keyboard.press("F6");
  await until("the focus to leave", () => page.evaluate(() => document.activeElement?.closest("#panel-terminal") === null));
  await panel().locator(".xterm").click();
  await types("echo ba''ck\n");
  await shows("back");
});

test("what is copied elsewhere is pasted", async () => {
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/plain", "echo pas''ted");
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await types("\n");
  await shows("pasted");
});

test("looking elsewhere ends nothing", async () => {
  await types("kept=here\n");
  await person.opensTab("logs");
  await page.locator("#panel-logs").getByText("-- started").waitFor();
  await person.opensTab("terminal");
  await panel().getByText("Shell active").waitFor();
  await types("echo it is $kept\n");
  await shows("it is here");
});

test("it is readable in both themes", async () => {
  await types("printf '\\033[31mred \\033[32mgreen \\033[33myellow \\033[34mblue \\033[35mmagenta \\033[36mcyan \\033[0m\\n'\n");
  for (const theme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme: theme });
    const ink = theme === "light" ? "rgb(21, 24, 28)" : "rgb(236, 236, 238)";
    await until(`the ${theme} colours`, async () => (await rows().evaluate((at) => getComputedStyle(at).color)) === ink);
    await picture(page, `shell_${theme}`);
  }
  assert.deepEqual(await violationsInBothThemes(page, "#panel-terminal"), {});
});

test("a screen reader is given what is said", async () => {
  await panel().getByLabel("Screen reader").check();
  await panel().locator(".xterm").click();
  await types("echo al''oud\n");
  await panel().locator(".xterm-accessibility").getByText("aloud").first().waitFor({ state: "attached" });
  await panel().getByLabel("Screen reader").uncheck();
});

test("a flood can be interrupted", async () => {
  await panel().locator(".xterm").click();
  await types("yes\n");
  await shows("yyyy");
  await page.keyboard.press("Control+c");
  await types("echo it st''opped\n");
  await shows("it stopped");
});

test("a shell that ends says so, and another is had", async () => {
  await types("exit 3\n");
  await panel().getByText("The shell ended with status 3").waitFor();
  await picture(page, "shell_ended");
  await panel().getByRole("button", { name: "New shell" }).click();
  await panel().getByText("Shell active").waitFor();
});

test("a pause closes it and says why; a shell is had all the same", async () => {
  await platform.ask("POST", `/workspaces/${roomy.id}/pause`);
  await panel().getByText("the workspace was paused").waitFor();
  await panel().getByText("A shell sees its files all the same").waitFor();
  await picture(page, "shell_paused");
  await panel().getByRole("button", { name: "New shell" }).click();
  await panel().getByText("Shell active").waitFor();
  await types("ls ../config\n");
  await shows("config.yaml");
});

test("on a phone it fits, with the keys that its keyboard lacks", async () => {
  const phone = await browser.page({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
  const small = new Person(phone);
  await small.claims(await platform.newClaimLink());
  await phone.goto(`${platform.url}${new URL(page.url()).pathname}${new URL(page.url()).search}`);
  await phone.locator("#panel-terminal").getByText("Shell active").waitFor();
  await picture(phone, "shell_phone");
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  await phone.close();
});

test("a connection that is lost is told, and made again", async () => {
  browser.expect(/WebSocket|ERR_CONNECTION|50\d|ERR_/);
  await platform.stopServer();
  await panel().getByText("The connection was lost").waitFor();
  await picture(page, "shell_lost");
  await platform.start();
  await until("a new shell", async () => {
    const again = panel().getByRole("button", { name: /Reconnect|New shell/ });
    if (await again.count()) await again.click();
    return (await panel().getByText("Shell active").count()) > 0;
  });
});

test("an agent of another machine has none, and that is said", async () => {
  const { id } = await platform.ask("POST", "/workspaces", { name: "outside", runtime: "external", tier: 2 });
  await page.goto(`${platform.url}/w/${id}/terminal`);
  await panel().getByText("This agent joined by itself").waitFor();
  await panel().getByText("Last heard").waitFor();
  await picture(page, "shell_outside");
  assert.deepEqual(browser.complaints, []);
});
