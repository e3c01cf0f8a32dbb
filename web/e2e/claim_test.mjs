// Signing in: a link is spent by a person and by nothing else, tabs of one browser share what came of it, and a spent
// link says what to do.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./person.mjs";
import { Browser, picture, Platform } from "./stage.mjs";

const platform = new Platform({ demo: false });
const browser = new Browser();

before(async () => {
  await platform.start();
  await browser.start();
});
after(async () => {
  await browser.stop();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

test("a link that was only opened, scripts and all, is still good for the person", async () => {
  const link = await platform.newClaimLink();
  const scanner = await browser.page();
  await scanner.goto(link);
  await scanner.getByRole("button", { name: "Sign in this browser" }).waitFor();
  await scanner.waitForLoadState("networkidle");
  await picture(scanner, "claim");
  const person = new Person(await browser.page());
  await person.claims(link);
  await person.seesLive();
});

test("both tabs of one browser end up signed in", async () => {
  const link = await platform.newClaimLink();
  const one = new Person(await browser.page());
  const two = new Person(await browser.pageIn(one.page.context()));
  await one.opens(link);
  await two.opens(link);
  await two.page.getByRole("button", { name: "Sign in this browser" }).waitFor();
  await one.page.getByRole("button", { name: "Sign in this browser" }).click();
  await one.seesLive();
  await two.page.getByText("This browser is signed in already").waitFor();
  await picture(two.page, "claim_already");
  await two.page.getByRole("button", { name: "Open the canvas" }).click();
  await two.seesLive();
});

test("a spent link says how to get another", async () => {
  browser.expect(/410/);
  const link = await platform.newClaimLink();
  await new Person(await browser.page()).claims(link);
  const late = await browser.page();
  await late.goto(link);
  await late.getByRole("button", { name: "Sign in this browser" }).click();
  await late.getByText("molecule admin claim", { exact: true }).waitFor();
  await picture(late, "claim_spent");
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
