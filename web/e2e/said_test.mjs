// The chat tells what was said: answers without words, the same words twice, texts cut between characters, nothing done
// twice, nothing missed, in the platform's order, whatever the browser's clock and the network do.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import net from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { Person } from "./person.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody));

async function joins(name, answer) {
  const agent = await new Agent(answer).join(platform, name);
  closing.push(() => agent.leave());
  return agent;
}
const chatOf = (agent, base = platform.url) => `${base}/w/${agent.id}/chat`;

/** What stands in the chat, as "role: words". */
const shown = (page) =>
  page.locator('[role="log"] article').evaluateAll((all) =>
    all.map((each) => `${each.dataset.role}: ${[...each.children].filter((part) => !part.className.includes("meta") && part.dataset.standing === undefined && part.dataset.answerBox === undefined).map((part) => part.innerText).join(" ").replace(/\s+/g, " ").trim()}`),
  );

async function opensChat(page, agent, base) {
  await page.goto(chatOf(agent, base));
  await page.locator("#panel-chat textarea").waitFor();
  await page.locator('[data-live="live"]').waitFor();
}

const pdf = { name: "report.pdf", mimeType: "application/pdf", uri: "https://example.org/report.pdf" };
const taskOf = (state, parts = []) => ({ kind: "task", id: "t", contextId: "c", status: { state }, ...(parts.length > 0 ? { artifacts: [{ artifactId: "a", parts }] } : {}) });

test("what comes of long work is said in the place of its beginning", async () => {
  let now = taskOf("working");
  const agent = await new Agent(() => taskOf("working"), { stop: ({ method }) => (method === "tasks/get" ? now : undefined) }).join(platform, "patient");
  closing.push(() => agent.leave());
  await opensChat(person.page, agent);
  await person.writes("count to three");
  await until("its beginning", async () => /still working on it/.test((await shown(person.page))[1] ?? ""));
  now = taskOf("completed", [{ kind: "text", text: "One, two, three." }]);
  const end = ["user: count to three", "agent: One, two, three."];
  await until("what came of it", async () => (await shown(person.page)).join("|") === end.join("|"));
  await person.page.reload();
  await until("the same after a reload", async () => (await shown(person.page)).join("|") === end.join("|"));
  assert.equal(agent.asked.length, 1);
});

test("an answer without words is shown as what it is, now and after a reload", async () => {
  const answers = {
    "a file": taskOf("completed", [{ kind: "file", file: pdf }]),
    "its bytes": { kind: "message", role: "agent", messageId: "b", parts: [{ kind: "file", file: { name: "hello.txt", mimeType: "text/plain", bytes: btoa("hello") } }] },
    "a table": { kind: "message", role: "agent", messageId: "d", parts: [{ kind: "data", data: { rows: [1, 2] } }] },
    "a question": taskOf("input-required"),
    "a failure": taskOf("failed"),
    "a beginning": taskOf("submitted"),
    nothing: { kind: "message", role: "agent", messageId: "n", parts: [] },
  };
  const agent = await joins("alpha", (words) => answers[words]);
  await opensChat(person.page, agent);
  const expected = [
    ["a file", /report\.pdf application\/pdf/],
    ["its bytes", /hello\.txt text\/plain · 5 bytes/],
    ["a table", /Data/],
    ["a question", /asks for more before it goes on/],
    ["a failure", /could not do the task/],
    ["a beginning", /has not begun it/],
    ["nothing", /sent nothing along/],
  ];
  const check = async () => {
    await until("every answer", async () => (await shown(person.page)).length === 2 * expected.length);
    const said = await shown(person.page);
    for (const [index, [words, answer]] of expected.entries()) {
      assert.equal(said[2 * index], `user: ${words}`);
      assert.match(said[2 * index + 1], answer);
    }
    await until("nothing to wait", async () => (await person.page.locator("[data-waiting]").count()) === 0);
  };
  for (const [index, [words]] of expected.entries()) {
    await person.writes(words);
    await until(`the answer to ${words}`, async () => (await shown(person.page)).length === 2 * index + 2);
  }
  await check();
  await picture(person.page, "without_words");
  await person.page.reload();
  await check();

  const link = person.page.locator('[data-part="file"] a', { hasText: "report.pdf" });
  assert.equal(await link.getAttribute("href"), pdf.uri);
  const saved = person.page.waitForEvent("download");
  await person.page.getByRole("button", { name: "Save hello.txt" }).click();
  assert.equal((await saved).suggestedFilename(), "hello.txt");
  await person.page.locator('[data-part="data"] summary').click();
  assert.match(await person.page.locator('[data-part="data"] pre').innerText(), /"rows": \[/);

  await platform.ask("POST", `/workspaces/${agent.id}/notify`, { message: "see attached", attachments: [{ uri: "https://example.org/x.txt", name: "x.txt", size: 1200 }] }, agent.token);
  await person.page.locator('[data-role="agent"]', { hasText: "see attached" }).locator('[data-part="file"] a', { hasText: "x.txt" }).waitFor();
});

test("two questions that fail or are answered in the same words are answered twice", async () => {
  browser.expect(/50[02]/);
  const agent = await joins("beta", (words, response) => {
    if (words === "works") return saying("ok");
    response.statusCode = 500;
    response.end("no");
    return undefined;
  });
  await opensChat(person.page, agent);
  await person.writes("works");
  await person.writes("works");
  await person.writes("first");
  await person.writes("second");
  await until("four answers", async () => (await shown(person.page)).filter((each) => !each.startsWith("user")).length === 4);
  const roles = (await shown(person.page)).map((each) => each.split(":")[0]);
  assert.deepEqual(roles.filter((role) => role !== "user").sort(), ["agent", "agent", "system", "system"]);
});

test("a long message that ends its part of the history inside an emoji breaks nothing after it", async () => {
  const agent = await joins("gamma", (words) => saying(`heard ${words.slice(0, 5)}`));
  await opensChat(person.page, agent);
  await person.writes(`${"x".repeat(3999)}🦊 end`);
  await person.getsAnswer(/heard xxxxx/);
  await person.writes("again");
  await person.getsAnswer(/heard again/);
  const [first] = agent.asked.at(-1).params.metadata.history;
  assert.equal(first.text, "x".repeat(3999));
});

test("the Enter that takes a candidate neither sends nor chooses", async () => {
  const agent = await joins("にほん支店", () => saying("ok"));
  await person.opens(platform.url);
  await person.seesLive();
  const keys = await person.page.context().newCDPSession(person.page);
  await person.page.keyboard.press("Control+K");
  // What an input method writes goes to whatever has the focus.
  await person.page.locator('[role="combobox"]:focus').waitFor();
  await keys.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
  await person.page.locator('[role="option"]', { hasText: "にほん支店" }).waitFor();
  const before = person.page.url();
  await keys.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 });
  // The key was handled when the next one is: an arrow that moves the choice.
  await keys.send("Input.insertText", { text: "にほん" });
  await until("the word", async () => (await person.page.getByRole("combobox").inputValue()).includes("にほん"));
  assert.equal(person.page.url(), before);
  await person.page.keyboard.press("Escape");

  await opensChat(person.page, agent);
  const box = person.page.locator("#panel-chat textarea");
  await box.fill("half typed");
  await box.evaluate((field) => field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, which: 229, bubbles: true, cancelable: true })));
  assert.equal(await box.inputValue(), "half typed");
  await box.press("Enter");
  await person.getsAnswer(/ok/);
  assert.equal(agent.asked.length, 1);
});

test("the talk between agents opens at its end and follows it, unless someone reads further up", async () => {
  const long = "A paragraph of an answer.\n\n".repeat(20);
  const asked = await joins("asked", () => saying(long));
  const asks = await joins("asks", () => saying("ok"));
  const talk = (text) =>
    platform.ask("POST", `/workspaces/${asked.id}/a2a`, { method: "message/send", params: { message: { role: "user", parts: [{ kind: "text", text }] } } }, asks.token);
  for (let i = 0; i < 3; i += 1) await talk(`question ${i}`);
  await opensChat(person.page, asked);
  await person.page.getByRole("button", { name: "Agent Comms" }).click();
  const list = person.page.getByRole("log", { name: "Talk between agents" });
  const fromEnd = () => list.evaluate((each) => each.scrollHeight - each.scrollTop - each.clientHeight);
  const answers = list.locator('[data-way="out"]');
  const formatted = (count) =>
    until(`${count} answers, the last formatted`, async () => (await answers.count()) === count && (await answers.last().locator("p").count()) > 5);
  await formatted(3);
  await until("the end in view", async () => (await fromEnd()) < 2);
  await talk("question 3");
  await formatted(4);
  await until("the new end in view", async () => (await fromEnd()) < 2);
  await list.evaluate((each) => each.scrollTo(0, 0));
  await until("its being scrolled up", () => list.evaluate((each) => each.scrollTop === 0));
  await talk("question 4");
  await until("the fifth answer", async () => (await answers.count()) === 5);
  assert.equal(await list.evaluate((each) => each.scrollTop), 0);
});

test("a table keeps its words whole on a narrow screen, and scrolls", async () => {
  const agent = await joins("tabular", () => saying("| Name | Value | Note |\n|---|---:|---|\n| alpha | 1 | a note of many words in a cell of its own |"));
  const size = person.page.viewportSize();
  await person.page.setViewportSize({ width: 390, height: 844 });
  await opensChat(person.page, agent);
  await person.writes("go");
  const words = person.page.locator('[data-role="agent"] th, [data-role="agent"] td:first-child');
  await words.last().waitFor();
  const lines = await words.evaluateAll((cells) =>
    cells.map((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return new Set([...range.getClientRects()].map((rect) => rect.top)).size;
    }),
  );
  assert.deepEqual(lines, [1, 1, 1, 1]);
  assert.ok(await person.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await picture(person.page, "table_narrow");
  await person.page.setViewportSize(size);
});

test("a secret of many lines is kept byte for byte", async () => {
  const agent = await joins("delta", () => saying("ok"));
  const pem = "-----BEGIN KEY-----\nMIIE\nvQIB\n-----END KEY-----\n";
  await person.opens(`${platform.url}/w/${agent.id}/secrets`);
  for (const [name, value] of [["PEM", pem], ["PEM_DOS", pem.replaceAll("\n", "\r\n")]]) {
    await person.page.getByLabel("Name (required)").fill(name);
    const file = { name: "key.pem", mimeType: "text/plain", buffer: Buffer.from(value) };
    if (name === "PEM") {
      await person.page.evaluate((text) => navigator.clipboard.writeText(text), value);
      await person.page.getByLabel("Value (required)").focus();
      await person.page.keyboard.press("ControlOrMeta+V");
    } else await person.page.getByLabel("A file to read").setInputFiles(file);
    await person.page.getByText("4 lines").waitFor();
    await picture(person.page, `secret_${name}`);
    await person.page.getByRole("button", { name: "Save secret" }).click();
    await person.page.getByText(`${name} is saved`).waitFor();
  }
  const values = await platform.ask("GET", `/workspaces/${agent.id}/secrets/values`, undefined, agent.token);
  assert.deepEqual(values, { PEM: pem, PEM_DOS: pem.replaceAll("\n", "\r\n") });
});

/** Something between the browser and the platform that gives up the first message before it has heard of the platform. */
async function impatient() {
  const { hostname, port } = new URL(platform.url);
  let given = false;
  const server = createServer((asked, response) => {
    if (asked.url.endsWith("/a2a") && !given) {
      given = true;
      response.writeHead(504).end("<h1>504</h1>");
    }
    const onward = request({ hostname, port, method: asked.method, path: asked.url, headers: asked.headers }, (answer) => {
      if (!response.headersSent) answer.pipe(response.writeHead(answer.statusCode, answer.headers));
    });
    onward.on("error", () => response.destroy());
    asked.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.closeAllConnections(), () => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

test("a message whose request is cut off is never worked on twice", async () => {
  browser.expect(/504|WebSocket/);
  let finish;
  const agent = await joins("epsilon", () => new Promise((resolve) => (finish = () => resolve(saying("paid")))));
  // Without events, as through a proxy that lets no WebSocket pass: the page learns of nothing by itself.
  const base = await impatient();
  const page = await browser.pageIn(person.page.context());
  const other = new Person(page);
  await page.goto(chatOf(agent, base));
  if (await page.getByText("This browser is not signed in").isVisible()) await other.claims(`${base}/claim/${(await platform.newClaimLink()).split("/claim/")[1]}`);
  await page.goto(chatOf(agent, base));
  await page.locator("#panel-chat textarea").waitFor();
  await page.locator("#panel-chat textarea").fill("pay the bill");
  await page.locator("#panel-chat textarea").press("Enter");
  await page.getByRole("button", { name: "Send again" }).click();
  await until("the second request", async () => agent.asked.length >= 1);
  finish();
  await other.getsAnswer(/paid/);
  assert.equal(agent.asked.length, 1, "the agent was asked once");
  await page.close();
});

test("an outage in which a picture comes before the socket leaves no hole", async () => {
  browser.expect(/WebSocket|ERR_|Failed to load/);
  const agent = await joins("zeta", (words) => saying(`re ${words}`));
  const target = new URL(platform.url);
  let mode = "up";
  const open = new Set();
  const proxy = net.createServer((near) => {
    if (mode === "down") return near.destroy();
    near.once("data", (head) => {
      // First only plain requests come through, as after a restart of something on the way.
      if (mode === "requests" && /upgrade: websocket/i.test(String(head))) return near.destroy();
      const far = net.connect(target.port, target.hostname);
      for (const end of [near, far]) {
        open.add(end);
        end.on("error", () => undefined);
        end.on("close", () => [near, far].forEach((each) => each.destroy()));
      }
      far.write(head);
      near.pipe(far).pipe(near);
    });
    near.on("error", () => undefined);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  closing.push(() => open.forEach((each) => each.destroy()), () => proxy.close());
  const base = `http://127.0.0.1:${proxy.address().port}`;
  const say = (n) =>
    platform.ask("POST", `/workspaces/${agent.id}/a2a`, { jsonrpc: "2.0", id: n, method: "message/send", params: { message: { messageId: `m${n}`, role: "user", parts: [{ kind: "text", text: `msg${n}.` }] } } });
  await say(0);
  const other = new Person(await browser.page());
  await other.claims((await platform.newClaimLink()).replace(platform.url, base));
  await opensChat(other.page, agent, base);
  await other.getsAnswer(/re msg0/);

  mode = "down";
  open.forEach((each) => each.destroy());
  for (let n = 1; n <= 80; n += 1) await say(n);
  const pictured = other.page.waitForResponse((answer) => answer.url().endsWith("/workspaces") && answer.ok(), { timeout: 40_000 });
  mode = "requests";
  await pictured;
  mode = "up";
  await other.page.locator('[data-live="live"]').waitFor({ timeout: 60_000 });
  await until("every message", async () => (await other.page.locator('[data-role="user"]').count()) === 81, 30_000);
  const said = await shown(other.page);
  assert.deepEqual(said.filter((each) => each.startsWith("user")), Array.from({ length: 81 }, (_, n) => `user: msg${n}.`));
  await other.page.close();
});

test("a browser whose clock is hours off shows the platform's times in the platform's order", async () => {
  const agent = await joins("eta", (words) => saying(`re ${words}`));
  const options = {};
  const other = new Person(await browser.page(options));
  await other.page.addInitScript(() => {
    const Real = Date;
    const off = -5 * 3_600_000;
    globalThis.Date = class extends Real {
      constructor(...given) {
        if (given.length === 0) super(Real.now() + off);
        else super(...given);
      }
      static now() {
        return Real.now() + off;
      }
    };
  });
  await other.claims(await platform.newClaimLink());
  await opensChat(other.page, agent);
  for (const words of ["one", "two", "three"]) {
    await other.writes(words);
    await other.getsAnswer(new RegExp(`re ${words}`));
  }
  const order = ["user: one", "agent: re one", "user: two", "agent: re two", "user: three", "agent: re three"];
  assert.deepEqual(await shown(other.page), order);
  const stamped = await other.page.locator('[role="log"] article time').evaluateAll((all) => all.map((each) => Date.parse(each.dateTime)));
  for (const at of stamped) assert.ok(Math.abs(at - Date.now()) < 60_000, new Date(at).toISOString());
  await other.opensTab("activity");
  const age = await other.page.locator("#panel-activity li time").first().innerText();
  assert.match(age, /^\d+s$/);
  await other.page.close();
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
