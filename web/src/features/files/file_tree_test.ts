import { describe, expect, it } from "vitest";
import { closed, nodesOf, parentOf, rowsOf, typedPath } from "./file_tree";

const file = (path: string, more: object = {}) => ({ path, size: 1, dir: false, kind: "file" as const, ...more });

describe("the tree of files", () => {
  it("has directories first and addresses that name nothing else", () => {
    const nodes = nodesOf("a%20b", [file("x?.md"), file("caf\uFFFD", { address: "caf%E9" }), file("sub", { kind: "directory", dir: true })]);
    expect(nodes.map(({ address }) => address)).toEqual(["a%20b/sub", "a%20b/x%3F.md", "a%20b/caf%E9"]);
  });
  it("shows what is open, each below its directory", () => {
    const opened = new Map([
      ["", { nodes: nodesOf("", [file("d", { kind: "directory" }), file("z")]), cursor: "next" }],
      ["d", { nodes: nodesOf("d", [file("a")]), cursor: undefined }],
    ]);
    expect(rowsOf(opened).map(({ node, depth, more }) => [node.address, depth, more])).toEqual([
      ["d", 1, false],
      ["d/a", 2, false],
      ["z", 1, true],
    ]);
    expect(rowsOf(closed(opened, "d")).map(({ node }) => node.address)).toEqual(["d", "z"]);
    expect([parentOf("d/a"), parentOf("z")]).toEqual(["d", ""]);
  });
  it("takes a path that stays where it is", () => {
    expect(typedPath(" /notes/a b.md ")).toEqual({ path: "notes/a b.md" });
    for (const text of ["", "a/", "a//b", "../x", "./x", "/"]) expect(typedPath(text)).toHaveProperty("flaw");
  });
});
