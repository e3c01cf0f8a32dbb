import type { Connection } from "@/api/wire";

const nameMax = 40;

/** What a client calls the server of a workspace: made of its name, so that a second workspace takes nobody's place there. */
export function serverName(workspaceName: string): string {
  const slug = workspaceName
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, nameMax)
    .replace(/^-+|-+$/g, "");
  return slug === "" ? "molecule" : `molecule-${slug}`;
}

/** Texts for clients of the Model Context Protocol, which start `molecule mcp` themselves. */
export function clientSnippets({ platform_url, workspace_id, auth_token }: Connection, workspaceName: string): { claude: string; mcp: string } {
  const server = serverName(workspaceName);
  const environment = { PLATFORM_URL: platform_url, WORKSPACE_ID: workspace_id, MOLECULE_WORKSPACE_TOKEN: auth_token || "YOUR-TOKEN" };
  const given = Object.entries(environment).map(([key, value]) => `-e ${key}=${value}`);
  return {
    // One line, and nothing in it that shells differ about.
    claude: `claude mcp add ${server} -s user ${given.join(" ")} -- molecule mcp`,
    mcp: JSON.stringify({ mcpServers: { [server]: { type: "stdio", command: "molecule", args: ["mcp"], env: environment } } }, null, 2),
  };
}
