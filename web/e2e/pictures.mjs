// Makes the pictures of docs/images anew: `node e2e/pictures.mjs [names…]`, by hand, after the page has changed. Each main
// view in both themes at three widths, as WebP; look at them before they are kept.
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser, Platform } from "./stage.mjs";
import { atRest, furnish, goTo, views } from "./views.mjs";

const folder = fileURLToPath(new URL("../../docs/images", import.meta.url));
const shown = ["canvas", "list", "inbox", "timeline", "chat", "comms", "details", "secrets", "search", "shortcuts"];
const sizes = [
  [1440, 900],
  [1280, 800],
  [390, 844],
];
const quality = 0.72;
const asked = process.argv.slice(2);
const wanted = asked.length > 0 ? asked : shown;

/** The browser itself writes the format. */
async function asWebp(blank, png) {
  const text = await blank.evaluate(
    async ([data, how]) => {
      const picture = new Image();
      picture.src = `data:image/png;base64,${data}`;
      await picture.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
      canvas.getContext("2d").drawImage(picture, 0, 0);
      return canvas.toDataURL("image/webp", how);
    },
    [png.toString("base64"), quality],
  );
  return Buffer.from(text.slice(text.indexOf(",") + 1), "base64");
}

const platform = new Platform({ flags: ["--rate-limit", "0"] });
const browser = new Browser();
let stand;
try {
  await platform.start();
  await browser.start();
  mkdirSync(folder, { recursive: true });
  const page = await browser.page({ reducedMotion: "reduce" });
  const blank = await browser.page();
  stand = await furnish(platform, browser, page);
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height });
    for (const view of views.filter(({ name, desk }) => wanted.includes(name) && !(desk && width < 768))) {
      // Each window fits what it shows.
      await page.evaluate(() => localStorage.removeItem("molecule.view"));
      await platform.ask("PUT", "/canvas/viewport", { x: 1e6, y: 1e6, zoom: 1 });
      await goTo({ view, page, url: platform.url, made: stand.made });
      for (const theme of ["light", "dark"]) {
        await page.evaluate((now) => (document.documentElement.dataset.theme = now), theme);
        await atRest(page);
        writeFileSync(join(folder, `${view.name}-${width}-${theme}.webp`), await asWebp(blank, await page.screenshot()));
      }
      await page.evaluate(() => (document.documentElement.dataset.theme = "light"));
    }
  }
} finally {
  stand?.stop();
  await browser.stop();
  await platform.stop();
}
const kept = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
console.log(`${kept.length} files, ${Math.round(kept.reduce((sum, size) => sum + size, 0) / 1024)} KiB`);
