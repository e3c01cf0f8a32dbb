"""`molecule join` as a process, an agent for it to stand before, the SDK as one that needs neither, and a way to the
platform that breaks when told to."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from molecule_agent import RelayDelivery, RemoteAgentClient
from stage import BINARY, Stage, wait_for


class Way:
    """A TCP way to the platform. `cut` ends what goes over it; `block` lets nothing pass until `unblock`. `websockets` is
    what becomes of a request for one: "pass", "refuse" with a page of its own, "close", "swallow" without a word, or
    "busy" as a proxy says it of what is behind it."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._to = (place.hostname or "", place.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._open = threading.Event()
        self._open.set()
        self.passed = 0
        self.websockets = "pass"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self._open.is_set():
                    near.close()
                    continue
                threading.Thread(target=self._lead, args=(near,), daemon=True).start()

    def _lead(self, near: socket.socket) -> None:
        if self.websockets != "pass" and not self._may_pass(near):
            return
        try:
            far = socket.create_connection(self._to, 5)
        except OSError:
            near.close()
            return
        far.settimeout(None)  # The time was for connecting: who is silent may stay.
        self._pairs.append((near, far))
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _may_pass(self, near: socket.socket) -> bool:
        with contextlib.suppress(OSError):
            if b"upgrade: websocket" not in near.recv(8192, socket.MSG_PEEK).lower():
                return True
            if self.websockets == "refuse":
                near.recv(8192)
                near.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 15\r\n"
                             b"Connection: close\r\n\r\n<h1>No way</h1>")
            if self.websockets == "busy":
                near.recv(8192)
                near.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            if self.websockets == "swallow":
                self._pairs.append((near, near))
                return False
        near.close()
        return False

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := one.recv(4096):
                self.passed += len(part)
                other.sendall(part)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for each in pair:
                with contextlib.suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    each.shutdown(socket.SHUT_RDWR)
                    each.close()

    def block(self) -> None:
        self._open.clear()
        self.cut()

    def unblock(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._listener.close()
        self.cut()


class Joined:
    """One `molecule join`."""

    def __init__(self, folder: Path, url: str, workspace: str, token: str | None, *options: str) -> None:
        self._log = folder / f"join-{time.monotonic_ns()}.log"
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
        environment |= {"MOLECULE_STATE_DIR": str(folder / "state")} | ({"MOLECULE_WORKSPACE_ID": workspace} if workspace else {})
        if token is not None:
            environment["MOLECULE_WORKSPACE_TOKEN"] = token
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([str(BINARY), "join", url, *options], stdout=subprocess.PIPE, stderr=log,
                                             env=environment, start_new_session=True)
        assert self._process.stdout is not None
        self.door = ""
        if select.select([self._process.stdout], [], [], 20)[0]:
            line = os.read(self._process.stdout.fileno(), 4096).decode()
            self.door = line.removeprefix("door ").strip() if line.startswith("door ") else ""

    def log_text(self) -> str:
        return self._log.read_text()

    def wait_for(self, text: str, times: int = 1, seconds: float = 20) -> None:
        wait_for(f"{text!r} in the log of molecule join", lambda: self.log_text().count(text) >= times, seconds)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self.ended()

    def stop(self) -> int:
        if self._process.poll() is None:
            self._process.terminate()
        return self.ended()

    def ended(self, seconds: float = 20) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise AssertionError(f"molecule join did not end: {self.log_text()[-2000:]}") from None
        finally:
            assert self._process.stdout is not None
            self._process.stdout.close()


class LocalAgent:
    """An A2A server on loopback. `answers` maps a request to its result, or to the results of a stream."""

    def __init__(self, answers: Callable[[dict[str, Any]], Any], card: dict[str, Any] | None = None,
                 port: int = 0, one_at_a_time: bool = False) -> None:
        agent = self
        self.asked: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0" if one_at_a_time else "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:  # noqa: N802
                self._whole(json.dumps(card or {"name": "local", "capabilities": {"streaming": True}}))

            def do_POST(self) -> None:  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                agent.asked.append(body)
                agent.heads.append(dict(self.headers.items()))
                answer = answers(body)
                if isinstance(answer, dict):
                    self._whole(json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": answer}))
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                with contextlib.suppress(OSError):
                    for result in answer:
                        data = json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": result})
                        self.wfile.write(f"data: {data}\n\n".encode())
                        self.wfile.flush()

            def _whole(self, text: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

        kind = http.server.HTTPServer if one_at_a_time else http.server.ThreadingHTTPServer
        kind.request_queue_size = 128  # Many come at once when an agent is back.
        self._server = kind(("127.0.0.1", port), Handler)
        if isinstance(self._server, http.server.ThreadingHTTPServer):
            self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Looping:
    """One agent loop of the SDK in a thread, over a connection of its own."""

    def __init__(self, url: str, workspace: str, token: str, folder: Path, handler: Any) -> None:
        self.client = RemoteAgentClient(workspace, url, agent_card={"name": "relayed"}, token_dir=folder,
                                        heartbeat_interval=0.5, state_poll_interval=0.5)
        self.client.save_token(token)
        self.client.register()
        self.delivery = RelayDelivery(self.client, handler)
        self.outcome: Any = None
        self._handler = handler
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self.client.run_agent_loop(self._handler, self.delivery)
        except Exception as error:  # handed to whoever asks for the outcome
            self.outcome = error

    def ended(self) -> Any:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.outcome

    def stop(self) -> None:
        self.client.stop()
        self.ended()
        self.client.close()


class Joining:
    """Makes workspaces, joins agents to them, and ends everything."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        self._made: list[Any] = []
        self._count = 0

    def workspace(self, name: str, parent: str | None = None) -> tuple[str, str]:
        self._count += 1
        made = self.stage.external(f"{name} {self._count} {self.folder.name}", parent)
        return made["id"], made["connection"]["auth_token"]

    def join(self, workspace: str, token: str | None, *options: str, url: str = "", folder: str = "") -> Joined:
        place = self.folder / (folder or workspace)
        place.mkdir(exist_ok=True)
        joined = Joined(place, url or self.stage.url, workspace, token, *options)
        self._made.append(joined)
        return joined

    def join_with(self, ticket: str, *options: str, folder: str = "ticket") -> Joined:
        place = self.folder / folder
        place.mkdir(exist_ok=True)
        joined = Joined(place, ticket, "", None, *options)
        self._made.append(joined)
        return joined

    def agent(self, answers: Callable[[dict[str, Any]], Any], **more: Any) -> LocalAgent:
        made = LocalAgent(answers, **more)
        self._made.append(made)
        return made

    def way(self) -> Way:
        made = Way(self.stage.url)
        self._made.append(made)
        return made

    def status(self, workspace: str) -> str:
        return str(self.stage.must("GET", f"/workspaces/{workspace}")["status"])

    def online(self, workspace: str, status: str = "online", seconds: float = 20) -> None:
        wait_for(f"{workspace} to be {status}", lambda: self.status(workspace) == status, seconds)

    def send(self, workspace: str, text: str, message_id: str, stream: bool = False) -> Any:
        return self.stage.ask("POST", f"/workspaces/{workspace}/a2a", asks(text, message_id, stream), stream=stream)

    def close(self) -> None:
        for each in reversed(self._made):
            with contextlib.suppress(Exception):
                each.stop() if isinstance(each, Joined) else each.close()


def asks(text: str, message_id: str, stream: bool = False) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "message/stream" if stream else "message/send",
            "params": {"message": {"messageId": message_id, "role": "user", "parts": [{"kind": "text", "text": text}]}}}


def said(answer: Any) -> str:
    """The words of an answer, of whichever form."""
    result = answer["result"]
    parts = result.get("parts") or [part for artifact in result.get("artifacts", []) for part in artifact["parts"]]
    return "".join(part.get("text", "") for part in parts)


def events(response: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The numbered events of a stream."""
    number = ""
    for line in response.iter_lines():
        if line.startswith(b"id: "):
            number = line[4:].decode()
        elif line.startswith(b"data: "):
            yield number, json.loads(line[6:])


TASK = {"kind": "task", "id": "t", "contextId": "c", "status": {"state": "working"}}
DONE = {"kind": "status-update", "taskId": "t", "contextId": "c", "status": {"state": "completed"}, "final": True}


def words(text: str, append: bool = True) -> dict[str, Any]:
    return {"kind": "artifact-update", "taskId": "t", "contextId": "c", "append": append,
            "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": text}]}}


def stream_over_breaks(joining: Joining, way: Way) -> Joined:
    """An agent behind `way` answers with sixty pieces, and the way breaks every fifteenth: each piece arrives once, in
    order, as it was said, and the agent was asked once."""
    go_on = threading.Semaphore(0)

    def answers(_: dict[str, Any]) -> Any:
        def results() -> Iterator[dict[str, Any]]:
            yield TASK
            for number in range(60):
                go_on.acquire(timeout=20)
                yield words(f"{number}:" + "x" * 3000)
            yield DONE
        return results()

    agent = joining.agent(answers)
    workspace, token = joining.workspace("broken")
    joined = joining.join(workspace, token, "--agent", agent.url, url=way.url)
    joining.online(workspace)
    breaks = 0
    with joining.send(workspace, "go", "m1", stream=True) as response:
        came = []
        for number, event in events(response):
            came.append((number, event["result"]))
            go_on.release()
            if len(came) % 15 == 0:
                way.cut()
                breaks += 1
    assert breaks >= 3
    assert [int(number) for number, _ in came] == list(range(1, 63))
    texts = [event["artifact"]["parts"][0]["text"] for _, event in came if event["kind"] == "artifact-update"]
    assert texts == [f"{number}:" + "x" * 3000 for number in range(60)]
    assert len(agent.asked) == 1, "the agent was asked once"
    return joined
