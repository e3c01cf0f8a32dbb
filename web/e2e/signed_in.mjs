// A platform, a browser and a person who is signed in there, for the tests of one file; all of them end with it.
import { after, afterEach, before } from "node:test";
import { Person } from "./person.mjs";
import { Browser, Platform } from "./stage.mjs";

/** `meet` is given the person before the first test. `flags` are the platform's besides those it always has. What is pushed to `closing` is called before the platform ends. */
export function signedIn(meet, flags = []) {
  const platform = new Platform({ demo: false, flags: ["--rate-limit", "0", ...flags] });
  const browser = new Browser();
  const closing = [];
  before(async () => {
    await platform.start();
    await browser.start();
    const person = new Person(await browser.page());
    await person.claims(await platform.newClaimLink());
    await person.seesLive();
    meet(person);
  });
  after(async () => {
    await browser.stop();
    for (const close of closing) await close();
    await platform.stop();
  });
  afterEach((context) => {
    if (!context.passed) console.error(platform.log());
  });
  return { platform, browser, closing };
}
