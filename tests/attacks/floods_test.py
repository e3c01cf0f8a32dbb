"""Many bytes, or endless ones: nobody else waits, memory stays bounded, and whoever does it is told why it ends.

Each attack runs beside a watch that asks /healthz all the time; `MOLECULE_ATTACK_FIGURES` names a file that gets its worst time.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from attackers import Org, PushAgents, Resident, message, refused
from stage import Stage, wait_for

WORST = 2.0
"""Seconds that /healthz may take under an attack, on a machine with other work to do."""
MASK = b"\0\0\0\0"


class Watch:
    """Asks /healthz all the time, and a member's heartbeat after each."""

    def __init__(self, member: Resident) -> None:
        self._member = member
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.times: list[float] = []

    def _look(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._stop.is_set():
                begun = time.monotonic()
                assert session.get(self._member.org.stage.url + "/healthz", timeout=60).status_code == 200
                self.times.append(time.monotonic() - begun)
                time.sleep(0.01)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def worst(self) -> float:
        return max(self.times)


@contextmanager
def watched(member: Resident, attack: str) -> Iterator[Watch]:
    with Watch(member) as watch:
        yield watch
    if figures := os.environ.get("MOLECULE_ATTACK_FIGURES"):
        with Path(figures).open("a") as file:
            file.write(f"{attack}: worst /healthz {watch.worst * 1000:.0f} ms of {len(watch.times)}\n")
    assert watch.worst < WORST, f"/healthz took {watch.worst:.1f} s"


def address(org: Org) -> tuple[str, int]:
    host, _, port = org.stage.url.removeprefix("http://").partition(":")
    return host, int(port)


def upgraded(org: Org, token: str, path: str = "/ws") -> socket.socket:
    """A WebSocket as its bare connection."""
    connection = socket.create_connection(address(org), timeout=20)
    connection.sendall((f"GET {path} HTTP/1.1\r\nHost: {address(org)[0]}\r\nAuthorization: Bearer {token}\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(1)
        assert more, f"the connection ended after {head!r}"
        head += more
    assert b" 101 " in head, head
    return connection


def resident_bytes(org: Org) -> int:
    text = org.ask("GET", "/metrics").text
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("molecule_resident_bytes ")))


def flood(connection: socket.socket, block: bytes, seconds: float) -> bytes:
    """Send the block again and again, until the other side ends it or the time is over; what came back."""
    until, received = time.monotonic() + seconds, b""
    connection.settimeout(0.2)
    while time.monotonic() < until:
        try:
            connection.send(block)
        except TimeoutError:
            continue
        except OSError:
            break
    connection.settimeout(5)
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except OSError:
        pass  # Ended without waiting for us.
    connection.close()
    return received


FLOODS = {"pongs": b"\x8a\x80" + MASK, "pings": b"\x89\x80" + MASK, "messages": b"\x81\x81" + MASK + b"x",
          "fragments": b"\x00\x80" + MASK}


@pytest.mark.parametrize("kind", FLOODS)
def test_frames_without_end(org: Org, kind: str) -> None:
    attacker, member = org.resident("attacker"), org.resident("member")
    sockets = [upgraded(org, attacker.token) for _ in range(6)]
    if kind == "fragments":
        for one in sockets:
            one.sendall(b"\x01\x80" + MASK)
    got: list[bytes] = []
    with watched(member, f"six sockets of {kind}"):
        threads = [threading.Thread(target=lambda one=one: got.append(flood(one, FLOODS[kind] * 10_000, 4))) for one in sockets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # Whoever still sends when the socket closes may lose the reason; some of six have it.
    assert any(struct.pack(">H", 1008) in received for received in got), [received[-200:] for received in got]


def test_bodies_where_none_belong(org: Org) -> None:
    """Strangers that send what nobody reads, while members need their room."""
    member = org.resident("member", delivery_mode="poll")
    assert member.register().status_code == 200
    host = address(org)[0]
    stop = threading.Event()
    answers: list[bytes] = []

    def send() -> None:
        while not stop.is_set():
            with socket.create_connection(address(org), timeout=20) as connection:
                try:
                    connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nContent-Length: {4 << 20}\r\n\r\n".encode())
                    connection.sendall(b"x" * (1 << 20))
                    answers.append(connection.recv(65536))
                except OSError:
                    pass  # Refused and closed while we were sending.

    with watched(member, "4 MiB bodies on GET /healthz"):
        threads = [threading.Thread(target=send) for _ in range(10)]
        for thread in threads:
            thread.start()
        try:
            until = time.monotonic() + 3
            while time.monotonic() < until:
                posted = org.ask("POST", f"/workspaces/{member.id}/a2a", message("x" * 2_000_000))
                assert posted.status_code == 200, posted.text[:300]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert answers and all(answer.startswith(b"HTTP/1.1 413 ") for answer in answers if answer)


def test_a_page_ends_by_bytes_and_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.start()
    org = Org(stage)
    try:
        polls = org.resident("polls", delivery_mode="poll")
        assert polls.register().status_code == 200
        for number in range(8):
            sent = org.ask("POST", f"/workspaces/{polls.id}/a2a", message("y" * 5_000_000, f"large {number}"))
            assert sent.status_code == 200, sent.text[:300]
        seen: list[str] = []
        largest = pages = 0
        with watched(polls, "a poll of large messages"):
            cursor = "since_secs=600"
            while True:
                page = org.ask("GET", f"/workspaces/{polls.id}/activity?type=a2a_receive&limit=20&{cursor}", token=polls.token)
                assert page.status_code == 200, page.text[:300]
                largest, pages = max(largest, len(page.content)), pages + 1
                rows = page.json()
                if not rows:
                    break
                seen += [row["message_id"] for row in rows]
                cursor = f"since_id={rows[-1]['id']}"
        assert seen == [f"large {number}" for number in range(8)]
        # The text stands in the row twice: as it was sent, and as it was said.
        assert largest < 17_000_000 and pages >= 8
        newest = org.ask("GET", f"/workspaces/{polls.id}/activity?limit=20").json()
        assert newest[0]["message_id"] == "large 7"
    finally:
        org.close()
        stage.close()


def streamed(mode: str, bytes_max: int) -> bytes:
    """The events of an answer of that many bytes in small pieces: of one artifact, or each an artifact of its own."""
    out, size = [], 0
    while size < bytes_max:
        artifact = {"artifactId": "a" if mode == "one artifact" else f"artifact-{len(out):08}",
                    "parts": [{"kind": "text", "text": f"{len(out)} " + "y" * 50}]}
        event = {"kind": "artifact-update", "taskId": "t", "contextId": "c", "append": mode == "one artifact", "artifact": artifact}
        out.append(f"data: {json.dumps(event)}\n\n".encode())
        size += len(out[-1])
    end = {"kind": "status-update", "taskId": "t", "contextId": "c", "final": True, "status": {"state": "completed"}}
    return b"".join([*out, f"data: {json.dumps(end)}\n\n".encode()])


@pytest.mark.parametrize(("numbers", "status"), [(900_000, 200), (1_100_000, 502)])
def test_an_answer_that_is_a_table(tmp_path: Path, push_agents: PushAgents, numbers: int, status: int) -> None:
    stage = Stage(tmp_path)
    stage.start()
    org = Org(stage)
    parts = [{"kind": "text", "text": "computed"}, {"kind": "data", "data": {"numbers": [7] * numbers}}]
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"kind": "message", "role": "agent", "messageId": "m", "parts": parts}}).encode()

    def answer(connection: socket.socket, head: bytes, asked: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    try:
        agent = org.resident("computes")
        assert agent.register(url=push_agents.start(answer), delivery_mode="push").status_code == 200
        with watched(agent, f"an answer of {numbers} numbers"):
            told = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello", "once"), timeout=30)
            rows = org.ask("GET", f"/workspaces/{agent.id}/activity?limit=1")
        assert told.status_code == status and rows.status_code == 200, told.text[:300]
        if status == 200:
            for result in (told.json()["result"], rows.json()[0]["response_body"]["result"]):
                assert len(result["parts"][1]["data"]["numbers"]) == numbers
        else:
            assert told.json()["code"] == "bad_response" and "more than 1000000 members" in told.json()["error"]["message"]
    finally:
        org.close()
        stage.close()


@pytest.mark.parametrize(("mode", "size", "status"), [("one artifact", 5 << 20, 200), ("one artifact", 14 << 20, 200), ("one artifact", 60 << 20, 502),
                                                      ("many artifacts", 3 << 20, 200), ("many artifacts", 14 << 20, 502)])
def test_an_answer_in_many_small_pieces(tmp_path: Path, push_agents: PushAgents, mode: str, size: int, status: int) -> None:
    stage = Stage(tmp_path)
    stage.start()
    org = Org(stage)
    events = streamed(mode, size)

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + events)

    try:
        agent = org.resident("streams")
        assert agent.register(url=push_agents.start(answer), delivery_mode="push").status_code == 200
        with watched(agent, f"an answer of {size >> 20} MB in pieces of {mode}"):
            told = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello", "once"), timeout=30)
        assert told.status_code == status, told.text[:300]
        if status == 200:
            assert sum(len(each["parts"]) for each in told.json()["result"]["artifacts"]) == events.count(b"artifact-update")
        else:
            assert told.json()["code"] in ("response_too_large", "bad_response")
            assert "more than" in told.json()["error"]["message"]
    finally:
        org.close()
        stage.close()


def test_a_stop_ends_an_answer_that_comes_in_pieces(tmp_path: Path, push_agents: PushAgents) -> None:
    stage = Stage(tmp_path)
    stage.start()
    org = Org(stage)
    events = streamed("one artifact", 14 << 20)
    sent = threading.Event()

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + events[: 2 << 20])
        sent.set()
        while True:
            connection.sendall(b": on\n\n" * 10_000)

    def ask() -> None:
        with suppress(requests.RequestException):
            org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello", "once"), timeout=60)

    try:
        agent = org.resident("streams")
        assert agent.register(url=push_agents.start(answer), delivery_mode="push").status_code == 200
        asking = threading.Thread(target=ask)
        asking.start()
        assert sent.wait(20)
        begun = time.monotonic()
        stage.close()
        assert time.monotonic() - begun < 15
        asking.join()
    finally:
        org.close()
        stage.close()


def test_followers_that_do_not_read_share_what_they_are_sent(tmp_path: Path, push_agents) -> None:
    stage = Stage(tmp_path)
    stage.start()
    org = Org(stage)
    large = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"parts": [{"kind": "text", "text": "z" * 12_000_000}]}}).encode()

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(large)}\r\n\r\n".encode())
        connection.sendall(large)

    try:
        agent = org.resident("agent")
        assert agent.register(url=push_agents.start(answer), delivery_mode="push").status_code == 200
        assert org.ask("POST", f"/workspaces/{agent.id}/a2a", message("warm up")).status_code == 200
        sockets = [upgraded(org, org.admin) for _ in range(40)]
        before = resident_bytes(org)
        with watched(agent, "forty sockets that do not read"):
            assert org.ask("POST", f"/workspaces/{agent.id}/a2a", message("work", "the work")).status_code == 200
            reader = sockets[0].makefile("rb")
            told = wait_for("the answer's event", lambda: event_in(reader, "A2A_RESPONSE"))
        assert resident_bytes(org) - before < 150_000_000
        assert told["payload"]["truncated"] is True and told["payload"]["activity_id"]
        part = told["payload"]["response_body"]["result"]["parts"][0]
        assert part["text"].startswith("zzz") and len(part["text"]) < 100_000
        rows = org.ask("GET", f"/workspaces/{agent.id}/activity?limit=5").json()
        whole = next(row for row in rows if row["id"] == told["payload"]["activity_id"])
        assert len(whole["response_body"]["result"]["parts"][0]["text"]) == 12_000_000
        for one in sockets:
            one.close()
    finally:
        org.close()
        stage.close()


def event_in(reader, kind: str) -> dict | None:
    """The next event of a server's frames, when it is of that kind."""
    head = reader.read(2)
    size = head[1]
    if size == 126:
        size = struct.unpack(">H", reader.read(2))[0]
    elif size == 127:
        size = struct.unpack(">Q", reader.read(8))[0]
    said = json.loads(reader.read(size))
    return said if said["event"] == kind else None


def test_coded_bodies_are_refused_for_what_they_are(org: Org) -> None:
    answer = org.ask("POST", "/workspaces", raw=b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"})
    assert refused(answer, 415)["code"] == "unsupported_coding"
    assert answer.headers["Accept-Encoding"] == "identity"


def test_head_waits_for_nothing(org: Org) -> None:
    polls = org.resident("polls")
    begun = time.monotonic()
    assert org.ask("HEAD", f"/workspaces/{polls.id}/activity?type=agent_log&wait=20").status_code == 200
    assert time.monotonic() - begun < 5
    assert org.ask("HEAD", f"/workspaces/{polls.id}/activity?wait=99").status_code == 400
    assert org.ask("HEAD", "/ws").status_code == org.ask("GET", "/ws").status_code == 426


def test_the_front_door_opens_for_everybody(org: Org) -> None:
    for method in ("GET", "HEAD"):
        for accept in ("*/*", "application/json", "text/html"):
            answer = org.ask(method, "/", token="", headers={"Accept": accept})
            assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"), (method, accept)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = org.ask(method, "/no/such/path", token="", headers={"Accept": "*/*"})
        assert refused(answer, 404)["code"] == "route_not_found", method
    assert org.ask("HEAD", "/no/such/path", token="", headers={"Accept": "*/*"}).status_code == 404
    assert org.ask("GET", "/some/view", token="", headers={"Accept": "text/html"}).status_code == 200
    refused(org.ask("POST", "/", token=""), 405)
