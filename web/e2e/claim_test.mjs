// Signing in: a link is spent by a person and by nothing else, tabs of one browser share what came of it, and a spent
// link says what to do. Everything also over plain http from another machine, where browsers withhold much.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./person.mjs";
import { Agent, Browser, picture, Platform, saying } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--hosts", "lan.test"] });
const agent = new Agent((words) => saying(`you said ${words}`));
const browser = new Browser();

before(async () => {
  await platform.start();
  await agent.join(platform, "alpha");
  // A name that is no loopback name is no secure context over http, wherever it leads.
  await browser.start(["--host-resolver-rules=MAP lan.test 127.0.0.1"]);
});
after(async () => {
  await browser.stop();
  await agent.leave();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

const onLan = (address) => address.replace("127.0.0.1", "lan.test");

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

test("over plain http from another machine a question is sent and answered, and texts are copied", async () => {
  const person = new Person(await browser.page());
  await person.claims(onLan(await platform.newClaimLink()));
  assert.equal(await person.page.evaluate(() => window.isSecureContext), false);
  assert.equal(await person.page.evaluate(() => typeof crypto.randomUUID), "undefined");
  await person.seesLive();
  await person.opensCard("alpha");
  await person.writes("good morning");
  const answer = await person.getsAnswer(/you said good morning/);
  await answer.hover();
  await answer.getByRole("button", { name: "Copy message" }).click();
  await answer.getByRole("button", { name: "Copied" }).waitFor();
  // What was copied is what a paste brings.
  const box = person.page.locator("#panel-chat textarea");
  await box.focus();
  await person.page.keyboard.press("ControlOrMeta+V");
  assert.equal(await box.inputValue(), "you said good morning");
});

test("nothing else was reported in the console", () => {
  assert.deepEqual(browser.complaints, []);
});
