// What an automatic look finds that shuts people out, in both themes.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What is wrong below a selector: each rule with the places that break it. */
export async function violations(page, selector) {
  await page.evaluate(source);
  return page.evaluate(async (below) => {
    const found = await globalThis.axe.run(below);
    // A card is called by the name that is written on it first; the look takes all that a card tells for its label.
    const isCard = (target) => document.querySelector(target.join(" "))?.matches(".react-flow__node");
    const counts = (id, target) => id !== "label-content-name-mismatch" || !isCard(target);
    return found.violations.flatMap(({ id, nodes }) => {
      const places = nodes.filter(({ target }) => counts(id, target)).map(({ target }) => target.join(" "));
      return places.length === 0 ? [] : [`${id}: ${places.join(", ")}`];
    });
  }, selector);
}

/** The same in the light and in the dark theme; the page is left in the light one. */
export async function violationsInBothThemes(page, selector) {
  const found = {};
  for (const theme of ["dark", "light"]) {
    await page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    // Colours that are on their way to the theme are no theme's.
    await page.evaluate(() => Promise.all(document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined))));
    const wrong = await violations(page, selector);
    if (wrong.length > 0) found[theme] = wrong;
  }
  return found;
}
