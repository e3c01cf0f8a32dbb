"""Workspaces that ask each other because of what they were asked, and one that is pushed to and takes its time."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from stage import Stage, wait_for

PART_OF = "X-Molecule-Activity-Id"


class Member:
    """A workspace that acts with its own token."""

    def __init__(self, stage: Stage, name: str, parent: Member | None = None, url: str = "") -> None:
        made = stage.external(f"{name} {uuid.uuid4().hex[:8]}", parent.id if parent else None)
        self.id: str = made["id"]
        self.name: str = made["name"]
        self._stage = stage
        self._token = made["connection"]["auth_token"]
        fields = {"url": url, "delivery_mode": "push"} if url else {"delivery_mode": "poll"}
        self.must("POST", "/registry/register", {"id": self.id, "agent_card": {"name": name}, **fields})

    def ask(self, method: str, path: str, body: Any = None, part_of: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token}", **({PART_OF: part_of} if part_of else {})}
        return self._stage.ask(method, path.replace("SELF", self.id), body, headers=headers)

    def must(self, method: str, path: str, body: Any = None, part_of: str = "") -> Any:
        answer = self.ask(method, path, body, part_of)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def tell(self, peer: Member, text: str, part_of: str = "") -> str:
        """The id of a message of this one to a peer that polls."""
        return str(self.must("POST", f"/workspaces/{peer.id}/a2a", said(text), part_of)["result"]["id"])

    def delegate(self, peer: Member, text: str = "count", part_of: str = "", **fields: Any) -> str:
        body = {"target_id": peer.id, "task": text, **fields}
        return str(self.must("POST", "/workspaces/SELF/delegate", body, part_of)["delegation_id"])

    def delegation(self, delegation_id: str, wait: int = 0) -> dict[str, Any]:
        return dict(self.must("GET", f"/workspaces/SELF/delegations/{delegation_id}?wait={wait}"))

    def inbox(self) -> list[dict[str, Any]]:
        """What it was sent, oldest first."""
        rows = self.must("GET", "/workspaces/SELF/activity?type=a2a_receive&order=asc&since_secs=3600&limit=500")
        return [row for row in rows if row.get("mail")]

    def results(self) -> list[dict[str, Any]]:
        rows = self.must("GET", "/workspaces/SELF/activity?type=a2a_receive&order=asc&since_secs=3600&limit=500")
        return [row for row in rows if row["method"] == "delegate_result"]

    def reply(self, row: dict[str, Any], text: str) -> dict[str, Any]:
        body = said(text)
        body["params"]["message"] |= {"role": "agent", "metadata": {"reply_to": row["id"]}}
        return dict(self.must("POST", f"/workspaces/{row['source_id']}/a2a", body))

    def tree(self, member: Member, task: str, **query: Any) -> dict[str, Any]:
        return dict(self.must("GET", tree_path(member, task, **query)))


def tree_path(member: Member, task: str, **query: Any) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/workspaces/{member.id}/tasks/{task}/tree" + (f"?{asked}" if asked else "")


def said(text: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {
        "kind": "message", "role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": text}]}}}


def asked(stage: Stage, member: Member, text: str = "begin") -> str:
    """The task that a person's message to a workspace that polls is."""
    return str(stage.must("POST", f"/workspaces/{member.id}/a2a", said(text))["result"]["id"])


class Worker:
    """An agent that is pushed to, works until it is told to stop, and keeps what it was asked."""

    def __init__(self, stops: bool = True) -> None:
        self.asked: list[dict[str, Any]] = []
        self.go_on = threading.Event()
        self.down = threading.Event()
        self._stops = stops
        worker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if worker.down.is_set():
                    self.send_error(503)
                    return
                worker.asked.append(request)
                answer = json.dumps({"jsonrpc": "2.0", "id": request["id"], **worker.answer_to(request)}).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # Whoever asked does not want to know any more.

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer_to(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["method"] in ("tasks/cancel", "CancelTask"):
            if not self._stops:
                return {"error": {"code": -32601, "message": "no such method"}}
            self.go_on.set()
            return {"result": {"kind": "task", "id": request["params"]["id"], "contextId": "c", "status": {"state": "canceled"}}}
        self.go_on.wait(30)
        return {"result": {"kind": "message", "role": "agent", "messageId": "r", "parts": [{"kind": "text", "text": "too late"}]}}

    def about(self, method: str) -> list[dict[str, Any]]:
        return [each["params"] for each in self.asked if each["method"] == method]

    def has_work(self) -> str:
        """The id of the first message that it was given."""
        found = wait_for("work to arrive", lambda: self.about("message/send"))[0]
        metadata = found["message"].get("metadata", {}) | found.get("metadata", {})
        return str(metadata["activity_id"])

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def at_work(stops: bool = True) -> Iterator[Worker]:
    worker = Worker(stops)
    try:
        yield worker
    finally:
        worker.close()
