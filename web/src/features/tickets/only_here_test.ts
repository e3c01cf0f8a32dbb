import { expect, test } from "vitest";
import { onlyHere } from "./only_here";

test.each([
  ["http://127.0.0.1:8080", true],
  ["http://127.1.2.3", true],
  ["http://localhost:8080", true],
  ["http://[::1]:8080", true],
  ["https://molecule.example", false],
  ["http://10.0.0.2:8080", false],
  ["http://localhost.example", false],
  ["", false],
])("%s", (address, expected) => {
  expect(onlyHere(address)).toBe(expected);
});
