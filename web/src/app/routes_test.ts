// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { claimCode, readRoute, writeRoute } from "./routes";

const nowhere = { workspace: undefined, tab: "chat", filter: "", way: "", view: undefined, find: "", show: "", sort: "" };

it("reads back what it writes", () => {
  for (const route of [
    { ...nowhere, workspace: "a-b", tab: "activity", filter: "error" },
    { ...nowhere, workspace: "a-b", way: "w.m." },
    { ...nowhere, way: "w.m." },
    { ...nowhere, view: "list", find: "two words", show: "failed,degraded", sort: "-status" } as const,
    { ...nowhere, workspace: "a-b", view: "list" } as const,
  ])
    expect(readRoute(new URL(writeRoute(route), "http://h"))).toEqual(route);
  expect(writeRoute(nowhere)).toBe("/");
});

it("opens the chat when no tab is said", () => {
  expect(readRoute(new URL("http://h/w/id"))).toEqual({ ...nowhere, workspace: "id" });
  expect(readRoute(new URL("http://h/?view=strange")).view).toBeUndefined();
  expect(readRoute(new URL("http://h/elsewhere/id")).workspace).toBeUndefined();
});

it("knows a claim link", () => {
  expect(claimCode("/claim/ab%2Bc")).toBe("ab+c");
  expect(claimCode("/claim/")).toBeUndefined();
  expect(claimCode("/")).toBeUndefined();
});
