// Behind nginx, Caddy and HAProxy as the guide sets them up, with a name of its own and below a prefix, the platform
// works whole; set up otherwise, the page and the log say what is missing.
import assert from "node:assert/strict";
import { request } from "node:https";
import { after, afterEach, before, test } from "node:test";
import { blocks, browserFlags, freePort, Front, host } from "./front.mjs";
import { Person } from "./person.mjs";
import { Agent, Browser, picture, Platform, saying, until } from "./stage.mjs";

const browser = new Browser();
let platform;
let front;
const leaving = [];

before(() => browser.start(browserFlags));
after(() => browser.stop());
afterEach(async (context) => {
  if (!context.passed) console.error(platform?.log(), front?.log());
  for (const leave of leaving.splice(0)) await leave();
  await front?.stop();
  await platform?.stop();
  front = undefined;
  platform = undefined;
});

const publicLink = async () => (await platform.newClaimLink()).replace(platform.url, front.url);
async function newPerson() {
  const page = await browser.page();
  leaving.push(() => page.context().close());
  return new Person(page);
}

/** A request through the proxy, as an agent makes it; `hear` gets each piece of the answer. */
function through(method, path, { token, body, hear } = {}) {
  const { port, pathname } = new URL(front.url);
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path: pathname.replace(/\/$/, "") + path, method, rejectUnauthorized: false, servername: host, timeout: 20_000, headers: { Host: `${host}:${port}`, "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) } },
      (answer) => {
        let text = "";
        answer.on("data", (piece) => {
          text += piece;
          if (hear?.(text)) {
            asked.destroy();
            resolve({ status: answer.statusCode, headers: answer.headers, text });
          }
        });
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
      },
    );
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(new Error(`${method} ${path} was not answered in time`)));
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function worksWhole() {
  const { pathname } = new URL(front.url);
  const prefix = pathname.replace(/\/$/, "");
  const agent = await new Agent((words) => saying(`heard ${words.slice(0, 40)}`)).join(platform, "alpha");
  try {
    const person = await newPerson();
    await person.claims(await publicLink());
    await person.seesLive();
    const [cookie] = await person.page.context().cookies(front.url);
    assert.equal(cookie.secure, true, "the platform was told that people come by https");
    // A change that somebody else makes arrives by itself.
    await platform.ask("POST", "/workspaces", { name: "beta", external: true });
    await person.card("beta").waitFor();
    await person.opensCard("alpha");
    await person.writes("good morning");
    await person.getsAnswer(/heard good morning/);
    // An address deep inside leads back to where it was.
    assert.equal(new URL(person.page.url()).pathname, `${prefix}/w/${agent.id}/chat`);
    await person.page.reload();
    await person.getsAnswer(/heard good morning/);
    await person.seesLive();

    // Agents are told the address they can use, and can use it.
    const { connection } = await platform.ask("GET", `/workspaces/${agent.id}/external/connection`);
    assert.equal(connection.platform_url, front.url);
    const asked = await through("POST", `/workspaces/${agent.id}/a2a`, {
      token: agent.token,
      body: { jsonrpc: "2.0", id: 1, method: "message/send", params: { message: { messageId: "large", role: "user", parts: [{ kind: "text", text: "x".repeat(3 << 20) }] } } },
    });
    assert.equal(asked.status === 413, false, "a body of three megabytes passes");
    const heard = through("GET", `/workspaces/${agent.id}/events/stream`, { token: agent.token, hear: (text) => text.includes("HEARTBEAT") || text.includes("event:") || text.includes("data:") });
    await through("POST", "/registry/heartbeat", { token: agent.token, body: { workspace_id: agent.id, current_task: "told" } });
    assert.equal((await heard).status, 200);
    // Clients are told apart, and nobody is called a stranger.
    assert.doesNotMatch(platform.log(), /not trusted|refused|did not arrive/);
  } finally {
    await agent.leave();
  }
}

const languages = { nginx: "nginx", caddy: "caddyfile", haproxy: "haproxy" };
for (const program of Object.keys(languages))
  for (const [which, prefix] of [[0, ""], [1, "/molecule"]])
    test(`${program} as the guide has it${prefix ? ", below a prefix" : ""}`, async () => {
      front = new Front(await freePort(), { prefix });
      platform = new Platform({ demo: false, flags: front.flags(blocks("sh")[which]) });
      await platform.start();
      await front.start(program, blocks(languages[program])[which], platform.url);
      if (prefix) {
        const bare = await through("GET", "").catch((error) => error);
        assert.equal(bare.status, 308, "the prefix without its slash leads to the page");
        assert.match(bare.headers.location, /\/molecule\/$/);
        const slashed = await through("GET", "/health/?q=1");
        assert.equal(slashed.status, 301);
        const { pathname, search } = new URL(slashed.headers.location, `${front.url}/health/`);
        assert.equal(pathname + search, `${prefix}/health?q=1`);
      }
      await worksWhole();
    });

/** nginx as people have it who wrote nothing but proxy_pass. */
const barest = "server { listen 80; location / { proxy_pass http://127.0.0.1:8080; } }";

test("with nginx and nothing but proxy_pass the page and the log say what to set, and then it works", async () => {
  browser.expect(/403|WebSocket|426/);
  front = new Front(await freePort(), { scheme: "http" });
  platform = new Platform({ demo: false });
  await platform.start();
  await front.start("nginx", barest, platform.url);
  const person = await newPerson();
  const link = await publicLink();
  await person.opens(link);
  await person.page.getByRole("button", { name: "Sign in this browser" }).click();
  await person.page.getByRole("alert").getByText("PLATFORM_URL").waitFor();
  await person.page.getByRole("heading", { name: "The claim could not be checked" }).waitFor();
  await picture(person.page, "front_origin");
  await until("a line of the log", async () => /platform-url \(PLATFORM_URL\).*proxy\.test/.test(platform.log()));

  // With that one setting people sign in, and are told what is still missing.
  await platform.stopServer();
  platform.flags = ["--platform-url", front.url];
  await platform.start();
  await person.claims(await publicLink());
  await person.page.getByText("Live updates do not come through").waitFor({ timeout: 40_000 });
  await person.page.locator('[data-live="polling"]').waitFor();
  await picture(person.page, "front_polling");
  await until("a line of the log", async () => /did not arrive; set the proxy up to pass WebSockets on/.test(platform.log()));
  await platform.ask("POST", "/workspaces", { name: "beta", external: true });
  await person.card("beta").waitFor();
});

test("a proxy that is not trusted is named in the log, and who is refused for it is told what to set", async () => {
  browser.expect(/429|WebSocket/);
  front = new Front(await freePort());
  platform = new Platform({ demo: false, flags: ["--rate-limit", "20", "--hosts", host] });
  await platform.start();
  await front.start("haproxy", blocks("haproxy")[0], platform.url);
  for (let n = 0; n < 30; n += 1) await through("GET", "/auth/me");
  const refused = await through("GET", "/auth/me");
  assert.equal(refused.status, 429);
  assert.match(JSON.parse(refused.text).hint, /trusted-proxies/);
  const person = await newPerson();
  await person.opens(`${front.url}/`);
  await person.page.getByText("trusted-proxies").waitFor();
  await person.page.getByRole("heading", { name: "The platform refused to answer" }).waitFor();
  await picture(person.page, "front_stranger");
  assert.match(platform.log(), /not trusted.*trusted-proxies/);
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
