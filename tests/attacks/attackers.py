"""What attackers have: raw questions with any credential, and agents that answer as they are told."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Any

import requests

from stage import Stage

Answering = Callable[[socket.socket, bytes, bytes], None]
"""What an agent does with a connection, given the head and the body of the request."""


class Resident:
    """A workspace and its token."""

    def __init__(self, org: Org, workspace_id: str, token: str) -> None:
        self.org = org
        self.id = workspace_id
        self.token = token

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.org.ask(method, path.replace("SELF", self.id), body, token=self.token, **options)

    def register(self, **fields: Any) -> requests.Response:
        return self.ask("POST", "/registry/register", {
            "id": self.id, "agent_card": {"name": "agent"}, "delivery_mode": "poll", **fields})

    def beat(self, **fields: Any) -> requests.Response:
        return self.ask("POST", "/registry/heartbeat", {"workspace_id": self.id, **fields})


class Org:
    """One platform, asked with any credential and any bytes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.admin = (stage.data / "admin_token").read_text().strip()
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, token: str | None = None,
            headers: dict[str, str] | None = None, timeout: float = 20) -> requests.Response:
        """Ask as an operator, unless `token` is another's; "" sends no credential."""
        bearer = self.admin if token is None else token
        sent = {"Content-Type": "application/json", **({"Authorization": f"Bearer {bearer}"} if bearer else {}),
                **(headers or {})}
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        return self._session.request(method, self.stage.url + path, data=data, headers=sent, timeout=timeout,
                                     allow_redirects=False)

    def resident(self, name: str, parent: str | None = None, **fields: Any) -> Resident:
        body = {"name": f"{name} {uuid.uuid4().hex[:8]}", "runtime": "external", **fields}
        if parent is not None:
            body["parent_id"] = parent
        made = self.ask("POST", "/workspaces", body)
        assert made.status_code == 201, made.text
        answer = made.json()
        return Resident(self, answer["id"], answer["connection"]["auth_token"])

    def close(self) -> None:
        self._session.close()


def message(text: str, message_id: str = "", **fields: Any) -> dict[str, Any]:
    """A person's message as A2A."""
    return {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {
        "role": "user", "messageId": message_id or uuid.uuid4().hex, "parts": [{"kind": "text", "text": text}], **fields}}}


def answer_bytes(body: str | bytes, content_type: str = "application/json", status: str = "200 OK",
                 extra: str = "") -> bytes:
    data = body if isinstance(body, bytes) else body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{extra}Content-Length: {len(data)}\r\n\r\n".encode() + data


def says(data: bytes) -> Answering:
    """An agent that answers every request with these bytes."""
    return lambda connection, head, body: connection.sendall(data)


class PushAgents:
    """Listeners that answer as they are told; ended together."""

    def __init__(self) -> None:
        self._listeners: list[socket.socket] = []
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()

    def reserve(self) -> socket.socket:
        """An address of nobody, which stays so until an agent is started there."""
        reserved = socket.socket()
        reserved.bind(("127.0.0.1", 0))
        self._open.append(reserved)
        return reserved

    def start(self, answering: Answering, listener: socket.socket | None = None) -> str:
        """The address of a new agent."""
        if listener is None:
            listener = self.reserve()
        listener.listen(128)
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, answering), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/a2a"

    def _accept(self, listener: socket.socket, answering: Answering) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, answering), daemon=True).start()

    def _serve(self, connection: socket.socket, answering: Answering) -> None:
        with connection:
            try:
                received = b""
                while b"\r\n\r\n" not in received:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    received += chunk
                head, _, body = received.partition(b"\r\n\r\n")
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                              if line.lower().startswith(b"content-length:"))
                while len(body) < length:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    body += chunk
                answering(connection, head, body)
            except (OSError, StopIteration):
                return  # The platform hung up, which some of these agents provoke.

    def close(self) -> None:
        hang_up(self._listeners)
        with self._lock:
            hang_up(self._open)


class Relay:
    """Connections to a server through a place that can be cut, or fall silent, and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._whole = True
        self._speaking = threading.Event()
        self._speaking.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection(self._to)
                self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other, near), daemon=True).start()

    def passes(self, near: socket.socket, data: bytes, asking: bool) -> bool:
        """Whether what one end said, the asking one or the server, gets through; the connection `near` ends when it does not."""
        return True

    def _pass_on(self, one: socket.socket, other: socket.socket, near: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                self._speaking.wait()
                if not self.passes(near, data, one is near):
                    break
                other.sendall(data)
        except OSError:
            pass  # Cut, or ended by either side; both ends follow.
        hang_up([one, other])

    def cut(self) -> None:
        with self._lock:
            self._whole = False
            hang_up(self._open)
            self._open.clear()

    def mend(self) -> None:
        with self._lock:
            self._whole = True

    def fall_silent(self) -> None:
        """Accept and keep connections, and pass nothing on."""
        self._speaking.clear()

    def speak(self) -> None:
        self._speaking.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self.speak()


def hang_up(connections: list[socket.socket]) -> None:
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # Closed already.
        connection.close()


def refused(answer: requests.Response, *statuses: int) -> dict[str, Any]:
    """Check the form of a refusal and return its object."""
    assert answer.status_code in (statuses or range(400, 500)), f"{answer.status_code} {answer.text[:500]}"
    body = answer.json()
    # JSON-RPC has an object where the rest has a sentence.
    said = body["error"]["message"] if "jsonrpc" in body else body["error"]
    assert isinstance(said, str) and len(said) > 3
    assert isinstance(body["code"], str) and body["code"] == body["code"].lower() and " " not in body["code"]
    return dict(body)
