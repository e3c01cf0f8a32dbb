"""Agents that a person talks with, and a thing that answers in a platform's place."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import requests
from stage import Stage


class Streamer:
    """An agent that streams its answer, piece by piece; each piece waits for its turn."""

    def __init__(self, pieces: Callable[[dict[str, Any]], Iterator[dict[str, Any]]]) -> None:
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                message = call["params"].get("message", {})
                outer.asked.append(message)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                for result in pieces(message):
                    event = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result})
                    self.wfile.write(f"data: {event}\n\n".encode())
                    self.wfile.flush()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/a2a"

    def joins(self, stage: Stage, name: str) -> str:
        """Its workspace's id."""
        made = stage.external(name)
        card = {"name": name, "description": "", "version": "1", "capabilities": {"streaming": True}, "skills": []}
        stage.must("POST", "/registry/register", {"id": made["id"], "url": self.url, "agent_card": card, "delivery_mode": "push"})
        return str(made["id"])

    def __enter__(self) -> Streamer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def status(state: str, text: str = "", final: bool = False, context: str = "c-1") -> dict[str, Any]:
    told: dict[str, Any] = {"state": state}
    if text:
        told["message"] = {"kind": "message", "role": "agent", "messageId": f"s-{state}", "parts": [{"kind": "text", "text": text}]}
    return {"kind": "status-update", "taskId": "t-1", "contextId": context, "status": told, "final": final}


def piece(text: str, append: bool, context: str = "c-1") -> dict[str, Any]:
    return {"kind": "artifact-update", "taskId": "t-1", "contextId": context, "append": append,
            "artifact": {"artifactId": "a-1", "parts": [{"kind": "text", "text": text}]}}


class Polling:
    """A workspace whose agent fetches its messages."""

    def __init__(self, stage: Stage, name: str) -> None:
        made = stage.external(name)
        self.id = made["id"]
        self._platform = stage.url
        self._url = f"{stage.url}/workspaces/{self.id}"
        self._headers = {"Authorization": f"Bearer {made['connection']['auth_token']}"}

    def answers(self, text: str, failed: bool = False) -> dict[str, Any]:
        """Waits for a message and answers it; the message."""
        rows: list[dict[str, Any]] = []
        while not rows:
            rows = [row for row in requests.get(f"{self._url}/activity", headers=self._headers, timeout=40,
                                                params={"type": "a2a_receive", "since_secs": 600, "wait": 20}).json()
                    if row.get("mail") in ("polled", "queued", "leased")]
        said: dict[str, Any] = {"message": text, "reply_to": rows[0]["id"], **({"failed": True} if failed else {})}
        where = f"{self._url}/notify"
        if rows[0].get("source_id"):  # A colleague's.
            said = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {
                "messageId": f"to {rows[0]['id']}", "role": "agent", "parts": [{"kind": "text", "text": text}],
                "metadata": {"reply_to": rows[0]["id"]}}}}
            where = f"{self._platform}/workspaces/{rows[0]['source_id']}/a2a"
        answer = requests.post(where, headers=self._headers, timeout=20, json=said)
        assert answer.status_code == 200, answer.text
        return rows[0]


class InItsPlace:
    """Answers as it is told where a platform should: of another version, or none at all."""

    def __init__(self, answers: dict[str, tuple[int, Any]]) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                path = self.path.split("?")[0]
                outer.asked.append((self.command, path, self.headers.get("Authorization")))
                code, body = answers.get(path, (404, {"error": "no such route", "code": "route_not_found"}))
                told = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "text/html" if isinstance(body, bytes) else "application/json")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = answer

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> InItsPlace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
