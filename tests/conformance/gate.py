"""A door before an MCP server, for a suite that sends no credential and asks for tools by names of its own: it adds the credential,
and turns those names into ours. What the server says is passed on as it comes."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Params = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """What the suite calls things, and what is asked for in their place."""

    tools: dict[str, str | tuple[str, Params]] = field(default_factory=dict)
    """With what they are called with, where the suite has nothing to say."""
    resources: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, tuple[str, Callable[[Params], Params]]] = field(default_factory=dict)
    """With what its arguments become."""
    completions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By prompt: ours, and its argument."""
    headers: dict[str, str] = field(default_factory=dict)
    """By argument of a tool: the header that tells it as well."""

    def asked(self, message: Any) -> bool:
        """Put our names into a message; whether it had one of the suite's."""
        if not isinstance(message, dict) or not isinstance(message.get("params"), dict):
            return False
        params, method = message["params"], message.get("method")
        if method == "tools/call" and params.get("name") in self.tools:
            ours = self.tools[params["name"]]
            params["name"], added = ours if isinstance(ours, tuple) else (ours, {})
            params["arguments"] = {**(params.get("arguments") or {}), **added}
        elif method == "resources/read" and params.get("uri") in self.resources:
            params["uri"] = self.resources[params["uri"]]
        elif method == "prompts/get" and params.get("name") in self.prompts:
            params["name"], become = self.prompts[params["name"]]
            params["arguments"] = become(params.get("arguments") or {})
        elif method == "completion/complete" and params.get("ref", {}).get("name") in self.completions:
            params["ref"]["name"], params["argument"]["name"] = self.completions[params["ref"]["name"]]
        else:
            return False
        return True

    def listed(self, answer: Any) -> None:
        """A tool is listed under the names of the suite as well."""
        tools = answer.get("result", {}).get("tools", []) if isinstance(answer, dict) else []
        by_name = {tool["name"]: tool for tool in tools}
        for theirs, ours in self.tools.items():
            name = ours[0] if isinstance(ours, tuple) else ours
            if name in by_name:
                tools.append({**by_name[name], "name": theirs})


class Door(http.server.ThreadingHTTPServer):
    """A port of its own, until it is closed."""

    daemon_threads = True

    def __init__(self, handler: type[http.server.BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/mcp"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the suite has left is no news."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


HOP = {"connection", "transfer-encoding", "content-length", "authorization"}


class Gate:
    """On a port of its own; `target` as HOST:PORT, `path` there."""

    def __init__(self, target: str, path: str, token: str, names: Names) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
                headers["Authorization"] = f"Bearer {token}"
                lists = False
                try:
                    message = json.loads(body)
                    lists = message.get("method") == "tools/list"
                    if names.asked(message):
                        body = json.dumps(message).encode()
                        mirrored = next((name for name in headers if name.lower() == "mcp-name"), None)
                        if mirrored:
                            headers[mirrored] = message["params"].get("name") or message["params"]["uri"]
                            for argument, header in names.headers.items():
                                if argument in message["params"].get("arguments", {}):
                                    headers[header] = message["params"]["arguments"][argument]
                except (ValueError, AttributeError):
                    pass  # What is broken is passed on broken.
                there = http.client.HTTPConnection(target, timeout=60)
                # Also Host is the suite's: it is one of the things that the server is judged by.
                there.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    there.putheader(name, value)
                there.endheaders(body)
                self.answer(there.getresponse(), lists)
                there.close()

            def answer(self, said: http.client.HTTPResponse, lists: bool) -> None:
                self.send_response(said.status)
                for name, value in said.getheaders():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                if lists and said.headers.get_content_type() == "application/json":
                    told = json.loads(said.read())
                    names.listed(told)
                    self.wfile.write(json.dumps(told).encode())
                    return
                while piece := said.read1(65536):
                    self.wfile.write(piece)
                    self.wfile.flush()

            do_GET = do_POST = do_DELETE = do_OPTIONS = pass_on

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._door = Door(Handler)
        self.url = self._door.url

    def close(self) -> None:
        self._door.close()
