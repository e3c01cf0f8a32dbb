import { afterEach, expect, it, vi } from "vitest";
import { readView } from "./viewport_api";

afterEach(() => vi.unstubAllGlobals());

const answering = (body: unknown) => vi.stubGlobal("fetch", vi.fn(async () => new Response(JSON.stringify(body))));

it("reads the view that was kept", async () => {
  answering({ x: -4, y: 9.5, zoom: 0.5, saved_at: "2026-01-01T00:00:00Z" });
  expect(await readView()).toEqual({ x: -4, y: 9.5, zoom: 0.5 });
});

it("takes the platform's default for no view at all, and nothing odd for one", async () => {
  for (const body of [
    { x: 0, y: 0, zoom: 1, saved_at: null },
    { x: 0, y: 0, zoom: 0, saved_at: "2026-01-01T00:00:00Z" },
    { x: "1", y: 0, zoom: 1, saved_at: "2026-01-01T00:00:00Z" },
    null,
  ]) {
    answering(body);
    expect(await readView()).toBeUndefined();
  }
});
