import { expect, it } from "vitest";
import { pastedFiles } from "./taken_files";

const picture = () => new File(["x"], "image.png", { type: "image/png" });
const clipboard = (types: string[], ...files: File[]) => ({ types, files: files as unknown as FileList });

it("takes a picture by a name of its own, and other files by theirs", () => {
  const [pasted, own] = pastedFiles(clipboard(["Files"], picture(), new File(["x"], "mine.png", { type: "image/png" })));
  expect(pasted?.name).toMatch(/^pasted-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.png$/);
  expect(own?.name).toBe("mine.png");
});

it("takes a table that brings a picture of itself as the text it is, and a copied picture or file as files", () => {
  expect(pastedFiles(clipboard(["text/plain", "text/html", "text/rtf", "Files"], picture()))).toEqual([]);
  expect(pastedFiles(clipboard(["text/html", "Files"], picture()))).toHaveLength(1);
  expect(pastedFiles(clipboard(["text/plain", "Files"], new File(["x"], "a.txt")))).toHaveLength(1);
});
