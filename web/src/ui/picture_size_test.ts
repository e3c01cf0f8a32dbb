import { expect, it } from "vitest";
import { pictureSize } from "./picture_size";

const bytes = (...parts: (string | number[])[]) => Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)));
const size = { width: 640, height: 400 };

it("reads how large a picture is, of each kind", () => {
  expect(pictureSize("image/png", bytes([0x89], "PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 2, 128, 0, 0, 1, 144]))).toEqual(size);
  expect(pictureSize("image/gif", bytes("GIF89a", [128, 2, 144, 1]))).toEqual(size);
  expect(pictureSize("image/webp", bytes("RIFF....WEBPVP8X", [10, 0, 0, 0, 0, 0, 0, 0, 127, 2, 0, 143, 1, 0]))).toEqual(size);
  expect(pictureSize("image/webp", bytes("RIFF....WEBPVP8 ", [0, 0, 0, 0, 0, 0, 0, 0x9d, 1, 0x2a, 128, 2, 144, 1]))).toEqual(size);
  // 14 bits each, less one: 639 | 399 << 14.
  expect(pictureSize("image/webp", bytes("RIFF....WEBPVP8L", [0, 0, 0, 0, 0x2f, 0x7f, 0xc2, 0x63, 0]))).toEqual(size);
  const note = [0xff, 0xe1, 0, 6, 0xff, 0xc0, 1, 1];
  expect(pictureSize("image/jpeg", bytes([0xff, 0xd8], note, [0xff, 0xc4, 0, 2, 0xff, 0xff, 0xc2, 0, 17, 8, 1, 144, 2, 128]))).toEqual(size);
});

it("says nothing of what ends too soon, is something else or has no points", () => {
  expect(pictureSize("image/png", bytes([0x89], "PNG\r\n"))).toBeUndefined();
  expect(pictureSize("image/png", bytes("<html>".repeat(9)))).toBeUndefined();
  expect(pictureSize("image/jpeg", bytes([0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff]))).toBeUndefined();
  expect(pictureSize("image/jpeg", bytes([0xff, 0xd8, 0, 0]))).toBeUndefined();
  expect(pictureSize("image/webp", bytes("RIFF....WEBPALPH........"))).toBeUndefined();
  expect(pictureSize("image/gif", bytes("GIF89a", [0, 0, 1, 0]))).toBeUndefined();
  expect(pictureSize("image/svg+xml", bytes("<svg>"))).toBeUndefined();
});
