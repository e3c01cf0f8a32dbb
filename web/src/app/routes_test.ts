// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { claimCode, readRoute, writeRoute } from "./routes";

it("reads back what it writes", () => {
  for (const route of [
    { workspace: "a-b", tab: "activity", filter: "error", way: "" },
    { workspace: "a-b", tab: "chat", filter: "", way: "w.m." },
    { workspace: undefined, tab: "chat", filter: "", way: "w.m." },
  ])
    expect(readRoute(new URL(writeRoute(route), "http://h"))).toEqual(route);
  expect(writeRoute({ workspace: undefined, tab: "chat", filter: "", way: "" })).toBe("/");
});

it("opens the chat when no tab is said", () => {
  expect(readRoute(new URL("http://h/w/id"))).toEqual({ workspace: "id", tab: "chat", filter: "", way: "" });
  expect(readRoute(new URL("http://h/elsewhere/id")).workspace).toBeUndefined();
});

it("knows a claim link", () => {
  expect(claimCode("/claim/ab%2Bc")).toBe("ab+c");
  expect(claimCode("/claim/")).toBeUndefined();
  expect(claimCode("/")).toBeUndefined();
});
