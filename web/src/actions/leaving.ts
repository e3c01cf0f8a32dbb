import { ApiError, messageOf } from "@/api/api_error";
import { deleteWorkspace } from "@/api/workspaces_api";
import { mark, marksStore } from "@/canvas/marks";
import { orgStore, withoutWorkspace } from "@/model/org";
import { descendantsOf } from "@/model/selectors";
import { now } from "@/ui/clock";
import { toast } from "@/ui/toast";
import { forgetGone } from "./history";

/** How long a deletion can be taken back. */
export const graceMs = 10_000;
/** A page that comes back later than this does not do what was meant before. */
const staleMs = 60_000;
const atOnce = 4;
const key = "molecule.leaving";

/** Until when each of them may stay. */
const until = new Map<string, number>();
let timer: ReturnType<typeof setTimeout> | undefined;

function keep(): void {
  try {
    sessionStorage.setItem(key, JSON.stringify([...until]));
  } catch {
    // Then a reload spares them, which harms nobody.
  }
}

/** Those that wait for it, with all that goes with them, are dimmed and locked. */
function show(): void {
  const org = orgStore.get();
  mark({ leaving: new Set([...until.keys()].flatMap((id) => [id, ...descendantsOf(org, id)])) });
}

function schedule(): void {
  clearTimeout(timer);
  if (until.size === 0) return;
  const next = Math.min(...until.values());
  timer = setTimeout(() => void leave(), Math.max(0, next - now()));
}

/** They are deleted when their time is over, unless they are spared before: those too that were made a moment ago and are not shown yet. */
export async function beginLeaving(ids: readonly string[]): Promise<void> {
  for (const id of ids) until.set(id, now() + graceMs);
  keep();
  show();
  schedule();
}

export async function spare(ids: readonly string[]): Promise<void> {
  for (const id of ids) if (!until.delete(id)) throw new ApiError(410, "gone", "It was deleted already.");
  keep();
  show();
  schedule();
}

const named = (names: readonly string[]): string =>
  names.length === 1 ? `${names[0]} was deleted` : `${names.length} workspaces were deleted`;

async function leave(): Promise<void> {
  const due = [...until].filter(([, at]) => at <= now()).map(([id]) => id);
  for (const id of due) until.delete(id);
  keep();
  const gone = new Set<string>();
  const names: string[] = [];
  const refused: { id: string; name: string; why: unknown }[] = [];
  const waiting = [...due];
  const work = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const org = orgStore.get();
      const name = org.workspaces.get(id)?.name;
      const below = descendantsOf(org, id);
      try {
        await deleteWorkspace(id);
        for (const each of [...below, id]) gone.add(each);
        names.push(name ?? "A workspace");
        orgStore.set([...below.toReversed(), id].reduce(withoutWorkspace, orgStore.get()));
      } catch (error) {
        // Somebody else, or its own lead before it, may have taken it along.
        if (error instanceof ApiError && (error.status === 410 || error.status === 404)) continue;
        refused.push({ id, name: name ?? "A workspace", why: error });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  forgetGone(gone);
  show();
  schedule();
  if (refused.length > 0) mark({ picked: new Set(due.length > 1 ? refused.map(({ id }) => id) : []) });
  const [first] = refused;
  if (first) {
    const who = refused.length === 1 && due.length === 1 ? `${first.name} could not be deleted` : `${refused.length}/${due.length} failed`;
    toast("error", `${who}: ${messageOf(first.why)}`);
  }
  if (names.length > 0) toast("success", named(names));
}

/** After a reload: what was about to go still does, at its time. */
export function resumeLeaving(): void {
  try {
    for (const [id, at] of JSON.parse(sessionStorage.getItem(key) ?? "[]") as [string, number][])
      if (now() - at < staleMs && orgStore.get().workspaces.has(id)) until.set(id, at);
  } catch {
    // Nothing was kept.
  }
  if (until.size === 0 || marksStore.get().leaving.size > 0) return;
  show();
  schedule();
}
