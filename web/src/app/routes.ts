import { addressOf, below, root } from "@/api/root";
import { Store } from "@/ui/store";

/** Where the page is: which workspace is open, on which tab, with which filter. The address bar is its only home. */
export interface Route {
  workspace: string | undefined;
  tab: string;
  filter: string;
  /** The message whose whole way is shown; empty: none. */
  way: string;
}

export const defaultTab = "chat";

/** Reads an address below the root: /w/ID/TAB?filter=FILTER. */
export function readRoute({ pathname, search }: { pathname: string; search: string }): Route {
  const [, root, id, tab] = pathname.split("/");
  const asked = new URLSearchParams(search);
  return {
    workspace: root === "w" && id ? decodeURIComponent(id) : undefined,
    tab: root === "w" && tab ? decodeURIComponent(tab) : defaultTab,
    filter: asked.get("filter") ?? "",
    way: asked.get("way") ?? "",
  };
}

export function writeRoute({ workspace, tab, filter, way }: Route): string {
  const asked = new URLSearchParams();
  if (workspace !== undefined && filter !== "") asked.set("filter", filter);
  if (way !== "") asked.set("way", way);
  const query = asked.size === 0 ? "" : `?${asked}`;
  if (workspace === undefined) return `/${query}`;
  return `/w/${encodeURIComponent(workspace)}/${encodeURIComponent(tab)}${query}`;
}

/** The code of a claim link, when this address is one. */
export function claimCode(path: string): string | undefined {
  const match = /^\/claim\/([^/]+)\/?$/.exec(path);
  return match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
}

/** The address of this page below the root. */
export const pathHere = (): string => below(root, window.location.pathname);

function routeHere(): Route {
  return readRoute({ pathname: pathHere(), search: window.location.search });
}

export const routeStore = new Store<Route>(routeHere());

window.addEventListener("popstate", () => routeStore.set(routeHere()));

/** Goes somewhere. A step between workspaces can be walked back, and one to a message's way; tabs and filters of one replace each other. */
export function navigate(change: Partial<Route>): void {
  const before = routeStore.get();
  const route = { ...before, ...change };
  if (route.workspace !== before.workspace && change.filter === undefined) route.filter = "";
  if (route.workspace !== before.workspace && change.way === undefined) route.way = "";
  const address = addressOf(writeRoute(route));
  const opens = before.way === "" && route.way !== "";
  if (route.workspace === before.workspace && !opens) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  routeStore.set(route);
}
