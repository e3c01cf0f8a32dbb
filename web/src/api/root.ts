/**
 * Where the platform is below its host: "" when it has the host for itself, "/mol" behind a proxy that gives it that
 * prefix. The page knows its own depth from the platform and so finds the root without anybody being told of a prefix.
 */
export function rootOf(address: string, up: string): string {
  return new URL(up, address).pathname.replace(/\/+$/, "");
}

function here(): string {
  if (typeof document === "undefined") return "";
  // The development server serves the sources from the root of its host.
  if (import.meta.env.DEV) return "";
  return rootOf(window.location.href, document.querySelector<HTMLMetaElement>('meta[name="root"]')?.content ?? "/");
}

/** Read once, before the page changes its own address. */
export const root = here();

/** The address of something of the platform: "/workspaces" to "/mol/workspaces". */
export const addressOf = (path: string): string => root + path;

/** The path below the root that an address of this page stands for: "/mol/w/1" to "/w/1". */
export function below(prefix: string, pathname: string): string {
  if (!pathname.startsWith(`${prefix}/`)) return "/";
  return pathname.slice(prefix.length);
}
