// What a person did is taken back and done again, in words that say what is true; a deletion can be for ten seconds.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Person } from "./person.mjs";
import { Browser, picture, Platform, until } from "./stage.mjs";

const platform = new Platform({ demo: false });
const browser = new Browser();
let person;
let page;

const named = async (name) => (await platform.ask("GET", "/workspaces")).find((each) => each.name === name);
const deletes = async (name) => {
  await person.card(name).focus();
  await page.keyboard.press("Delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText(`${name} will be deleted in 10 seconds`).waitFor();
};

/** What the page asked the platform to delete. */
const asked = [];

before(async () => {
  await platform.start();
  await browser.start();
  const lead = await platform.ask("POST", "/workspaces", { name: "lead", runtime: "external" });
  for (const name of ["one", "two"]) await platform.ask("POST", "/workspaces", { name, runtime: "external", parent_id: lead.id });
  for (const name of ["alpha", "beta", "gamma"]) await platform.ask("POST", "/workspaces", { name, runtime: "external" });
  page = await browser.page({ reducedMotion: "reduce" });
  page.on("request", (request) => request.method() === "DELETE" && asked.push(new URL(request.url()).pathname.split("/").at(-1)));
  person = new Person(page);
  await person.claims(platform.claimLink);
  await person.seesLive();
  await person.card("lead").waitFor();
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

test("a deletion is spared by Undo", async () => {
  await deletes("alpha");
  await picture(page, "undo_leaving");
  await page.keyboard.press("Control+z");
  await page.getByText("alpha stays").waitFor();
  assert.ok(await named("alpha"));
});

test("a deletion that is not taken back happens, also when the page is loaded anew meanwhile, and what was spared stays", async () => {
  const beta = await named("beta");
  await deletes("beta");
  await page.reload();
  await person.seesLive();
  await person.card("beta").waitFor();
  await page.getByText("beta was deleted").waitFor();
  assert.equal(await named("beta"), undefined);
  await person.card("beta").waitFor({ state: "detached" });
  // The time that alpha had been given ended before.
  assert.deepEqual(asked, [beta.id]);
  assert.ok(await named("alpha"));
});

test("a pause and a fold are taken back and done again", async () => {
  await person.card("lead").focus();
  await page.keyboard.press("p");
  // Nobody is there to be paused yet, which is said; a team is folded all the same.
  await page.getByText("Only a running workspace can be paused").waitFor();
  await page.keyboard.press("c");
  await person.card("one").waitFor({ state: "detached" });
  await page.keyboard.press("Control+z");
  await page.getByText("lead’s team is expanded").waitFor();
  await person.card("one").waitFor();
  await page.keyboard.press("Control+y");
  await page.getByText("lead’s team is collapsed").waitFor();
  await page.keyboard.press("Control+z");
  await person.card("one").waitFor();
});

test("where two people move cards onto one place at once, both see them beside each other", async () => {
  const other = await browser.page({ reducedMotion: "reduce" });
  const colleague = new Person(other);
  await colleague.claims(await platform.newClaimLink());
  await colleague.seesLive();
  await colleague.card("alpha").waitFor();
  const [alpha, gamma] = [await named("alpha"), await named("gamma")];
  await Promise.all([alpha, gamma].map(({ id }) => platform.ask("PATCH", `/workspaces/${id}`, { x: 1200, y: 700 })));
  const places = (where) =>
    where.evaluate(() => Object.fromEntries([...document.querySelectorAll(".react-flow__node")].map((node) => [node.getAttribute("aria-label").split(" ")[0], node.style.transform])));
  for (const where of [page, other]) {
    await until("both to be there", async () => {
      // The news may come after the view went to where they were.
      await where.keyboard.press("f");
      const [a, b] = await where.evaluate(() =>
        ["alpha", "gamma"].map((name) => document.querySelector(`.react-flow__node[aria-label^="${name} "]`)?.getBoundingClientRect().toJSON()),
      );
      if (!a || !b) return false;
      const apart = a.x + a.width <= b.x + 1 || b.x + b.width <= a.x + 1 || a.y + a.height <= b.y + 1 || b.y + b.height <= a.y + 1;
      return apart && Object.values(await places(where)).some((each) => each.includes("1200px, 700px"));
    });
  }
  await until("both to see the same", async () => isDeepStrictEqual(await places(page), await places(other)));
});

test("nothing was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
