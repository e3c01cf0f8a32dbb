"""A workspace whose agent is a client of `molecule mcp`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp_client import McpClient
from stage import Stage, wait_for


class Place:
    """A workspace with an MCP client for its agent."""

    def __init__(self, stage: Stage, folder: Path, **environment: str) -> None:
        self.stage, self._folder, self._environment = stage, folder, environment
        self._clients: list[McpClient] = []
        made = stage.external(f"mcp {folder.name}")
        self.id, self.token = made["id"], made["connection"]["auth_token"]
        self.client = self.another()
        self.client.hello()

    def another(self, **environment: str) -> McpClient:
        client = McpClient(self._folder, PLATFORM_URL=self.stage.url, WORKSPACE_ID=self.id,
                           **{"MOLECULE_WORKSPACE_TOKEN": self.token, **self._environment, **environment})
        self._clients.append(client)
        return client

    def online(self) -> None:
        wait_for("it to be online", lambda: self.stage.workspace(self.id)["status"] == "online")

    def row(self, text: str) -> dict[str, Any]:
        return next(row for row in self.stage.rows(self.id) if (row.get("data") or {}).get("text") == text)

    def close(self) -> None:
        for client in self._clients:
            client.close()


def bare(folder: Path) -> dict[str, str]:
    return {"PLATFORM_URL": "http://127.0.0.1:9", "WORKSPACE_ID": "00000000-0000-4000-8000-000000000001",
            "MOLECULE_WORKSPACE_TOKEN": "mol_none", "CONFIGS_DIR": str(folder)}
