// Five hundred workspaces: the first card, the view while it moves, an event on its way to a card.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./person.mjs";
import { Browser, picture, Platform, until } from "./stage.mjs";

const platform = new Platform();
const browser = new Browser();
const teams = 20;
const teamSize = 25;
// Several times what this takes on two cores without a graphics card, so that a busy machine does not fail it.
const firstCardMs = 8000;
const frameMs = 150;
const eventMs = 100;
const tries = 5;
let person;
let page;

/** Asks the platform as the person of this browser. */
const ask = (method, path, body) =>
  page.evaluate(
    async ([how, where, what]) => {
      const answer = await fetch(where, { method: how, headers: { "Content-Type": "application/json" }, ...(what ? { body: JSON.stringify(what) } : {}) });
      if (!answer.ok) throw new Error(`${where} answered ${answer.status}`);
      return answer.json();
    },
    [method, path, body],
  );

before(async () => {
  await platform.start();
  await browser.start();
  page = await browser.page();
  // When each event arrived, to compare with when it was drawn.
  await page.addInitScript(() => {
    window.arrivals = new Map();
    const Plain = window.WebSocket;
    window.WebSocket = class extends Plain {
      constructor(...args) {
        super(...args);
        this.addEventListener("message", ({ data }) => {
          const { event, workspace_id } = JSON.parse(data);
          window.arrivals.set(`${event} ${workspace_id}`, performance.now());
        });
      }
    };
  });
  person = new Person(page);
  await person.opens(platform.claimLink);
  await person.seesLive();
  for (let team = 0; team < teams; team += 1) {
    const at = { x: 40 + (team % 5) * 1300, y: 500 + Math.floor(team / 5) * 1700 };
    const lead = await ask("POST", "/workspaces", { name: `lead-${team}`, role: "Leads", tier: 2, runtime: "external", canvas: at });
    await Promise.all(
      Array.from({ length: teamSize - 1 }, (_, index) =>
        ask("POST", "/workspaces", {
          name: `worker-${team}-${index}`,
          role: "Reads sources and summarises them",
          tier: 1 + (index % 4),
          runtime: "external",
          parent_id: lead.id,
          canvas: { x: at.x + 16 + (index % 4) * 296, y: at.y + 186 + Math.floor(index / 4) * 228 },
        }),
      ),
    );
  }
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

test("the first card is there soon, and then all of them", async () => {
  await ask("PUT", "/canvas/viewport", { x: 100, y: 20, zoom: 0.11 });
  const started = Date.now();
  await page.goto(platform.url, { waitUntil: "commit" });
  await person.card("lead-0").waitFor();
  const took = Date.now() - started;
  assert.ok(took < firstCardMs, `the first card took ${took} ms`);
  console.log(`# first card after ${took} ms`);
  await page.getByText(`${teams + 1} workspaces + `).waitFor();
  const drawn = await page.locator(".react-flow__node").count();
  assert.ok(drawn > teams * teamSize * 0.8, `${drawn} cards are drawn`);
  await picture(page, "crowd");
});

test("the view follows the hand while five hundred cards are in it", async () => {
  await page.evaluate(() => {
    window.frames_ms = [];
    let last = performance.now();
    const tick = (now) => {
      window.frames_ms.push(now - last);
      last = now;
      window.framing = requestAnimationFrame(tick);
    };
    window.framing = requestAnimationFrame(tick);
  });
  await page.mouse.move(1380, 700);
  await page.mouse.down();
  for (let step = 1; step <= 30; step += 1) await page.mouse.move(1380 - step * 6, 700 - step * 4);
  await page.mouse.up();
  const median = await page.evaluate(() => {
    cancelAnimationFrame(window.framing);
    return window.frames_ms.slice(1).sort((a, b) => a - b)[Math.floor(window.frames_ms.length / 2)];
  });
  console.log(`# median frame ${median.toFixed(1)} ms`);
  assert.ok(median < frameMs, `the median frame took ${median} ms`);
});

test("where the view was left is where another browser opens", async () => {
  const shown = () => page.locator(".react-flow__viewport").evaluate((each) => each.style.transform);
  const left = await shown();
  await until("the view to be kept", async () => {
    const { x } = await ask("GET", "/canvas/viewport");
    return x !== 100;
  });
  await page.reload();
  await person.card("lead-0").waitFor();
  const numbers = (text) => text.match(/-?[\d.]+/g).map(Number);
  numbers(await shown()).forEach((value, index) => assert.ok(Math.abs(value - numbers(left)[index]) <= 1, `${value} is not ${numbers(left)[index]}`));
});

test("an event is on its card within a tenth of a second", async () => {
  await person.seesLive();
  const { id } = (await ask("GET", "/workspaces")).find(({ name }) => name === "lead-0");
  const delays = [];
  for (let round = 0; round < tries; round += 1) {
    const drawn = page.evaluate(
      ([card, name]) =>
        new Promise((resolve) => {
          const node = document.querySelector(`.react-flow__node[data-workspace-id="${card}"]`);
          new MutationObserver((_, observer) => {
            if (!node.getAttribute("aria-label").startsWith(`${name} `)) return;
            observer.disconnect();
            resolve(performance.now() - window.arrivals.get(`WORKSPACE_UPDATED ${card}`));
          }).observe(node, { attributes: true });
        }),
      [id, `renamed-${round}`],
    );
    await ask("PATCH", `/workspaces/${id}`, { name: `renamed-${round}` });
    delays.push(await drawn);
  }
  console.log(`# from frame to card: ${delays.map((each) => each.toFixed(0)).join(", ")} ms`);
  // The quickest of them: another process may hold the machine for longer than that at any time.
  assert.ok(Math.min(...delays) < eventMs, `${delays}`);
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
