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
/** A machine that others keep busy is given so many chances to be quick once. */
const triesMost = 40;
let person;
let page;
let firstLead;

/** As elements or as a picture. */
const cards = () => page.locator(".react-flow__node, canvas[data-painted]").first();
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
  await person.claims(platform.claimLink);
  await person.seesLive();
  for (let team = 0; team < teams; team += 1) {
    const at = { x: 40 + (team % 5) * 1300, y: 500 + Math.floor(team / 5) * 1700 };
    const lead = await ask("POST", "/workspaces", { name: `lead-${team}`, role: "Leads", tier: 2, runtime: "external", canvas: at });
    firstLead ??= lead;
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
  await page.evaluate(() => localStorage.removeItem("molecule.view"));
  const started = Date.now();
  await page.goto(platform.url, { waitUntil: "commit" });
  await cards().waitFor();
  const took = Date.now() - started;
  assert.ok(took < firstCardMs, `the first card took ${took} ms`);
  console.log(`# first card after ${took} ms`);
  await page.getByText(`${teams + 1} workspaces + `).waitFor();
  // So many are painted, but for those somebody deals with.
  await page.locator("canvas[data-painted]").waitFor();
  assert.ok((await page.locator(".react-flow__node").count()) < teams * teamSize * 0.8);
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
  await page.evaluate(() => localStorage.removeItem("molecule.view"));
  await page.reload();
  await cards().waitFor();
  const numbers = (text) => text.match(/-?[\d.]+/g).map(Number);
  numbers(await shown()).forEach((value, index) => assert.ok(Math.abs(value - numbers(left)[index]) <= 1, `${value} is not ${numbers(left)[index]}`));
});

test("a task, a status and a name are on their card within a tenth of a second", async () => {
  const { id, connection } = firstLead;
  const says = (path, body) =>
    fetch(`${platform.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${connection.auth_token}` },
      body: JSON.stringify(body),
    });
  await ask("PUT", "/canvas/viewport", { x: 60, y: -300, zoom: 1 });
  await page.evaluate(() => localStorage.removeItem("molecule.view"));
  await page.reload();
  await person.seesLive();
  await person.card("lead-0").waitFor();
  /** Milliseconds from the arrival of an event to its words on the card. */
  const delay = async (event, words, cause) => {
    const drawn = page.evaluate(
      ([card, name, text]) =>
        new Promise((resolve) => {
          const node = document.querySelector(`.react-flow__node[data-workspace-id="${card}"]`);
          const look = (_, observer) => {
            if (!`${node.getAttribute("aria-label")} ${node.textContent}`.includes(text)) return;
            observer.disconnect();
            resolve(performance.now() - window.arrivals.get(`${name} ${card}`));
          };
          new MutationObserver(look).observe(node, { attributes: true, childList: true, characterData: true, subtree: true });
        }),
      [id, event, words],
    );
    await cause();
    return drawn;
  };
  await delay("WORKSPACE_ONLINE", "Online", () => says("/registry/register", { id, delivery_mode: "poll", agent_card: { name: "lead", skills: [] } }));
  const delays = { TASK_UPDATED: [], WORKSPACE_PAUSED: [], WORKSPACE_UPDATED: [] };
  const wanting = () => Object.values(delays).some((times) => Math.min(...times) >= eventMs);
  for (let round = 0; round < tries || (wanting() && round < triesMost); round += 1) {
    const task = `Reading chapter ${round}`;
    delays.TASK_UPDATED.push(
      await delay("TASK_UPDATED", task, () => says("/registry/heartbeat", { workspace_id: id, active_tasks: 1, uptime_seconds: 1, error_rate: 0, current_task: task })),
    );
    const name = `renamed-${round}`;
    delays.WORKSPACE_UPDATED.push(await delay("WORKSPACE_UPDATED", name, () => ask("PATCH", `/workspaces/${id}`, { name })));
    delays.WORKSPACE_PAUSED.push(await delay("WORKSPACE_PAUSED", "Paused", () => ask("POST", `/workspaces/${id}/pause`)));
    await ask("POST", `/workspaces/${id}/resume`);
    await page.locator(`.react-flow__node[data-workspace-id="${id}"]`).getByText("Paused").waitFor({ state: "detached" });
  }
  for (const [event, times] of Object.entries(delays)) {
    console.log(`# ${event}: ${times.map((each) => each.toFixed(0)).join(", ")} ms`);
    // The quickest of them: another process may hold the machine for longer than that at any time.
    assert.ok(Math.min(...times) < eventMs, `${event} took ${times}`);
  }
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
