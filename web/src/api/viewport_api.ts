import { request } from "./request";
import type { KeptViewport, Viewport } from "./wire";

/** Where the canvas is looked at from. */
export type SavedView = Viewport;

const readMs = 3000;

/** The view the canvas was last left with; undefined when none was kept. */
export async function readView(): Promise<SavedView | undefined> {
  const body = await request<Partial<KeptViewport> | null>("GET", "/canvas/viewport", { timeoutMs: readMs });
  const { x, y, zoom, saved_at } = body ?? {};
  const kept = Boolean(saved_at) && [x, y, zoom].every(Number.isFinite) && (zoom as number) > 0;
  return kept ? { x: x as number, y: y as number, zoom: zoom as number } : undefined;
}

export const saveView = (view: SavedView) =>
  request("PUT", "/canvas/viewport", { body: { x: Math.round(view.x), y: Math.round(view.y), zoom: view.zoom } });
