// How the canvas keeps up with 10, 100 and 1,000 workspaces, and 10,000 when asked: `node bench/canvas.mjs [sizes…]`.
// Prints, for each size, the first card after the address is opened, the first paint, and the frames while the view is
// dragged and while it is zoomed. Without a graphics card the browser draws in software: compare like with like.
import { Browser, Platform } from "../web/e2e/stage.mjs";

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

console.log("workspaces | made, ms | first card, ms | first paint, ms | dragging, median / p95 ms | zooming, median / p95 ms");
for (const count of sizes.length > 0 ? sizes : [10, 100, 1000]) {
  const platform = new Platform({ demo: false });
  const browser = new Browser();
  try {
    await platform.start();
    await browser.start();
    const began = performance.now();
    await fill(platform, count);
    const made = performance.now() - began;
    const page = await browser.page();
    await page.goto(platform.claimLink);
    await page.getByRole("button", { name: "Sign in this browser" }).click();
    await page.waitForURL((url) => !url.pathname.includes("/claim/"));
    await page.locator(".react-flow__node").first().waitFor();
    const opened = performance.now();
    await page.reload({ waitUntil: "commit" });
    await page.locator(".react-flow__node").first().waitFor();
    const first = performance.now() - opened;
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
    console.log(`${count} | ${made.toFixed(0)} | ${first.toFixed(0)} | ${paint.toFixed(0)} | ${drag} | ${zoom}`);
  } finally {
    await browser.stop();
    await platform.stop();
  }
}
