import { orgStore } from "@/model/org";
import { childrenOf } from "@/model/selectors";
import { arrangeAll } from "./arranging";
import { copyAll } from "./copying";
import { extractAll, foldAll, withPicked } from "./placing";
import { askingStore } from "./picked";
import { shell } from "./shell";
import { stopWork } from "./stopping";

const teams = (ids: readonly string[]): string[] => ids.filter((id) => childrenOf(orgStore.get(), id).length > 0);

/** What an action does to all that are picked, by its name. The others are about one card alone. */
const groups: Record<string, (ids: string[]) => void> = {
  nest: (ids) => shell.current.askParent(ids),
  extract: (ids) => void extractAll(ids),
  arrange: (ids) => void arrangeAll(ids),
  collapse: (ids) => void foldAll(teams(ids), true),
  expand: (ids) => void foldAll(teams(ids), false),
  stop: (ids) => void stopWork(ids),
  copy: (ids) => void copyAll(ids),
  pause: () => askingStore.set("pause"),
  resume: () => askingStore.set("resume"),
  restart: () => askingStore.set("restart"),
  delete: () => askingStore.set("delete"),
};

/** What doing this to a card does when it is picked together with others; undefined when it is about that card alone. */
export function groupAction(name: string, id: string): (() => void) | undefined {
  const ids = withPicked(id);
  const run = groups[name];
  return ids.length > 1 && run ? () => run(ids) : undefined;
}
