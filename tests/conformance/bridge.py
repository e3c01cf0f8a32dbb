"""HTTP before a server that speaks MCP over its standard input and output, for a suite that knows HTTP alone. The transport is
the bridge's, the answers are the server's."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any

from gate import Door, Names
from mcp_client import McpClient


class Bridge:
    def __init__(self, client: McpClient, names: Names) -> None:
        asking = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
                lists = message.get("method") == "tools/list"
                names.asked(message)
                line = json.dumps(message) + "\n"
                if "id" not in message or "method" not in message:
                    client.write(line)
                    self.say(202, b"")
                    return
                with asking:  # Ids are the suite's, and each of its clients begins with the same.
                    client.expect(message["id"])
                    client.write(line)
                    said = client.answer(message["id"])
                if lists:
                    names.listed(said)
                self.say(200, json.dumps(said).encode())

            def do_GET(self) -> None:
                self.say(405, b"")

            do_DELETE = do_GET

            def say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                if body:
                    self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._door = Door(Handler)
        self.url = self._door.url

    def close(self) -> None:
        self._door.close()
