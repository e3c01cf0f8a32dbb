import { expect, it } from "vitest";
import type { Connection } from "@/api/wire";
import { clientSnippets, serverName } from "./client_snippets";

const connection = { platform_url: "http://h:8080", workspace_id: "id-1", auth_token: "mol_x" } as Connection;

it("calls the server after the workspace, in letters that every client takes", () => {
  expect(serverName("Researcher (2)")).toBe("molecule-researcher-2");
  expect(serverName("Büro Süd")).toBe("molecule-bu-ro-su-d");
  expect(serverName("研究")).toBe("molecule");
  expect(serverName("x".repeat(80))).toHaveLength("molecule-".length + 40);
});

it("fills everything in, on one line for a shell and as JSON for a file", () => {
  const { claude, mcp } = clientSnippets(connection, "pm");
  expect(claude).toBe("claude mcp add molecule-pm -s user -e PLATFORM_URL=http://h:8080 -e WORKSPACE_ID=id-1 -e MOLECULE_WORKSPACE_TOKEN=mol_x -- molecule mcp");
  expect(JSON.parse(mcp)).toEqual({
    mcpServers: {
      "molecule-pm": { type: "stdio", command: "molecule", args: ["mcp"], env: { PLATFORM_URL: "http://h:8080", WORKSPACE_ID: "id-1", MOLECULE_WORKSPACE_TOKEN: "mol_x" } },
    },
  });
});

it("says where the token goes when it is not known", () => {
  expect(clientSnippets({ ...connection, auth_token: "" }, "pm").claude).toMatch(/MOLECULE_WORKSPACE_TOKEN=YOUR-TOKEN /);
});
