// What a person does and sees, in a small vocabulary over the hooks the page keeps stable.
import assert from "node:assert/strict";

export class Person {
  #page;

  constructor(page) {
    this.#page = page;
  }

  get page() {
    return this.#page;
  }

  async opens(address) {
    await this.#page.goto(address);
  }

  /** Opens a claim link and presses its button, as the person it was made for does. */
  async claims(link) {
    await this.#page.goto(link);
    await this.#page.getByRole("button", { name: "Sign in this browser" }).click();
    await this.#page.waitForURL((url) => !url.pathname.includes("/claim/"));
  }

  card(name) {
    return this.#page.locator(`.react-flow__node[aria-label^="${name} workspace — "]`);
  }

  async seesCard(name, status) {
    await this.#page.locator(`.react-flow__node[aria-label="${name} workspace — ${status}"]`).waitFor();
  }

  async opensCard(name) {
    const panel = this.#page.getByRole("complementary", { name: `${name} panel` });
    // A second click on an open card would close it.
    if ((await panel.count()) > 0) return;
    // A lead is clicked on its own words, not on a card inside it.
    await this.card(name).getByText(name, { exact: true }).first().click();
    await panel.waitFor();
  }

  async opensTab(id) {
    await this.#page.locator(`#tab-${id}`).click();
    await this.#page.locator(`#panel-${id}`).waitFor();
  }

  async writes(text) {
    const box = this.#page.locator('#panel-chat textarea[aria-label^="Message to"]');
    await box.fill(text);
    await box.press("Enter");
    await this.#page.locator('[data-role="user"]', { hasText: text }).last().waitFor();
  }

  /** Waits for an answer of the agent that matches, until it is drawn with its formats, and gives its locator. */
  async getsAnswer(pattern, timeout = 60_000) {
    const answer = this.#page.locator('[data-role="agent"]', { hasText: pattern }).last();
    await answer.waitFor({ timeout });
    // Formats replace what was drawn before them, and with it what was selected there.
    await answer.locator('[data-unformatted="yet"]').first().waitFor({ state: "detached", timeout });
    return answer;
  }

  /** The bullets of an answer, once `count` of them are drawn. */
  async bullets(answer, count) {
    await answer.locator("li").nth(count - 1).waitFor();
    return answer.locator("li").allTextContents();
  }

  async seesLive() {
    await this.#page.locator('[data-live="live"]').waitFor();
  }

  async seesActivity(pattern) {
    await this.#page.locator("#panel-activity li", { hasText: pattern }).first().waitFor();
  }

  /** Where the keyboard is, as the page names it. */
  async focusName() {
    return this.#page.evaluate(() => {
      const at = document.activeElement;
      return at?.getAttribute("aria-label") ?? at?.labels?.[0]?.textContent.trim() ?? at?.textContent ?? "";
    });
  }

  /** Presses Tab until the focus is on something so named. */
  async tabsTo(pattern, most = 60) {
    for (let i = 0; i < most; i += 1) {
      if (pattern.test(await this.focusName())) return;
      await this.#page.keyboard.press("Tab");
    }
    assert.fail(`no Tab stop named ${pattern} among ${most}; the focus is on “${await this.focusName()}”`);
  }
}
