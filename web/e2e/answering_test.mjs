// An answer is read as it comes: word by word, in order, over connections that break, without the page standing still;
// and it can be called off.
import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { longestTask } from "./busy.mjs";
import { Person } from "./person.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, inPieces, picture, until } from "./stage.mjs";

let person;
const { platform, browser, closing } = signedIn((somebody) => (person = somebody));

/** Answers that are being given, by what was asked. */
const answers = new Map();
const streaming = (words, response, id) => {
  const answer = inPieces(response, id);
  answer.status("working", "Thinking about it");
  answers.set(words, answer);
  return new Promise((done) => response.on("close", done));
};

async function joins(name, answer = streaming, options = {}) {
  const agent = await new Agent(answer, { streams: true, ...options }).join(platform, name);
  closing.push(() => agent.leave());
  return agent;
}

async function opensChat(page, agent, base = platform.url) {
  await page.goto(`${base}/w/${agent.id}/chat`);
  await page.locator("#panel-chat textarea").waitFor();
  await page.locator('[data-live="live"]').waitFor();
}

const growing = (page) => page.locator("[data-growing]");
const asked = (words) => until(`the question “${words}”`, () => answers.has(words));

test("an answer grows word by word and stands there whole at its end, also after a reload", async () => {
  const agent = await joins("writer");
  await opensChat(person.page, agent);
  await person.writes("tell me");
  await asked("tell me");
  await person.page.getByText("writer: Thinking about it").waitFor();
  const answer = answers.get("tell me");
  for (const word of ["# Title\n\n", "One ", "*two* ", "th"]) answer.write(word);
  await growing(person.page).getByText("One *two* th").waitFor();
  await growing(person.page).locator("h1", { hasText: "Title" }).waitFor();
  assert.equal(await growing(person.page).getAttribute("aria-live"), "off", "words are not read out one by one");
  await person.page.getByText("writer is answering").waitFor();
  await picture(person.page, "growing");
  // A page that is opened in the middle sees what is there, and what comes.
  await person.page.reload();
  await growing(person.page).getByText("One *two* th").waitFor();
  answer.write("ree.");
  await growing(person.page).getByText("One *two* three.").waitFor();
  answer.status("completed");
  answer.end();
  const whole = await person.getsAnswer(/One two three\./);
  await whole.locator("em", { hasText: "two" }).waitFor();
  assert.equal(await growing(person.page).count(), 0);
  await person.page.reload();
  await person.getsAnswer(/One two three\./);
  assert.equal(await person.page.locator('[data-role="agent"]').count(), 1);
});

test("two thousand pieces do not make the page stand still, and none is missing", async () => {
  const agent = await joins("talker");
  await opensChat(person.page, agent);
  await person.writes("everything");
  await asked("everything");
  const answer = answers.get("everything");
  const count = 2000;
  const longest = await longestTask(person.page, async () => {
    for (let n = 0; n < count; n += 1) {
      answer.write(`w${n}${n % 40 === 39 ? ".\n\n" : " "}`);
      if (n % 50 === 49) await new Promise((next) => setTimeout(next, 10));
    }
    await growing(person.page).getByText(`w${count - 1}.`).waitFor();
  });
  console.log(`longest task while ${count} pieces came: ${longest} ms`);
  assert.ok(longest < 200, `the page stood still for ${longest} ms`);
  answer.status("completed");
  answer.end();
  const whole = await person.getsAnswer(/w0 w1 w2/);
  await whole.getByRole("button", { name: /^Show all/ }).click();
  await whole.getByText(`w${count - 1}.`).waitFor();
  assert.deepEqual((await whole.innerText()).match(/w\d+/g), Array.from({ length: count }, (_, n) => `w${n}`));
});

test("a connection that breaks off is taken up again where it was", async () => {
  browser.expect(/WebSocket|ERR_|Failed to load/);
  const agent = await joins("steady");
  const target = new URL(platform.url);
  const open = new Set();
  const proxy = net.createServer((near) => {
    const far = net.connect(target.port, target.hostname);
    for (const end of [near, far]) {
      open.add(end);
      end.on("error", () => undefined);
      end.on("close", () => [near, far].forEach((each) => each.destroy()));
    }
    near.pipe(far).pipe(near);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  closing.push(() => open.forEach((each) => each.destroy()), () => proxy.close());
  const base = `http://127.0.0.1:${proxy.address().port}`;
  const other = new Person(await browser.page());
  await other.claims((await platform.newClaimLink()).replace(platform.url, base));
  await opensChat(other.page, agent, base);
  await other.writes("count");
  await asked("count");
  const answer = answers.get("count");
  const said = [];
  for (let n = 0; n < 30; n += 1) {
    answer.write(`n${n} `);
    said.push(`n${n}`);
    if (n % 10 === 5) {
      await growing(other.page).getByText(`n${n}`).waitFor();
      open.forEach((each) => each.destroy());
    }
  }
  await growing(other.page).getByText("n29").waitFor();
  assert.equal((await growing(other.page).innerText()).trim(), said.join(" "));
  answer.status("completed");
  answer.end();
  const whole = await other.getsAnswer(/n29/);
  assert.equal((await whole.locator("p").first().innerText()).trim(), said.join(" "));
  assert.equal(agent.asked.length, 1, "the agent was asked once");
  await other.page.close();
});

test("Stop calls a message off, and says so", async () => {
  const stopped = ({ params }) => {
    const answer = answers.get("long work");
    answer.status("canceled");
    answer.end();
    return { kind: "task", id: params.id, contextId: "talk", status: { state: "canceled" } };
  };
  const agent = await joins("obedient", streaming, { stop: stopped });
  await opensChat(person.page, agent);
  await person.writes("long work");
  await asked("long work");
  answers.get("long work").write("Beginning");
  await growing(person.page).getByText("Beginning").waitFor();
  await person.page.getByRole("button", { name: "Stop" }).click();
  await person.page.getByText(/Canceled.*An answer that still comes is dropped/).waitFor();
  assert.equal(await person.page.locator("[data-waiting]").count(), 0);
  await picture(person.page, "canceled");
  await person.page.reload();
  await person.page.getByText(/Canceled.*An answer that still comes is dropped/).waitFor();
});

test("an agent that cannot be stopped is said to go on, and its answer is welcome", async () => {
  let finish;
  const agent = await joins("stubborn", () => new Promise((done) => (finish = () => done({ kind: "message", role: "agent", messageId: "s", parts: [{ kind: "text", text: "finished after all" }] }))));
  await opensChat(person.page, agent);
  await person.writes("go");
  await until("the question", () => finish !== undefined);
  await person.page.getByRole("button", { name: "Stop" }).click();
  await person.page.getByText(/Not stopped: .*cannot be stopped.*It goes on/).waitFor();
  await picture(person.page, "not_stopped");
  finish();
  await person.getsAnswer(/finished after all/);
  assert.equal(await person.page.locator("[data-waiting]").count(), 0);
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
