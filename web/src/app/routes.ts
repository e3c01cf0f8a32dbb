import { Store } from "@/ui/store";

/** Where the page is: which workspace is open, on which tab, with which filter. The address bar is its only home. */
export interface Route {
  workspace: string | undefined;
  tab: string;
  filter: string;
}

export const defaultTab = "chat";

/** Reads an address: /?workspace=ID&tab=TAB&filter=FILTER. */
export function readRoute(search: string): Route {
  const query = new URLSearchParams(search);
  return {
    workspace: query.get("workspace") ?? undefined,
    tab: query.get("tab") ?? defaultTab,
    filter: query.get("filter") ?? "",
  };
}

export function writeRoute({ workspace, tab, filter }: Route): string {
  if (workspace === undefined) return "/";
  const query = new URLSearchParams({ workspace, tab });
  if (filter !== "") query.set("filter", filter);
  return `/?${query}`;
}

/** The code of a claim link, when this address is one. */
export function claimCode(path: string): string | undefined {
  const match = /^\/claim\/([^/]+)\/?$/.exec(path);
  return match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
}

export const routeStore = new Store<Route>(readRoute(window.location.search));

window.addEventListener("popstate", () => routeStore.set(readRoute(window.location.search)));

/** Goes somewhere. A step between workspaces can be walked back; tabs and filters of one replace each other. */
export function navigate(change: Partial<Route>): void {
  const before = routeStore.get();
  const route = { ...before, ...change };
  if (route.workspace !== before.workspace && change.filter === undefined) route.filter = "";
  const address = writeRoute(route);
  if (route.workspace === before.workspace) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  routeStore.set(route);
}
