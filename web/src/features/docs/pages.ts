/** The texts by their path below docs/. Each is fetched alone. */
const texts = import.meta.glob<string>(["../../../../docs/guides/*.md", "../../../../docs/reference/*.md", "../../../../docs/architecture.md"], {
  query: "?raw",
  import: "default",
});
const below = "../../../../docs/";

export interface DocsPage {
  /** Below docs/: "guides/join.md". */
  path: string;
  title: string;
}

/** In the order in which people need them. */
export const docsGroups: readonly { title: string; pages: readonly DocsPage[] }[] = [
  {
    title: "Connect",
    pages: [
      { path: "guides/connect-an-agent.md", title: "Connect an agent" },
      { path: "guides/join.md", title: "Join from anywhere" },
      { path: "guides/runtime.md", title: "The runtime" },
      { path: "guides/agents-here.md", title: "Agents on this machine" },
      { path: "guides/tickets.md", title: "Join by ticket" },
      { path: "guides/mcp.md", title: "Connect an MCP client" },
      { path: "guides/claude-channel.md", title: "A Claude Code session" },
    ],
  },
  {
    title: "Work with agents",
    pages: [
      { path: "guides/tasks.md", title: "Tasks and delegation" },
      { path: "guides/stream.md", title: "Read answers while they come" },
      { path: "guides/attachments.md", title: "Files" },
      { path: "guides/a2a.md", title: "A2A" },
      { path: "guides/follow.md", title: "Follow what happens" },
    ],
  },
  {
    title: "Run it",
    pages: [
      { path: "guides/operate.md", title: "Operate" },
      { path: "guides/terminal.md", title: "From a terminal" },
      { path: "guides/behind-a-proxy.md", title: "Behind a proxy" },
      { path: "architecture.md", title: "How it is built" },
    ],
  },
  {
    title: "Look up",
    pages: [
      { path: "reference/commands.md", title: "Commands" },
      { path: "reference/settings.md", title: "Settings" },
      { path: "reference/routes.md", title: "Routes" },
      { path: "reference/api.md", title: "Bodies" },
      { path: "reference/events.md", title: "Events" },
      { path: "reference/faults.md", title: "Faults" },
    ],
  },
];

export const firstPage = "guides/connect-an-agent.md";

export const hasPage = (path: string): boolean => `${below}${path}` in texts;

export async function readPage(path: string): Promise<string> {
  const load = texts[`${below}${path}`];
  if (!load) throw new Error(`There is no page ${path}.`);
  return load();
}

/** Where a link of one page leads among these; undefined for what is elsewhere. */
export function pageOf(href: string, from: string): string | undefined {
  if (/^[a-z]+:/i.test(href) || href.startsWith("#") || href.startsWith("/")) return undefined;
  const [path = ""] = new URL(href, `docs://here/${from}`).href.slice("docs://here/".length).split("#");
  return hasPage(path) ? path : undefined;
}
