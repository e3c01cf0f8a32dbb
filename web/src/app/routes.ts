import { addressOf, below, root } from "@/api/root";
import { Store } from "@/ui/store";

/** The ways to look at the organisation. */
export const views = ["graph", "list", "inbox", "timeline"] as const;
export type View = (typeof views)[number];

/** Where the page is: which workspace is open, on which tab, with which filter. The address bar is its only home. */
export interface Route {
  /** Undefined: the one that suits the window. */
  view: View | undefined;
  /** Of the view: the words that are looked for, what is shown, and in which order. */
  find: string;
  show: string;
  sort: string;
  workspace: string | undefined;
  tab: string;
  filter: string;
  /** The message whose whole way is shown; empty: none. */
  way: string;
}

export const defaultTab = "chat";

const viewParts = ["find", "show", "sort"] as const;

/** Reads an address below the root: /w/ID/TAB?filter=FILTER&view=VIEW. */
export function readRoute({ pathname, search }: { pathname: string; search: string }): Route {
  const [, root, id, tab] = pathname.split("/");
  const asked = new URLSearchParams(search);
  return {
    workspace: root === "w" && id ? decodeURIComponent(id) : undefined,
    tab: root === "w" && tab ? decodeURIComponent(tab) : defaultTab,
    filter: asked.get("filter") ?? "",
    way: asked.get("way") ?? "",
    view: views.find((each) => each === asked.get("view")),
    find: asked.get("find") ?? "",
    show: asked.get("show") ?? "",
    sort: asked.get("sort") ?? "",
  };
}

export function writeRoute(route: Route): string {
  const { workspace, tab, filter, way, view } = route;
  const asked = new URLSearchParams();
  if (view !== undefined) asked.set("view", view);
  for (const part of viewParts) if (route[part] !== "") asked.set(part, route[part]);
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

/** Goes somewhere. A step between views or workspaces can be walked back, and one to a message's way; tabs and filters of one replace each other. */
export function navigate(change: Partial<Route>): void {
  const before = routeStore.get();
  const route = { ...before, ...change };
  if (route.workspace !== before.workspace && change.filter === undefined) route.filter = "";
  if (route.workspace !== before.workspace && change.way === undefined) route.way = "";
  const turns = route.view !== before.view;
  if (turns) for (const part of viewParts) route[part] = change[part] ?? "";
  const address = addressOf(writeRoute(route));
  const opens = before.way === "" && route.way !== "";
  if (route.workspace === before.workspace && !opens && !turns) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  routeStore.set(route);
}
