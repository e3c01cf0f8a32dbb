// How the canvas keeps up with 10, 100 and 1,000 workspaces, and 10,000 when asked: `node bench/canvas.mjs [sizes…]`.
// Prints, for each size, when cards are on the screen after the workspaces have come, the first paint, the frames while
// the view is dragged and while it is zoomed, and how long an event takes to its card: the quickest of five, and all of
// them. Without a graphics card the browser draws in software: compare like with like.
import { Browser, Platform } from "../web/e2e/stage.mjs";

/** Cards as elements, or as many more as are painted. */
const cards = ".react-flow__node, canvas[data-painted]";
const tries = 5;

const sizes = process.argv.slice(2).map(Number);
const teamSize = 25;
const atOnce = 8;

async function fill(platform, count) {
  const make = (name, more = {}) => platform.ask("POST", "/workspaces", { name, role: "Reads sources and summarises them", runtime: "external", ...more });
  const leads = [];
  for (let team = 0; team * teamSize < count; team += 1) leads.push(make(`lead-${team}`));
  const ids = (await Promise.all(leads)).map(({ id }) => id);
  let next = ids.length;
  const work = async () => {
    while (next < count) {
      const index = next++;
      await make(`worker-${index}`, { parent_id: ids[index % ids.length] });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** The times of frames, in milliseconds, while something is done. */
async function frames(page, act) {
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
  await act();
  const times = await page.evaluate(() => {
    cancelAnimationFrame(window.framing);
    return window.frames_ms.slice(1).sort((a, b) => a - b);
  });
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  return `${at(0.5).toFixed(1)} / ${at(0.95).toFixed(1)}`;
}

/** From the arrival of a name to the card that has it, in milliseconds. */
async function delays(page, platform) {
  const [{ id }] = await platform.ask("GET", "/workspaces");
  await page.goto(`${platform.url}/w/${id}/details`);
  await page.locator(`.react-flow__node[data-workspace-id="${id}"]`).waitFor();
  await page.locator('[data-live="live"]').waitFor();
  const times = [];
  for (let round = 0; round < tries; round += 1) {
    const name = `renamed-${round}`;
    // Watched before it is asked for.
    await page.evaluate(
      ([card, words]) => {
        const node = document.querySelector(`.react-flow__node[data-workspace-id="${card}"]`);
        window.drawn = new Promise((resolve) => {
          new MutationObserver((_, observer) => {
            if (!node.getAttribute("aria-label").includes(words)) return;
            observer.disconnect();
            const heard = window.heard;
            requestAnimationFrame(() => resolve(performance.now() - heard));
          }).observe(node, { attributes: true, attributeFilter: ["aria-label"] });
        });
      },
      [id, name],
    );
    await platform.ask("PATCH", `/workspaces/${id}`, { name });
    times.push(await page.evaluate(() => window.drawn));
  }
  return times;
}

/** Notes when the workspaces have come, when cards are on the screen, and when the last event came. */
function watch(selector) {
  const { fetch: plainFetch, WebSocket: Plain } = window;
  window.fetch = async (...asked) => {
    const answer = await plainFetch(...asked);
    if (!String(asked[0]).split("?")[0].endsWith("/workspaces")) return answer;
    const text = await answer.text();
    window.came ??= performance.now();
    return new Response(text, { status: answer.status, headers: answer.headers });
  };
  window.WebSocket = class extends Plain {
    constructor(...asked) {
      super(...asked);
      this.addEventListener("message", () => (window.heard = performance.now()));
    }
  };
  const observer = new MutationObserver(() => {
    if (!document.querySelector(selector)) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.shown = performance.now())));
  });
  observer.observe(document, { subtree: true, childList: true });
}

console.log("workspaces | made, ms | cards after their data, ms | first paint, ms | dragging, median / p95 ms | zooming, median / p95 ms | event to card, ms");
for (const count of sizes.length > 0 ? sizes : [10, 100, 1000]) {
  const platform = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
  const browser = new Browser();
  try {
    await platform.start();
    await browser.start();
    const began = performance.now();
    await fill(platform, count);
    const made = performance.now() - began;
    const page = await browser.page();
    page.setDefaultTimeout(120_000);
    await page.addInitScript(watch, cards);
    await page.goto(platform.claimLink);
    await page.getByRole("button", { name: "Sign in this browser" }).click();
    await page.waitForURL((url) => !url.pathname.includes("/claim/"));
    await page.locator(cards).first().waitFor();
    await page.evaluate(() => localStorage.removeItem("molecule.view"));
    await page.reload({ waitUntil: "commit" });
    await page.waitForFunction(() => window.shown !== undefined);
    const first = await page.evaluate(() => window.shown - window.came);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
    await page.keyboard.press("f");
    const drag = await frames(page, async () => {
      await page.mouse.move(1400, 700);
      await page.mouse.down();
      for (let step = 1; step <= 40; step += 1) await page.mouse.move(1400 - step * 8, 700 - step * 4);
      await page.mouse.up();
    });
    const zoom = await frames(page, async () => {
      await page.mouse.move(720, 450);
      for (let step = 0; step < 20; step += 1) await page.mouse.wheel(0, step < 10 ? -120 : 120);
    });
    const heard = (await delays(page, platform)).map(Math.round);
    console.log(`${count} | ${made.toFixed(0)} | ${first.toFixed(0)} | ${paint.toFixed(0)} | ${drag} | ${zoom} | ${Math.min(...heard)} of ${heard.join(", ")}`);
  } finally {
    await browser.stop();
    await platform.stop();
  }
}
