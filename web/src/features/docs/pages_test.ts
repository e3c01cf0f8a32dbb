import { expect, it } from "vitest";
import { docsGroups, firstPage, hasPage, pageOf, readPage } from "./pages";

it("has every page that it lists", () => {
  const missing = docsGroups.flatMap(({ pages }) => pages.map(({ path }) => path)).filter((path) => !hasPage(path));
  expect(missing).toEqual([]);
  expect(hasPage(firstPage)).toBe(true);
});

it("reads the text as it stands in docs/", async () => {
  expect(await readPage("guides/join.md")).toMatch(/^# Join from anywhere/);
  await expect(readPage("guides/nothing.md")).rejects.toThrow("There is no page guides/nothing.md.");
});

it("follows links between pages and leaves others alone", () => {
  expect(pageOf("join.md", "guides/tickets.md")).toBe("guides/join.md");
  expect(pageOf("../reference/api.md#Token", "guides/join.md")).toBe("reference/api.md");
  expect(pageOf("operate.md", "guides/join.md")).toBe("guides/operate.md");
  expect(pageOf("https://example.org/join.md", "guides/join.md")).toBeUndefined();
  expect(pageOf("#below", "guides/join.md")).toBeUndefined();
  expect(pageOf("../../SECURITY.md", "guides/join.md")).toBeUndefined();
});
