import { ApiError } from "@/api/api_error";
import { placeCards } from "@/api/places_api";
import { changeWorkspace, pauseWorkspace, resumeWorkspace } from "@/api/workspaces_api";
import type { Workspace } from "@/api/workspace";
import { forgetIntents, intend } from "@/canvas/intents";
import type { Placement } from "@/canvas/placements";
import { orgStore, withChanges } from "@/model/org";
import type { Deed } from "./history";
import { beginLeaving, spare } from "./leaving";

/** Requests under way at once when many are needed. */
const atOnce = 4;
/** Cards moved by one request. */
const placesMost = 5000;

/** Saves places in one step, with the cards where they are meant to be meanwhile. Refused, they go back. */
export async function savePlaces(placements: readonly Placement[]): Promise<void> {
  intend(placements);
  try {
    for (let from = 0; from < placements.length; from += placesMost) {
      const part = placements.slice(from, from + placesMost);
      await placeCards(part);
      orgStore.set(withChanges(orgStore.get(), new Map(part.map(({ id, ...change }) => [id, change as Partial<Workspace>]))));
    }
  } finally {
    forgetIntents(placements.map((each) => each.id));
  }
}

/** Asks for each of them, several at once; the first refusal, if there was one, after all have been asked. */
export async function askEach<T>(all: readonly T[], ask: (one: T) => Promise<unknown>): Promise<void> {
  const waiting = [...all];
  const failures: unknown[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await ask(next);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length > 0) throw failures[0];
}

/** That it is so already, because of another page or because it came with its lead, is no failure. */
const unlessSo = (ask: (id: string) => Promise<unknown>) => (id: string) =>
  ask(id).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 404 && orgStore.get().workspaces.has(id))) throw error;
  });

export async function carryOut(deed: Deed): Promise<void> {
  switch (deed.is) {
    case "place":
      return savePlaces(deed.places);
    case "change":
      return askEach(deed.changes, async ({ id, change }) => {
        await changeWorkspace(id, change);
        orgStore.set(withChanges(orgStore.get(), new Map([[id, change as Partial<Workspace>]])));
      });
    // In order: a lead takes its team along, and nobody goes on below one that is paused.
    case "pause":
      for (const id of deed.ids) await unlessSo(pauseWorkspace)(id);
      return;
    case "resume":
      for (const id of deed.ids) await unlessSo(resumeWorkspace)(id);
      for (const id of deed.but ?? []) await unlessSo(pauseWorkspace)(id);
      return;
    case "delete":
      return beginLeaving(deed.ids);
    case "spare":
      return spare(deed.ids);
  }
}
