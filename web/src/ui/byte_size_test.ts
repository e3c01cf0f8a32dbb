import { expect, it } from "vitest";
import { byteSize } from "./byte_size";

it("tells a size as people read it", () => {
  expect([1, 340, 1000, 12_400, 999_000, 3_000_000, 7e12].map(byteSize)).toEqual(["1 byte", "340 bytes", "1.0 KB", "12.4 KB", "999 KB", "3.0 MB", "7000 GB"]);
});
