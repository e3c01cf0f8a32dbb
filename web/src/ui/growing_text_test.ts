import { describe, expect, it } from "vitest";
import { GrowingText, openMax } from "./growing_text";

function grown(text: string, size: number): GrowingText {
  const growing = new GrowingText();
  for (let at = 0; at < text.length; at += size) growing.append(text.slice(at, at + size));
  return growing;
}
const texts = (growing: GrowingText) => growing.blocks.map((block) => block.text);

describe("a text that grows", () => {
  it("is divided where paragraphs and listings end, however it is cut into pieces", () => {
    const text = "One\ntwo.\n\n- a\n- b\n\n```js\nlet a;\n\nlet b;\n```\nAfter";
    for (const size of [1, 2, 3, 7, 1000]) {
      const growing = grown(text, size);
      expect(texts(growing)).toEqual(["One\ntwo.\n\n", "- a\n- b\n\n", "```js\nlet a;\n\nlet b;\n```\n"]);
      expect(growing.open).toBe("After");
    }
  });
  it("loses and repeats nothing", () => {
    const text = `${"word ".repeat(3000)}\n\n\`\`\`\n${"line\n".repeat(5000)}\`\`\`\n\nend`;
    const growing = grown(text, 11);
    const all = texts(growing).join("") + growing.open;
    expect(all.replace(/\n+/g, "\n")).toBe(text.replace(/\n+/g, "\n"));
    expect(growing.open.length).toBeLessThanOrEqual(openMax);
  });
  it("shows the rest of a listing that was cut as it is", () => {
    const growing = grown(`\`\`\`\n${"x = 1\n".repeat(3000)}\`\`\`\n\nA *paragraph*.\n\n`, 100);
    expect(growing.blocks.at(-1)).toEqual({ text: "A *paragraph*.\n\n", formats: true });
    expect(growing.blocks.slice(0, -1).every((block) => !block.formats)).toBe(true);
  });
  it("leaves what is drawn already as it is", () => {
    const growing = grown("One.\n\n", 3);
    const [first] = growing.blocks;
    growing.append("Two.\n\n");
    expect(growing.blocks[0]).toBe(first);
  });
});
