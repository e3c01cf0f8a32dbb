import { expect, it } from "vitest";
import { below, rootOf } from "./root";

it("finds the root from how deep the page is", () => {
  expect(rootOf("https://host/", "./")).toBe("");
  expect(rootOf("https://host/w/1/chat?filter=x", "../../")).toBe("");
  expect(rootOf("https://host/mol/", "./")).toBe("/mol");
  expect(rootOf("https://host/mol/w/1", "../")).toBe("/mol");
  expect(rootOf("https://host/team/mol/claim/code", "../")).toBe("/team/mol");
});

it("takes an address apart below the root", () => {
  expect(below("", "/w/1/chat")).toBe("/w/1/chat");
  expect(below("/mol", "/mol/w/1/chat")).toBe("/w/1/chat");
  expect(below("/mol", "/mol/")).toBe("/");
  expect(below("/mol", "/molecule/w/1")).toBe("/");
});
