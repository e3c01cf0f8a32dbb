import { expect, it } from "vitest";
import { byService, oddness, serviceOf } from "./secret_kinds";

it("tells the service by the name", () => {
  expect(["ANTHROPIC_API_KEY", "GH_TOKEN", "OPENROUTER_KEY", "DATABASE_URL"].map(serviceOf)).toEqual(["Anthropic", "GitHub", "OpenRouter", "Other"]);
});

it("wonders about a value that looks like no key of its service, and about nothing else", () => {
  expect(oddness("ANTHROPIC_API_KEY", "sk-ant-abc")).toBeUndefined();
  expect(oddness("ANTHROPIC_API_KEY", "sk-or-abc")).toMatch(/key of Anthropic/);
  expect(oddness("GITHUB_TOKEN", "ghp_abc\n")).toMatch(/white space/);
  expect(oddness("ANTHROPIC_BASE_URL", "http://proxy")).toBeUndefined();
  expect(oddness("MY_KEY", "anything")).toBeUndefined();
});

it("groups by service, the unknown ones last", () => {
  const keys = ["Z", "GH_TOKEN", "ANTHROPIC_API_KEY", "A", "ANTHROPIC_AUTH_TOKEN"].map((key) => ({ key }));
  expect(byService(keys).map(({ service, secrets }) => [service, secrets.map(({ key }) => key)])).toEqual([
    ["Anthropic", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"]],
    ["GitHub", ["GH_TOKEN"]],
    ["Other", ["A", "Z"]],
  ]);
});
