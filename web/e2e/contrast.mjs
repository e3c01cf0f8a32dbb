// How much the texts of a page stand out from what is behind them, by the formula of WCAG 2.

/** Visible texts below 4.5:1, or 3:1 where they are large: what they say, and their ratio. */
export function weakTexts(page) {
  return page.evaluate(() => {
    const parse = (colour) => {
      const [, model, list] = /^(rgba?|color\(srgb)[ (]([^)]+)\)/.exec(colour) ?? [];
      if (!model) throw new Error(`a colour this test cannot read: ${colour}`);
      const parts = list.trim().split(/[\s,/]+/).map(Number);
      const scale = model.startsWith("rgb") ? 1 : 255;
      return [...parts.slice(0, 3).map((each) => each * scale), parts[3] ?? 1];
    };
    const over = (upper, lower) => {
      const alpha = upper[3] + lower[3] * (1 - upper[3]);
      if (alpha === 0) return [0, 0, 0, 0];
      return [...[0, 1, 2].map((i) => (upper[i] * upper[3] + lower[i] * lower[3] * (1 - upper[3])) / alpha), alpha];
    };
    const luminance = (colour) => {
      const [r, g, b] = colour.slice(0, 3).map((each) => {
        const part = each / 255;
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const weak = [];
    let seen = 0;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const text = walk.currentNode.textContent.trim();
      const element = walk.currentNode.parentElement;
      if (text === "" || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      // What is disabled may be faint, and what only screen readers get has no colour.
      if (element.closest(':disabled, [data-disabled], .visually-hidden, [aria-hidden="true"]')) continue;
      let behind = [0, 0, 0, 0];
      let opacity = 1;
      for (let at = element; at; at = at.parentElement) {
        const style = getComputedStyle(at);
        opacity *= Number(style.opacity);
        behind = over(behind, parse(style.backgroundColor));
      }
      behind = over(behind, [255, 255, 255, 1]);
      const style = getComputedStyle(element);
      const ink = parse(style.color);
      const [light, dark] = [luminance(over([...ink.slice(0, 3), ink[3] * opacity], behind)), luminance(behind)].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      seen += 1;
      if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) weak.push(`${ratio.toFixed(2)} “${text.slice(0, 40)}”`);
    }
    if (seen === 0) throw new Error("no text was found");
    return weak;
  });
}
