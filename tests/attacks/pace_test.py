"""How fast a stream goes: as fast as the foremost of its readers, and as its agent can where nobody reads."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attackers import Org
from dialling import DONE, TASK, Joining, asks, words
from stage import Stage, wait_for

PIECE = "abcdefgh" * 2048
PIECES = 3_500
WHOLE = len(PIECE) * PIECES
HELD_MAX = 32_000_000
"""What a stream may be ahead of who reads nothing: 8 MiB in the platform, and what the sockets on the way take."""


class Teller:
    """An agent with a long story, and how much of it the platform has taken."""

    def __init__(self) -> None:
        self.told = 0

    def __call__(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield TASK
        for _ in range(PIECES):
            yield words(PIECE)
            self.told += len(PIECE)
        yield DONE

    def stands_still(self) -> int:
        """How much was told when nothing more was for a second."""
        told, since, until = self.told, time.monotonic(), time.monotonic() + 40
        while time.monotonic() < since + 1:
            assert time.monotonic() < until, "it goes on and on"
            time.sleep(0.05)
            if self.told != told:
                told, since = self.told, time.monotonic()
        return told


class Listener:
    """A caller that reads when it is told to. Little waits in its socket."""

    def __init__(self, org: Org, workspace: str, message_id: str, after: int | None = None) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.socket.settimeout(60)
        host, port = org.stage.url.removeprefix("http://").split(":")
        self.socket.connect((host, int(port)))
        body = json.dumps(asks("tell", message_id, True)).encode()
        position = f"Last-Event-ID: {after}\r\n" if after else ""
        self.socket.sendall(f"POST /workspaces/{workspace}/a2a HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n{position}"
                            f"Authorization: Bearer {org.admin}\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.file = self.socket.makefile("rb")
        assert b" 200 " in self.file.readline()
        while self.file.readline() not in (b"\r\n", b""):
            pass
        self.last = 0
        self.text = 0
        self.newest = b""
        self.digest = hashlib.sha256()

    def read(self, events: int | None = None) -> None:
        """So many events, or all there are; what is cut off by an end that is too early is no event."""
        left, lines = events, b""
        while left is None or left > 0:
            size = int(self.file.readline().strip() or b"0", 16)
            if size == 0:
                return
            lines += self.file.read(size)
            self.file.readline()
            while b"\n\n" in lines:
                event, _, lines = lines.partition(b"\n\n")
                if not event.startswith(b"id: "):
                    continue
                number, _, data = event.partition(b"\n")
                self.last = int(number[4:])
                self.digest.update(event)
                self.newest = data
                self.text += PIECE.encode() in data and len(PIECE)
                left = left and left - 1

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def joining(stage: Stage, tmp_path: Path) -> Iterator[Joining]:
    made = Joining(stage, tmp_path)
    yield made
    made.close()


def settled(joining: Joining, teller: Teller, relayed: bool) -> str:
    """The workspace of an agent with this story."""
    agent = joining.agent(teller)
    workspace, token = joining.workspace("teller")
    if relayed:
        joining.join(workspace, token, "--agent", agent.url)
        joining.online(workspace)
        return workspace
    org = Org(joining.stage)
    made = org.ask("POST", "/registry/register", {
        "id": workspace, "url": agent.url, "delivery_mode": "push",
        "agent_card": {"name": "teller", "capabilities": {"streaming": True}}}, token=token)
    assert made.status_code == 200, made.text
    org.close()
    return workspace


@pytest.mark.parametrize("relayed", [False, True], ids=["direct", "relayed"])
def test_an_agent_waits_for_its_only_reader(org: Org, joining: Joining, relayed: bool) -> None:
    teller = Teller()
    workspace = settled(joining, teller, relayed)
    reader = Listener(org, workspace, "m-waits")
    reader.read(5)
    held = teller.stands_still()
    assert held < HELD_MAX, f"it told {held} bytes that nobody has read"
    # Its neighbours go on meanwhile, and so does the stream once it is read.
    other = Teller()
    beside = Listener(org, settled(joining, other, relayed), "m-beside")
    beside.read()
    assert beside.text == WHOLE and teller.told == held
    reader.read()
    assert reader.text == WHOLE and teller.told == WHOLE and reader.last == PIECES + 2
    reader.close()
    beside.close()


@pytest.mark.parametrize("relayed", [False, True], ids=["direct", "relayed"])
def test_one_that_reads_is_not_held_up_by_one_that_does_not(org: Org, joining: Joining, relayed: bool) -> None:
    teller = Teller()
    workspace = settled(joining, teller, relayed)
    slow = Listener(org, workspace, "m-two")
    slow.read(1)
    fast = Listener(org, workspace, "m-two")
    fast.read()
    assert fast.text == WHOLE and teller.told == WHOLE
    slow.read()
    assert slow.text == WHOLE and slow.last == fast.last
    slow.close()
    fast.close()


def test_what_nobody_reads_any_more_goes_on(org: Org, joining: Joining) -> None:
    teller = Teller()
    workspace = settled(joining, teller, False)
    reader = Listener(org, workspace, "m-left")
    reader.read(5)
    assert teller.stands_still() < HELD_MAX
    reader.close()
    wait_for("the rest", lambda: teller.told == WHOLE, 30)


def test_who_stops_reading_for_good_holds_it_up_for_a_time_and_goes_on_later(org: Org, joining: Joining) -> None:
    teller = Teller()
    workspace = settled(joining, teller, False)
    whole = Listener(org, workspace, "m-stops")
    whole.read(5)
    assert teller.stands_still() < HELD_MAX
    # The server gives up who takes nothing for half a minute.
    wait_for("the rest", lambda: teller.told == WHOLE, 60)
    again = Listener(org, workspace, "m-stops", after=whole.last)
    again.read()
    assert whole.text + again.text == WHOLE and again.last == PIECES + 2
    whole.close()
    again.close()
