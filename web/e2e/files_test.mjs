// Files of a message: chosen, dropped, pasted, refused, tried again, kept with what is not sent yet; an agent's are there to
// be saved, and shown where that is safe.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { violationsInBothThemes } from "./axe.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody), ["--attachments-workspace-mb", "1"]);

/** A PNG of one colour fading into another. */
function drawing(width, height) {
  const rows = Array.from({ length: height }, (_, y) => Buffer.from([0, ...Array.from({ length: width }, (_, x) => [40 + (x * 200) / width, 90, 60 + (y * 180) / height]).flat()]));
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))]);
}

/** A view in both themes and at the width of a phone, when someone asked for pictures. */
async function pictures(name) {
  if (!process.env.E2E_SHOTS) return;
  await picture(person.page, name);
  await person.page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
  await picture(person.page, `${name}_dark`);
  await person.page.evaluate(() => (document.documentElement.dataset.theme = "light"));
  await person.page.setViewportSize({ width: 390, height: 844 });
  await picture(person.page, `${name}_phone`);
  await person.page.setViewportSize({ width: 1440, height: 900 });
}

const text = (name, words = name) => ({ name, mimeType: "text/plain", buffer: Buffer.from(words) });
const megabytes = (count) => Buffer.alloc(count * 1024 * 1024, 7);

const box = () => person.page.locator('#panel-chat textarea[aria-label^="Message to"]');
const list = () => person.page.getByRole("list", { name: "Attached files" });
const there = (count) => until(`${count} files there`, async () => (await list().locator('[data-state="kept"]').count()) === count);
const choose = (...files) => person.page.getByLabel("Files to attach").setInputFiles(files);
const mine = () => person.page.locator('[role="log"] article[data-role="user"]');
const log = () => person.page.locator('[role="log"]');

async function opens(agent) {
  await person.opens(`${platform.url}/w/${agent.id}/chat`);
  await box().waitFor();
  await person.seesLive();
}

async function joins(name, answer = () => saying("thanks")) {
  const agent = await new Agent(answer).join(platform, name);
  closing.push(() => agent.leave());
  return agent;
}

/** Drops files on what a selector finds, as a mouse would; a drag that is only over it is left there. */
async function drags(selector, files, drop = true) {
  await person.page.locator(selector).first().evaluate(
    (target, [given, dropped]) => {
      const dataTransfer = new DataTransfer();
      for (const [name, words] of given) dataTransfer.items.add(new File([words], name));
      const tell = (kind) => target.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
      tell("dragenter");
      tell("dragover");
      if (dropped) tell("drop");
    },
    [files, drop],
  );
}

/** Sends a file up as an agent does; what the platform took. */
async function upload(agent, name, bytes) {
  const form = new FormData();
  form.append("files", new Blob([bytes]), name);
  const answer = await fetch(`${platform.url}/workspaces/${agent.id}/chat/uploads`, { method: "POST", headers: { Authorization: `Bearer ${agent.token}` }, body: form });
  assert.equal(answer.status, 200);
  return (await answer.json()).files[0];
}

test("files are chosen, dropped and pasted, taken back, and go along in one message", async () => {
  const agent = await joins("taker");
  await opens(agent);
  const button = person.page.getByRole("button", { name: "Attach files" });
  assert.match(await button.getAttribute("title"), /up to 10 files of 104 MB each/);
  await choose(text("notes.txt", "words"), text("not this.txt"));
  await there(2);
  await person.page.getByRole("button", { name: "Remove not this.txt" }).click();
  assert.equal(await person.focusName(), "Remove notes.txt", "the keyboard stays in the list");
  await box().evaluate((field) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(["pasted"], "image.png", { type: "image/png" }));
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
  await drags('[role="log"]', [["dropped.csv", "a,b"]], false);
  await person.page.getByText("Drop files to send to taker").waitFor();
  await pictures("files_dropping");
  await drags('[role="log"]', [["dropped.csv", "a,b"]]);
  await there(3);
  await box().fill("take these");
  await pictures("files_attached");
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-chat"), {});
  await box().press("Enter");
  await mine().getByRole("link", { name: "Save notes.txt" }).waitFor();
  await person.getsAnswer(/thanks/);
  assert.equal(await list().count(), 0);
  const { parts } = agent.asked[0].params.message;
  assert.deepEqual(parts.map(({ kind }) => kind), ["text", "file", "file", "file"]);
  const got = await fetch(parts[1].file.uri, { headers: { Authorization: `Bearer ${agent.token}` } });
  assert.equal(await got.text(), "words", "the agent fetches it where the part says");
  await person.page.reload();
  await mine().getByRole("link", { name: "Save dropped.csv" }).waitFor();
  await pictures("files_sent");
  assert.match((await mine().getByRole("link").allInnerTexts()).join(" "), /notes\.txt\s+text\/plain · 5 bytes.*pasted-[\d-]+\.png.*dropped\.csv/s);
});

test("a message may be its files alone, and another tab sees them", async () => {
  const agent = await joins("silent");
  await opens(agent);
  const other = await browser.pageIn(person.page.context());
  await other.goto(`${platform.url}/w/${agent.id}/chat`);
  await other.locator('[data-live="live"]').waitFor();
  await choose(text("alone.txt"));
  await there(1);
  await person.page.getByRole("button", { name: "Send message" }).click();
  await person.getsAnswer(/thanks/);
  await other.locator('article[data-role="user"]').getByRole("link", { name: "Save alone.txt" }).waitFor();
  await other.close();
});

test("what does not fit is said at the file, before or after it was sent, and can be tried again", async () => {
  browser.expect(/413/);
  const agent = await joins("full");
  await opens(agent);
  await person.page.route("**/uploads/limits", (route) => route.fulfill({ json: { per_file_bytes: 3_000_000, per_request_bytes: 3_000_000, max_attachments_per_message: 3 } }));
  await person.page.reload();
  await box().waitFor();
  await choose({ name: "small.bin", mimeType: "", buffer: megabytes(2) }, { name: "huge.bin", mimeType: "", buffer: megabytes(3) }, text("a.txt"), text("b.txt"));
  const failed = list().locator('[data-state="failed"]');
  await failed.getByText("It is too large: a file may have 3 MB.").waitFor();
  await failed.getByText(/^This workspace has no room for more files/).waitFor();
  await person.page.getByText("A message takes 3 files; b.txt was not attached.").waitFor();
  assert.ok(await person.page.getByRole("button", { name: "Send message" }).isDisabled());
  await list().locator("..").getByText("2 files could not be taken").waitFor();
  await pictures("files_refused");
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-chat"), {});
  await box().press("Enter");
  assert.equal(agent.asked.length, 0, "nothing is sent without its files");
  await person.page.getByRole("button", { name: "Remove huge.bin" }).click();
  await person.page.unroute("**/uploads/limits");
  // Whatever was in its way is gone.
  await person.page.route("**/chat/uploads", (route) => route.fulfill({ json: { files: [{ uri: `platform-pending:${agent.id}/${agent.id}`, name: "small.bin", mimeType: "application/octet-stream", size: 2_097_152 }] } }));
  await failed.getByRole("button", { name: "Retry small.bin" }).click();
  await there(2);
  await person.page.unroute("**/chat/uploads");
  for (const name of ["small.bin", "a.txt"]) await person.page.getByRole("button", { name: `Remove ${name}` }).click();
  assert.match(await person.focusName(), /^Message to/, "the last one taken back leaves the keyboard where one writes");
});

test("what is on its way shows how far it is, and can be stopped", async () => {
  const agent = await joins("slow");
  await opens(agent);
  const session = await person.page.context().newCDPSession(person.page);
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100_000 });
  await choose({ name: "long.bin", mimeType: "", buffer: megabytes(0.9) }, text("short.txt"), text("last.txt"));
  await list().getByRole("progressbar", { name: "Sending long.bin" }).waitFor();
  await list().getByText(/^[1-9]\d? % of 944 KB/).waitFor();
  await pictures("files_going");
  await person.page.getByRole("button", { name: "Stop sending long.bin" }).click();
  await there(2);
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  const { pending } = await platform.ask("GET", `/workspaces/${agent.id}/activity?limit=1`);
  assert.equal(pending, undefined);
});

test("files that break off say so, and a folder does", async () => {
  browser.expect(/ERR_/);
  const agent = await joins("broken");
  await opens(agent);
  await person.page.route("**/chat/uploads", (route) => route.abort("connectionreset"));
  await choose(text("lost.txt"));
  await list().getByText("The connection broke off before the platform had it.").waitFor();
  await person.page.unroute("**/chat/uploads");
  await person.page.getByRole("button", { name: "Retry lost.txt" }).click();
  await there(1);
});

test("words and files that are not sent yet outlive a reload, and what was on its way is said to be missing", async () => {
  const agent = await joins("later");
  await opens(agent);
  await box().fill("for later");
  await choose(text("kept.txt"));
  await there(1);
  let reached;
  const held = new Promise((resolve) => (reached = resolve));
  await person.page.route("**/chat/uploads", () => reached());
  await choose(text("half.txt"));
  await held;
  person.page.once("dialog", (dialog) => dialog.accept());
  await person.page.reload();
  await person.page.unroute("**/chat/uploads");
  await until("the words", async () => (await box().inputValue()) === "for later");
  await there(1);
  await list().getByText("The page was left before the platform had it. Attach it again.").waitFor();
  await pictures("files_left");
  await person.page.getByRole("button", { name: "Remove half.txt" }).click();
  await box().press("Enter");
  await mine().getByRole("link", { name: "Save kept.txt" }).waitFor();
  await person.getsAnswer(/thanks/);
  await person.page.reload();
  await box().waitFor();
  assert.equal(await box().inputValue(), "");
  assert.equal(await list().count(), 0);
});

test("an agent's picture is shown and enlarged; a page is a file, whatever it is called, and so is what lies about its type", async () => {
  let files = [];
  const agent = await joins("maker", (words) => ({ ...saying(words), parts: files.map((file) => ({ kind: "file", file })) }));
  const page = "<script>document.title='taken'</script>";
  files = [
    await upload(agent, "fade.png", drawing(640, 400)),
    await upload(agent, "page.html", page),
    { ...(await upload(agent, "lie.png", page)), mimeType: "image/png", name: "in\u202egnp.exe" },
    { ...(await upload(agent, "drawing.svg", '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')) },
    { uri: "https://files.example/x.zip", name: "x.zip" },
  ];
  await opens(agent);
  await person.writes("make them");
  const show = log().getByRole("button", { name: "Show fade.png" });
  await until("the picture", async () => (await show.locator("img").evaluate((image) => image.naturalWidth)) === 640);
  await log().getByRole("link", { name: "Save in_gnp.exe" }).waitFor();
  await log().getByText("at files.example").waitFor();
  await pictures("files_of_agent");
  assert.deepEqual(await violationsInBothThemes(person.page, "#panel-chat"), {});
  assert.equal(await log().locator("img").count(), 1, "nothing but what is a picture is one");
  const coming = person.page.waitForEvent("download");
  await log().getByRole("link", { name: "Save page.html" }).click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), "page.html");
  assert.equal(await readFile(await download.path(), "utf8"), page);
  // The address itself, opened by hand, is no page either.
  const answer = await person.page.request.get(`${platform.url}${await log().getByRole("link", { name: "Save page.html" }).getAttribute("href")}`);
  assert.match(answer.headers()["content-disposition"], /^attachment/);
  assert.match(answer.headers()["content-security-policy"], /sandbox/);
  await show.press("Enter");
  await person.page.getByRole("dialog").getByRole("img", { name: "fade.png" }).waitFor();
  await pictures("files_enlarged");
  assert.deepEqual(await violationsInBothThemes(person.page, '[role="dialog"]'), {});
  await person.page.keyboard.press("Escape");
  await person.page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await person.focusName(), "Show fade.png");
});

test("a file that is not to be had any more is said so at the file", async () => {
  browser.expect(/404/);
  const agent = await joins("gone", () => ({ ...saying(""), parts: [{ kind: "file", file: { uri: `platform-pending:${person.page.url().slice(-41, -5)}/00000000-0000-4000-8000-000000000000`, name: "gone.txt", mimeType: "text/plain" } }] }));
  await opens(agent);
  await person.writes("anything?");
  await log().getByRole("link", { name: "Save gone.txt" }).click();
  await log().getByRole("alert").getByText(/gone\.txt was not saved: .*not found/).waitFor();
  await pictures("files_gone");
});

test("a file dropped beside the chat leaves the page where it is", async () => {
  const before = person.page.url();
  await drags("#canvas", [["x.html", "<p>x</p>"]]);
  assert.equal(person.page.url(), before);
  assert.equal(
    await person.page.locator("#canvas").evaluate((target) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["x"], "x.html"));
      return !target.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }),
    true,
  );
});

test("signing out forgets what was not sent", async () => {
  // The session may end before the page does.
  browser.expect(/401|WebSocket/);
  const agent = await joins("secretive");
  await opens(agent);
  await box().fill("nobody is to read this");
  await until("it to be kept", () => person.page.evaluate((id) => localStorage.getItem(`molecule.draft.${id}`) !== null, agent.id));
  await person.page.getByRole("button", { name: "Sign out" }).click();
  const asks = person.page.getByRole("dialog", { name: "Sign out of this browser?" });
  await asks.getByText("What was written here and not sent is forgotten.").waitFor();
  await asks.getByRole("button", { name: "Sign out" }).click();
  await until("it to be gone", () => person.page.evaluate(() => !Object.keys(localStorage).some((key) => key.startsWith("molecule.draft."))));
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
