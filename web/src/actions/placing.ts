import { ApiError, messageOf } from "@/api/api_error";
import type { WorkspaceChange } from "@/api/wire";
import { graph } from "@/canvas/graph_controls";
import { intend, intentsStore } from "@/canvas/intents";
import { layoutOrg, type Layout, type Point } from "@/canvas/layout";
import { mark, marksStore } from "@/canvas/marks";
import { beside, landingOutside, landingsIn, moveTo, type Placement, type Target } from "@/canvas/placements";
import { orgStore, type Org } from "@/model/org";
import { descendantsOf, nestingRefusal } from "@/model/selectors";
import { toast } from "@/ui/toast";
import { carryOut, savePlaces } from "./deeds";
import type { Deed, Step } from "./history";
import { act, beforeUndo, did } from "./undo";

const nudgeSaveMs = 400;
const namesShown = 3;

/** Where the cards are; also where nobody draws them just now. */
export const layout = (): Layout => graph.controls?.layout() ?? layoutOrg(orgStore.get());
export const nameOf = (id: string): string => orgStore.get().workspaces.get(id)?.name ?? "the workspace";

/** These, or how many they are. */
export function namesOf(ids: readonly string[]): string {
  const [first] = ids;
  return ids.length === 1 && first !== undefined ? nameOf(first) : `${ids.length} workspaces`;
}

const are = (ids: readonly string[]): string => (ids.length === 1 ? "is" : "are");

/** What is done to a card that is picked together with others is done to all of them. */
export function withPicked(id: string): string[] {
  const { picked } = marksStore.get();
  return picked.has(id) ? [id, ...[...picked].filter((each) => each !== id && orgStore.get().workspaces.has(each))] : [id];
}

/** Those in no team of another one of them: what is inside comes along. */
export function topmost(org: Org, ids: readonly string[]): string[] {
  const inside = new Set(ids.flatMap((id) => descendantsOf(org, id)));
  return [...new Set(ids)].filter((id) => org.workspaces.has(id) && !inside.has(id));
}

/** The same cards as they are stored now. */
export function storedNow(placements: readonly Placement[]): Placement[] {
  return placements.flatMap(({ id, parent_id }) => {
    const now = orgStore.get().workspaces.get(id);
    return now ? [{ id, x: now.x, y: now.y, ...(parent_id === undefined ? {} : { parent_id: now.parent_id }) }] : [];
  });
}

function stepOf(done: string, undone: string, places: Placement[]): Step {
  // The other way round: who went in last comes out first.
  return { done, undone, forward: { is: "place", places }, back: { is: "place", places: storedNow(places).toReversed() } };
}

const fresh = (): Layout => layoutOrg(orgStore.get(), intentsStore.get());

export function place(targets: readonly Target[], words: { done: string; undone: string; refused: string }, quiet = false): Promise<boolean> {
  const places = moveTo(orgStore.get(), fresh(), targets);
  if (places.length === 0) return Promise.resolve(true);
  const step = stepOf(words.done, words.undone, places);
  intend(places);
  return act(step, { quiet, refused: words.refused });
}

/** A card that was dragged, and all that are picked with it, by the same way. */
export function move(id: string, to: Point): void {
  const from = layout().boxes.get(id);
  const all = topmost(orgStore.get(), withPicked(id));
  const ids = all.includes(id) ? all : [id];
  const by = from ? { x: to.x - from.x, y: to.y - from.y } : { x: 0, y: 0 };
  const targets = ids.flatMap((each) => {
    const box = layout().boxes.get(each);
    return each === id ? [{ id, ...to }] : box ? [{ id: each, x: box.x + by.x, y: box.y + by.y }] : [];
  });
  const who = namesOf(ids);
  void place(targets, { done: `Moved ${who}`, undone: `${who} ${are(ids)} back where ${ids.length === 1 ? "it was" : "they were"}`, refused: `${who} could not be moved` });
}

/** Where they are now, for the words when they come back. */
function homesOf(ids: readonly string[]): string {
  const parents = new Set(ids.map((id) => orgStore.get().workspaces.get(id)?.parent_id ?? null));
  const [only] = parents;
  if (parents.size !== 1 || only === undefined) return "where they were";
  return only === null ? "at the top level" : `in ${nameOf(only)}’s team`;
}

/** Those that move: the topmost of them that are not there already and may go there. */
export function movers(org: Org, ids: readonly string[], parent: string): string[] {
  return topmost(org, ids).filter((id) => org.workspaces.get(id)?.parent_id !== parent && nestingRefusal(org, id, parent) === undefined);
}

/** Moves workspaces into one team. When one of many is refused, the others go, and it stays picked and is named. */
export async function nestAll(ids: readonly string[], parent: string, to?: Point): Promise<void> {
  const [single] = ids;
  const refusal = ids.length === 1 && single !== undefined ? nestingRefusal(orgStore.get(), single, parent) : undefined;
  if (refusal) return void toast("error", refusal);
  const moving = movers(orgStore.get(), ids, parent);
  if (moving.length === 0) return void toast("info", "None of them can move there");
  const landings = landingsIn(layout(), parent, moving, to);
  const targets = moving.map((id) => ({ id, parent, ...(landings.get(id) ?? { x: 0, y: 0 }) }));
  await moveTogether(targets, (those) => ({
    done: ids.length === 1 ? `${nameOf(moving[0] ?? "")} is now in ${nameOf(parent)}’s team` : `${those.length === 1 ? "1 workspace is" : `${those.length} workspaces are`} now in ${nameOf(parent)}’s team`,
    undone: `${namesOf(those)} ${are(those)} back ${homesOf(those)}`,
  }));
}

/** Takes workspaces out of their teams, to the top level. */
export async function extractAll(ids: readonly string[], to?: Point): Promise<void> {
  const org = orgStore.get();
  const moving = topmost(org, ids).filter((id) => (org.workspaces.get(id)?.parent_id ?? null) !== null);
  if (moving.length === 0) return void toast("info", ids.length === 1 ? "It is at the top level already" : "They are at the top level already");
  const landed: { x: number; y: number; w: number; h: number }[] = [];
  const now = layout();
  const first = now.boxes.get(moving[0] ?? "");
  const targets = moving.map((id, index) => {
    const box = now.boxes.get(id);
    const dragged = to && first && box && { x: to.x + box.x - first.x, y: to.y + box.y - first.y };
    // Dropped where a person wanted it; else beside its team, where there is room.
    const at = dragged && index === 0 ? dragged : landingOutside(now, id, dragged ?? beside(now, id), landed);
    landed.push({ ...at, w: box?.w ?? 0, h: box?.h ?? 0 });
    return { id, parent: null, ...at };
  });
  await moveTogether(targets, (those) => ({
    done: `${namesOf(those)} ${are(those)} now at the top level`,
    undone: `${namesOf(those)} ${are(those)} back ${homesOf(those)}`,
  }));
}

async function moveTogether(targets: readonly Target[], words: (ids: string[]) => { done: string; undone: string }): Promise<void> {
  const ids = targets.map(({ id }) => id);
  const places = moveTo(orgStore.get(), fresh(), targets);
  const { done, undone } = words(ids);
  const step = stepOf(done, undone, places);
  intend(places);
  if (ids.length === 1) {
    if (!(await act(step, { refused: `${nameOf(ids[0] ?? "")} could not be moved` }))) return;
    mark({ picked: new Set() });
    graph.controls?.reveal(ids[0] ?? "");
    return;
  }
  // Together they are one request, which is taken whole or not at all; only what is refused is asked for one by one.
  const failed: string[] = [];
  let why: unknown;
  try {
    await savePlaces(places);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status < 400 || error.status >= 500) return void toast("error", `${namesOf(ids)} could not be moved: ${messageOf(error)}`);
    why = error;
    const went: Target[] = [];
    for (const target of targets) {
      try {
        await savePlaces(moveTo(orgStore.get(), fresh(), [target]));
        went.push(target);
      } catch {
        failed.push(target.id);
      }
    }
    step.forward = { is: "place", places: places.filter(({ id }) => !failed.includes(id)) };
    step.back = step.back.is === "place" ? { is: "place", places: step.back.places.filter(({ id }) => !failed.includes(id)) } : step.back;
    Object.assign(step, went.length > 0 ? words(went.map(({ id }) => id)) : {});
  }
  mark({ picked: new Set(failed) });
  if (failed.length > 0) {
    const names = failed.slice(0, namesShown).map(nameOf).join(", ");
    const more = failed.length > namesShown ? ` and ${failed.length - namesShown} more` : "";
    toast("error", `${names}${more} could not be moved: ${messageOf(why)}`);
  }
  if (failed.length === ids.length) return;
  did(step);
  graph.controls?.reveal(ids.find((id) => !failed.includes(id)) ?? "");
}

export function nest(id: string, parent: string, to?: Point): void {
  void nestAll([id], parent, to);
}

export function extract(id: string, to?: Point): void {
  void extractAll([id], to);
}

/** Saves what a layout made of them, in one step. */
export async function arrangeAs(placements: Placement[], what: string): Promise<void> {
  if (placements.length === 0) return;
  intend(placements);
  await act(stepOf(`Tidied ${what}`, `${what.charAt(0).toUpperCase()}${what.slice(1)} is as it was`, placements), { refused: `${what} could not be tidied` });
}

let nudging: { ids: string[]; before: Placement[]; timer: ReturnType<typeof setTimeout> } | undefined;

/** Moves a card, and those picked with it, a little now and saves once the keys rest. */
export function nudge(id: string, by: Point): void {
  const org = orgStore.get();
  const ids = topmost(org, withPicked(id));
  if (nudging && nudging.ids.join() !== ids.join()) settleNudge();
  // Keys come faster than cards are drawn, so what is intended counts before what is drawn.
  const now = fresh();
  const targets = ids.flatMap((each) => {
    const box = now.boxes.get(each);
    return box ? [{ id: each, x: box.x + by.x, y: box.y + by.y }] : [];
  });
  if (targets.length === 0) return;
  const places = moveTo(org, now, targets);
  clearTimeout(nudging?.timer);
  const known = new Set(nudging?.before.map((each) => each.id));
  const before = [...(nudging?.before ?? []), ...storedNow(places.filter((each) => !known.has(each.id)))];
  intend(places);
  nudging = { ids, before, timer: setTimeout(settleNudge, nudgeSaveMs) };
}

/** One step for all that the keys did since they rested last. */
function settleNudge(): void {
  if (!nudging) return;
  const { ids, before, timer } = nudging;
  clearTimeout(timer);
  nudging = undefined;
  const intents = intentsStore.get();
  const places = before.flatMap(({ id }) => {
    const at = intents.get(id);
    return at ? [{ id, x: at.x, y: at.y }] : [];
  });
  const who = namesOf(ids);
  const step: Step = {
    done: `Moved ${who}`,
    undone: `${who} ${are(ids)} back where ${ids.length === 1 ? "it was" : "they were"}`,
    forward: { is: "place", places },
    back: { is: "place", places: before },
  };
  void act(step, { quiet: true, refused: `${who} could not be moved` });
}
beforeUndo.add(settleNudge);

const saved = new Set<string>();

/** Keeps the places that cards without one were given, once each, so that every browser shows the same picture. */
export function keepPlaced(placed: Layout["placed"]): void {
  const fresh = placed.filter(({ id }) => !saved.has(id));
  if (fresh.length === 0) return;
  for (const { id } of fresh) saved.add(id);
  // Not being able to keep it costs nothing: the same place is computed again next time.
  savePlaces(fresh.map(({ id, x, y }) => ({ id, x: Math.round(x), y: Math.round(y) }))).catch(() => {
    for (const { id } of fresh) saved.delete(id);
  });
}

/** Folds a team, or unfolds it. */
export function fold(id: string, collapsed: boolean): Promise<boolean> {
  return foldAll([id], collapsed);
}

export async function foldAll(ids: readonly string[], collapsed: boolean): Promise<boolean> {
  const org = orgStore.get();
  const those = ids.filter((id) => (org.workspaces.get(id)?.collapsed ?? collapsed) !== collapsed);
  if (those.length === 0) return true;
  const who = those.length === 1 ? `${nameOf(those[0] ?? "")}’s team` : `${those.length} teams`;
  const is = those.length === 1 ? "is" : "are";
  const words = (folded: boolean) => `${who} ${is} ${folded ? "collapsed" : "expanded"}`;
  const changes = (value: boolean) => ({ is: "change" as const, changes: those.map((id) => ({ id, change: { collapsed: value } })) });
  return act({ done: words(collapsed), undone: words(!collapsed), forward: changes(collapsed), back: changes(!collapsed) }, { quiet: true, refused: `${who} could not be ${collapsed ? "collapsed" : "expanded"}` });
}

/** Changes what a workspace is called, is for or may touch. Refusals are the caller's to tell. */
export async function describe(id: string, change: Pick<WorkspaceChange, "name" | "role" | "tier">): Promise<void> {
  const now = orgStore.get().workspaces.get(id);
  if (!now || Object.keys(change).length === 0) return;
  const forward: Deed = { is: "change", changes: [{ id, change }] };
  const was: Pick<WorkspaceChange, "name" | "role" | "tier"> = {
    ...(change.name === undefined ? {} : { name: now.name }),
    ...(change.role === undefined ? {} : { role: now.role ?? "" }),
    ...(change.tier === undefined ? {} : { tier: now.tier }),
  };
  await carryOut(forward);
  const renamed = change.name !== undefined;
  did({
    done: renamed ? `${now.name} is now called ${change.name}` : `${now.name} was changed`,
    undone: renamed ? `It is called ${now.name} again` : `${now.name} is as it was before`,
    forward,
    back: { is: "change", changes: [{ id, change: was }] },
  });
}
