import { messageOf } from "@/api/api_error";
import type { Workspace } from "@/api/workspace";
import { changeWorkspace } from "@/api/workspaces_api";
import type { WorkspaceChange } from "@/api/wire";
import { graph } from "@/canvas/graph_controls";
import { forgetIntents, intend, intentsStore } from "@/canvas/intents";
import { arrangeChildren, landingIn, landingOutside, layoutOrg, moveSubtree, type Layout, type Point } from "@/canvas/layout";
import { orgStore, withChange } from "@/model/org";
import { nestingRefusal } from "@/model/selectors";
import { dismissToast, toast } from "@/ui/toast";
import { remembered } from "./undo";

/** Requests under way at once when a whole team moves. */
const savesAtOnce = 4;
const nudgeSaveMs = 400;

export interface Placement extends Point {
  id: string;
  parent_id?: string | null;
}

/** Where the cards are; also where nobody draws them just now. */
export const layout = (): Layout => graph.controls?.layout() ?? layoutOrg(orgStore.get());
const nameOf = (id: string): string => orgStore.get().workspaces.get(id)?.name ?? "the workspace";

/** Sends one change and, once it is confirmed, takes it into the picture. */
export async function saveChange(id: string, change: WorkspaceChange): Promise<void> {
  await changeWorkspace(id, change);
  orgStore.set(withChange(orgStore.get(), id, change as Partial<Workspace>));
}

/** Saves places, keeping the cards where they are meanwhile; the refusal when there was one (what was refused goes back). */
export async function tryToSave(placements: readonly Placement[]): Promise<unknown> {
  intend(placements);
  const waiting = [...placements];
  let failure: unknown;
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { id, ...change } = next;
      try {
        await saveChange(id, change);
      } catch (error) {
        failure ??= error;
        // The card itself was refused: what is inside it must not move alone.
        if (id === placements[0]?.id) waiting.length = 0;
      }
      forgetIntents([id]);
    }
  };
  // The first one alone: the others only follow it.
  const first = waiting.splice(1);
  await work();
  if (!failure) {
    waiting.push(...first);
    await Promise.all(Array.from({ length: savesAtOnce }, work));
  }
  forgetIntents(placements.map((each) => each.id));
  return failure;
}

async function save(placements: readonly Placement[]): Promise<boolean> {
  const failure = await tryToSave(placements);
  if (failure) toast("error", `${nameOf(placements[0]?.id ?? "")} could not be moved: ${messageOf(failure)}`);
  return !failure;
}

/** How to put them back. */
export function placesNow(placements: readonly Placement[]): Placement[] {
  return placements.flatMap(({ id, parent_id }) => {
    const before = orgStore.get().workspaces.get(id);
    if (!before) return [];
    const place = layout().boxes.get(id) ?? before;
    return [{ id, x: place.x, y: place.y, ...(parent_id === undefined ? {} : { parent_id: before.parent_id }) }];
  });
}

async function saveUndoable(placements: readonly Placement[], label: string, announce: boolean): Promise<void> {
  const before = placesNow(placements);
  if (!(await save(placements))) return;
  const offer: { toast?: number } = {};
  const back = remembered(label, () => {
    // However it is taken back: its own offer to do so is void then.
    if (offer.toast !== undefined) dismissToast(offer.toast);
    void save(before);
  });
  if (!announce) return;
  offer.toast = toast("info", label, { label: "Undo", run: back });
  const [first] = placements;
  if (first) graph.controls?.reveal(first.id);
}

export function move(id: string, to: Point): void {
  void saveUndoable(moveSubtree(orgStore.get(), layout(), id, to), `Moved ${nameOf(id)}`, false);
}

export function nest(id: string, parent: string, to?: Point): void {
  const refusal = nestingRefusal(orgStore.get(), id, parent);
  if (refusal) return void toast("error", refusal);
  const [own, ...rest] = moveSubtree(orgStore.get(), layout(), id, landingIn(layout(), parent, id, to));
  if (own) void saveUndoable([{ ...own, parent_id: parent }, ...rest], `${nameOf(id)} is now in ${nameOf(parent)}’s team`, true);
}

export function extract(id: string, to?: Point): void {
  const [own, ...rest] = moveSubtree(orgStore.get(), layout(), id, landingOutside(layout(), id, to));
  if (own) void saveUndoable([{ ...own, parent_id: null }, ...rest], `${nameOf(id)} is now at the top level`, true);
}

export function arrange(parent: string): void {
  const placements = arrangeChildren(orgStore.get(), layout(), parent);
  if (placements.length > 0) void saveUndoable(placements, `Arranged ${nameOf(parent)}’s team`, true);
}

const nudges = new Map<string, ReturnType<typeof setTimeout>>();

/** Moves a card a little now and saves once the keys rest. */
export function nudge(id: string, by: Point): void {
  // Keys come faster than cards are drawn, so the last intended place counts before the drawn one.
  const at = intentsStore.get().get(id) ?? layout().boxes.get(id);
  if (!at) return;
  intend(moveSubtree(orgStore.get(), layout(), id, { x: at.x + by.x, y: at.y + by.y }));
  clearTimeout(nudges.get(id));
  nudges.set(
    id,
    setTimeout(() => {
      nudges.delete(id);
      const now = intentsStore.get().get(id) ?? layout().boxes.get(id);
      if (now) void save(moveSubtree(orgStore.get(), layout(), id, now));
    }, nudgeSaveMs),
  );
}

const saved = new Set<string>();
const toKeep: Placement[] = [];
let keeping = 0;

async function keep(): Promise<void> {
  keeping += 1;
  for (let next = toKeep.shift(); next; next = toKeep.shift()) {
    const { id, x, y } = next;
    // Not being able to keep it costs nothing: the same place is computed again next time.
    await saveChange(id, { x, y }).catch(() => saved.delete(id));
  }
  keeping -= 1;
}

/** Keeps the places that cards without one were given, once each, so that every browser shows the same picture. */
export function keepPlaced(placed: Layout["placed"]): void {
  for (const each of placed) {
    if (saved.has(each.id)) continue;
    saved.add(each.id);
    toKeep.push(each);
  }
  while (keeping < savesAtOnce && keeping < toKeep.length) void keep();
}

export async function fold(id: string, collapsed: boolean): Promise<void> {
  try {
    await saveChange(id, { collapsed });
  } catch (error) {
    toast("error", messageOf(error));
  }
}
