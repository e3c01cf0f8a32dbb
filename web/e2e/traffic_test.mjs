// What agents do with each other, seen from the canvas: the box of their talk, the hand on the last hour, stopping all work; the legend.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violationsInBothThemes } from "./axe.mjs";
import { signedIn } from "./signed_in.mjs";
import { Agent, picture, saying, until } from "./stage.mjs";

let person;
let page;
const { platform, closing } = signedIn((met) => {
  person = met;
  page = met.page;
});
let release;
const held = new Promise((resolve) => (release = resolve));
const lead = new Agent(() => saying("yes"));
const worker = new Agent((words) => saying(`done: ${words}`));
const slow = new Agent(
  async () => {
    await held;
    return saying("too late");
  },
  { stop: ({ params }) => ({ kind: "task", id: params.id, status: { state: "canceled" } }) },
);
closing.push(() => release(), () => lead.leave(), () => worker.leave(), () => slow.leave());

const box = (name) => page.getByRole("region", { name, exact: true });
const turn = (name) => page.getByRole("button", { name, exact: true });
const toast = (text) => page.getByRole("region", { name: "Notifications" }).getByText(text);
const delegate = (to, task) => platform.ask("POST", `/workspaces/${lead.id}/delegate`, { target_id: to.id, task }, lead.token);

test("a box on the canvas tells what agents say to each other as they say it, and is as it was left", async () => {
  await lead.join(platform, "lead");
  await worker.join(platform, "worker");
  await slow.join(platform, "slow");
  await person.card("slow").waitFor();
  const comms = box("Between agents");
  await turn("Between agents").click();
  await comms.getByText(/No agent has asked another one yet/).waitFor();
  await delegate(worker, "count the words");
  const line = comms.getByRole("button", { name: /lead .*worker.*count the words/ }).first();
  await line.waitFor();
  assert.deepEqual(await violationsInBothThemes(page, "[data-corner]"), {});
  await picture(page, "between_agents");
  await page.reload();
  await person.seesLive();
  await line.waitFor();
  await line.click();
  await page.getByRole("dialog").getByText("count the words").first().waitFor();
  await page.keyboard.press("Escape");
});

test("showing everything leaves what such a box covers free", async () => {
  await page.keyboard.press("f");
  await until("cards beside the box", async () => {
    const over = await box("Between agents").boundingBox();
    const cards = await page.locator(".react-flow__node").evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().toJSON()));
    return cards.length === 3 && cards.every(({ right, bottom, top }) => right <= over.x || bottom <= over.y || top >= over.y + over.height);
  });
});

test("the legend is one press away and can stay", async () => {
  const legend = box("Legend");
  await turn("Legend").click();
  await legend.getByText("Waiting for agent").waitFor();
  await legend.getByText("Its agent runs elsewhere").waitFor();
  assert.deepEqual(await violationsInBothThemes(page, "[data-corner]"), {});
  await turn("Legend").click();
  await legend.waitFor({ state: "detached" });
});

test("a hand on the last hour shows the edges of that time, and goes back to now", async () => {
  const hand = page.getByRole("slider", { name: "Traffic of the last hour" });
  await hand.waitFor();
  assert.match(await hand.getAttribute("aria-valuetext"), /^The last hour: 1 call$/);
  const edges = page.locator(".react-flow__edge");
  assert.equal(await edges.count(), 1);
  await hand.focus();
  await page.keyboard.press("Home");
  await until("no edges an hour ago", async () => (await edges.count()) === 0);
  assert.match(await hand.getAttribute("aria-valuetext"), /: 0 calls$/);
  await page.getByRole("button", { name: "Back to now" }).click();
  await until("the edge again", async () => (await edges.count()) === 1);
  assert.deepEqual(await violationsInBothThemes(page, "[data-looked-at], :has(> [type=range])"), {});
});

test("all work is stopped after a word, and its agents are told", async () => {
  await delegate(slow, "think for long");
  await platform.ask("POST", "/registry/heartbeat", { workspace_id: slow.id, active_tasks: 1, current_task: "thinking" }, slow.token);
  const stop = page.getByRole("button", { name: "Stop all (1)" });
  await stop.click();
  const dialog = page.getByRole("dialog", { name: "Stop the work of 1 agent?" });
  await dialog.getByText("thinking").waitFor();
  await picture(page, "stop_all");
  await dialog.getByRole("button", { name: "Stop all" }).click();
  await toast("slow: 1 task stopped").waitFor();
  await platform.ask("POST", "/registry/heartbeat", { workspace_id: slow.id, active_tasks: 0, current_task: "" }, slow.token);
  await stop.waitFor({ state: "detached" });
  release();
});

test("a lead and one of its team pulse at their borders when they talk", async () => {
  await platform.ask("PATCH", `/workspaces/${worker.id}`, { parent_id: lead.id });
  await person.card("worker").waitFor();
  const pulsed = page.evaluate(
    () =>
      new Promise((resolve) => {
        const names = new Set();
        addEventListener("animationstart", ({ animationName, target }) => {
          if (!/talk/.test(animationName)) return;
          names.add(target.closest("[data-workspace-id]").getAttribute("aria-label").split(" ")[0]);
          if (names.size === 2) resolve([...names].sort());
        });
      }),
  );
  await delegate(worker, "once more");
  assert.deepEqual(await pulsed, ["lead", "worker"]);
});
