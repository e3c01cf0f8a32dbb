// Every view of the page, each with how a person gets there, over an organisation that has something to show in it:
// pictures are made from this list, and it is looked over for what shuts people out.
import { Person } from "./person.mjs";

const team = [
  { name: "engineering lead", role: "Plans work and hands it on", skills: ["plan", "review"], tier: 3 },
  { name: "backend", role: "Writes and mends the services", skills: ["cpp", "sql", "profile"], in: "engineering lead", task: "Reading the failing trace" },
  { name: "frontend", role: "Builds what people see", skills: ["react", "css"], in: "engineering lead" },
  { name: "tester", role: "Breaks what the others have built", skills: ["fuzz"], in: "engineering lead", errors: 0.62 },
  { name: "release manager", role: "Decides what goes out, and when", skills: ["release"], state: "paused" },
  { name: "support", role: "Answers people who are stuck", state: "waiting" },
];

const beatMs = 20_000;

/**
 * A platform with the demo's two agents and a small team beside them, in the states a person meets, and a page that is
 * signed in and has an answer in its chat. `made` has the workspaces by name; `stop` ends what keeps the team alive.
 */
export async function furnish(platform, browser, page) {
  platform.startAgents();
  const made = new Map();
  const beats = [];
  for (const each of team) {
    const { id, connection } = await platform.ask("POST", "/workspaces", {
      name: each.name,
      role: each.role,
      tier: each.tier ?? 2,
      runtime: "external",
      ...(each.in ? { parent_id: made.get(each.in).id } : {}),
    });
    const token = connection.auth_token;
    made.set(each.name, { id, token });
    if (each.state === "waiting") continue;
    const skills = (each.skills ?? []).map((name) => ({ id: name, name, description: `Knows how to ${name}`, tags: ["work"] }));
    await platform.ask("POST", "/registry/register", { id, delivery_mode: "poll", agent_card: { name: each.name, description: each.role, version: "1.0.0", skills } }, token);
    const errors = each.errors ? { error_rate: each.errors, sample_error: "assertion failed: expected 3 rows, got 2" } : { error_rate: 0 };
    const beat = () =>
      platform.ask("POST", "/registry/heartbeat", { workspace_id: id, uptime_seconds: 60, active_tasks: each.task ? 1 : 0, current_task: each.task ?? "", ...errors }, token);
    await beat();
    beats.push(beat);
    if (each.state === "paused") await platform.ask("POST", `/workspaces/${id}/pause`);
  }
  await platform.ask("PUT", "/settings/secrets", { key: "ANTHROPIC_API_KEY", value: "sk-ant-of-the-organisation" });
  await platform.ask("PUT", `/workspaces/${made.get("backend").id}/secrets`, { key: "DATABASE_URL", value: "postgres://db" });
  const person = new Person(page);
  await person.claims(platform.claimLink);
  for (const name of ["pm", "researcher"]) await person.seesCard(name, "Online");
  for (const { id, name } of await platform.ask("GET", "/workspaces")) made.set(name, { id });
  await person.opensCard("pm");
  await person.writes("Summarise README.md in 3 bullet points");
  await person.getsAnswer(/README/);
  await page.keyboard.press("Escape");
  // A beat to a platform that was stopped is lost, as a real one is: it fails no test that has gone on.
  const beating = setInterval(() => void Promise.allSettled(beats.map((beat) => beat())), beatMs);
  return { made, stop: () => clearInterval(beating) };
}

const dialog = (page) => page.locator('[role="dialog"], [role="alertdialog"]').last();
const key = (pressed) => async ({ page }) => {
  await page.keyboard.press(pressed);
  await dialog(page).waitFor();
};
const tool = (name) => async ({ page }) => {
  await page.getByRole("toolbar", { name: "Canvas tools" }).getByRole("button", { name }).click();
  await dialog(page).waitFor();
};
const main = (view, landmark) => ({ at: () => `/?view=${view}`, show: ({ page }) => page.locator(landmark).first().waitFor() });
const panel = (id, of, ready) => ({
  at: (made) => `/w/${made.get(of).id}/${id}`,
  show: async ({ page }) => {
    await page.locator(`#panel-${id}`).waitFor();
    if (ready) await page.locator(`#panel-${id} ${ready}`).first().waitFor();
  },
});
const opened = (show, more) => ({ at: () => "/?view=graph", show, ...more });

/** In the order of a walk: what each is called, the address it begins at, and what a person does there. Those of a desk have no place on a phone. */
export const views = [
  { name: "canvas", ...main("graph", ".react-flow__node") },
  { name: "list", ...main("list", '[role="grid"], table') },
  { name: "inbox", ...main("inbox", "main") },
  { name: "timeline", ...main("timeline", "main") },
  { name: "chat", ...panel("chat", "pm", '[data-role="agent"] li') },
  {
    name: "comms",
    at: (made) => `/w/${made.get("pm").id}/chat`,
    show: async ({ page }) => {
      await page.getByRole("button", { name: "Agent Comms" }).click();
      await page.locator("[data-way]").first().waitFor();
    },
  },
  { name: "activity", ...panel("activity", "pm", "li") },
  { name: "timeline_of_one", ...panel("timeline", "pm", "li") },
  { name: "details", ...panel("details", "backend") },
  { name: "skills", ...panel("skills", "backend", "article") },
  { name: "tokens", ...panel("tokens", "backend", "li") },
  { name: "secrets", ...panel("secrets", "backend", "li") },
  { name: "events", ...panel("events", "backend", "[data-event]") },
  ...["General", "Global secrets", "Keys", "About"].map((name) => ({
    name: `settings_${name.toLowerCase().replace(" ", "_")}`,
    ...opened(async (stand) => {
      await key("Control+,")(stand);
      await stand.page.getByRole("tab", { name, exact: true }).click();
    }),
  })),
  { name: "search", ...opened(key("Control+k")) },
  { name: "shortcuts", ...opened(key("?")) },
  { name: "create", ...opened(key("n")) },
  { name: "dead_letters", ...opened(key("d")) },
  { name: "tickets", ...opened(tool("Join tickets")), desk: true },
  { name: "sign_out", ...opened(tool("Sign out")), desk: true },
  {
    name: "connect",
    at: (made) => `/w/${made.get("support").id}/details`,
    show: async ({ page }) => {
      await page.locator("#panel-details").waitFor();
      await page.keyboard.press("Escape");
      await page.locator('.react-flow__node[aria-label^="support workspace"]').focus();
      await page.keyboard.press("j");
      await dialog(page).waitFor();
    },
    desk: true,
  },
  {
    name: "menu",
    at: () => "/?view=graph",
    show: async ({ page }) => {
      await page.locator('.react-flow__node[aria-label^="backend workspace"]').click({ button: "right" });
      await page.getByRole("menu").waitFor();
    },
    desk: true,
  },
  {
    name: "delete",
    at: () => "/?view=graph",
    show: async ({ page }) => {
      await page.locator('.react-flow__node[aria-label^="engineering lead workspace"]').focus();
      await page.keyboard.press("Delete");
      await dialog(page).waitFor();
    },
    desk: true,
  },
  {
    name: "selected",
    at: () => "/?view=graph",
    show: async ({ page }) => {
      await page.locator(".react-flow__node").first().waitFor();
      await page.keyboard.press("Control+a");
      await page.getByRole("toolbar", { name: "Selected workspaces" }).waitFor();
    },
    desk: true,
  },
  {
    name: "way",
    at: (made) => `/w/${made.get("pm").id}/timeline`,
    show: async ({ page }) => {
      await page.locator("#panel-timeline").getByRole("button", { name: "Its whole way" }).first().click();
      await dialog(page).waitFor();
    },
  },
  {
    name: "documentation",
    ...opened(async (stand) => {
      await key("?")(stand);
      await stand.page.getByRole("button", { name: "Documentation" }).click();
      await stand.page.getByRole("dialog", { name: "Documentation" }).getByRole("heading", { name: "Connect an agent" }).waitFor();
    }),
  },
];

/** Goes to a view and waits for it; what moves has come to rest. */
export async function goTo({ view, page, url, made }) {
  await page.goto(url + view.at(made));
  await page.locator('[data-live="live"]').waitFor();
  await view.show({ page });
  await atRest(page);
}

/** Waits for what glides, fades and slides; what never ends goes on. */
export const atRest = (page) =>
  page.evaluate(() => Promise.all(document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined))));
