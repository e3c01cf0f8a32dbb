"""A workspace with an MCP endpoint, a peer of it, and a client that asks over HTTP."""

from __future__ import annotations

import json
import uuid
from typing import Any

import requests
from chains import Member
from stage import Stage, wait_for

REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
STATELESS = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": STATELESS, "io.modelcontextprotocol/clientCapabilities": {}}
TOOLS = ["list_peers", "get_workspace_info", "delegate_task", "delegate_task_async", "check_task_status"]
BOTH = "application/json, text/event-stream"


class Events:
    """What a stream says, event by event."""

    def __init__(self, answer: requests.Response) -> None:
        self._answer, self._lines = answer, answer.iter_lines()

    def next(self) -> tuple[str, str]:
        name, data = "message", ""
        for raw in self._lines:
            line = raw.decode()
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data += line.removeprefix("data: ")
            elif not line and data:
                return name, data
        return "end", ""

    def message(self) -> dict[str, Any]:
        name, data = self.next()
        assert name == "message", name
        return dict(json.loads(data))

    def close(self) -> None:
        self._answer.close()


class Endpoint:
    def __init__(self, stage: Stage, workspace: str, token: str) -> None:
        self.url = f"{stage.url}/workspaces/{workspace}/mcp"
        self._platform = stage.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"Authorization": f"Bearer {token}", "Accept": BOTH})

    def post(self, body: Any, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.post(self.url, data=body if isinstance(body, (str, bytes)) else json.dumps(body), timeout=60, stream=True,
                                 headers={"Content-Type": "application/json", **named})

    def ask(self, method: str, params: Any = None, revision: str | None = "2025-11-25", number: Any = 1) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": number, "method": method, **({} if params is None else {"params": params})}
        answer = self.post(body, **({"MCP_Protocol_Version": revision} if revision else {}))
        assert answer.status_code == 200, answer.text
        return self.message_of(answer)

    def message_of(self, answer: requests.Response) -> dict[str, Any]:
        if answer.headers["Content-Type"].startswith("text/event-stream"):
            events = Events(answer)
            while "method" in (found := events.message()):
                pass
            assert events.next()[0] == "end"
            return found
        return dict(answer.json())

    def bare(self, method: str, name: str = "", meta: dict[str, Any] | None = None, headers: dict[str, str] | None = None,
             **params: Any) -> requests.Response:
        """As the era without handshakes asks."""
        named = {"MCP_Protocol_Version": STATELESS, "Mcp_Method": method, **({"Mcp_Name": name} if name else {})}
        body = {"jsonrpc": "2.0", "id": 7, "method": method,
                "params": {**params, **({"name": name} if name else {}), "_meta": META if meta is None else meta}}
        return self.post(body, **{**named, **(headers or {})})

    def call(self, tool: str, **arguments: Any) -> tuple[str, bool]:
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
        return result["content"][0]["text"], result["isError"]

    def says(self, tool: str, **arguments: Any) -> Any:
        text, failed = self.call(tool, **arguments)
        assert not failed, text
        return json.loads(text)

    def stream(self) -> tuple[Events, str]:
        answer = self.session.get(self.url + "/stream", stream=True, timeout=60)
        assert answer.status_code == 200, answer.text
        events = Events(answer)
        name, path = events.next()
        assert name == "endpoint"
        return events, self._platform + path


class Pair:
    """A workspace with an endpoint, and a peer of it that polls."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        made = stage.external(f"first {uuid.uuid4().hex[:8]}")
        self.id, self.token = made["id"], made["connection"]["auth_token"]
        self.peer = Member(stage, "second")

    def endpoint(self) -> Endpoint:
        return Endpoint(self.stage, self.id, self.token)

    def asked_of_peer(self, text: str) -> dict[str, Any]:
        found = wait_for(f"the peer to be asked {text!r}",
                         lambda: [row for row in self.peer.inbox() if (row.get("data") or {}).get("text") == text])
        return dict(found[0])
