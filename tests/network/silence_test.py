"""Connections that end without a word: a router that forgets who is idle, and a machine whose address changes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from dialling import Joining, said
from household import Listener, Teller
from namespaces import PLATFORM, Home, Internet, pause
from stage import wait_for

FORGOTTEN_AFTER = 15
"""Seconds; an agent says something every 10."""
NOTICED_WITHIN = 45
"""Two pings without an answer, and what it takes to dial again."""


class Idle:
    """A home with an agent and a plain connection to the platform's host. Nothing is said over either, from now on."""

    def __init__(self, internet: Internet, joining: Joining) -> None:
        self.home: Home = internet.homes[0]
        self.home.forget_after(FORGOTTEN_AFTER)
        self.teller = Teller(self.home, joining, "idle")
        listener = socket.create_server((PLATFORM, 0))
        port = listener.getsockname()[1]
        self.near = self.home.host.inside(lambda: socket.create_connection((PLATFORM, port), 5))
        self.far, _ = listener.accept()
        listener.close()
        self.since = time.monotonic()

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture(scope="module")
def idle(internet: Internet, joining: Joining) -> Iterator[Idle]:
    made = Idle(internet, joining)
    yield made
    made.close()


def test_a_machine_that_moves_takes_its_story_along(internet: Internet, joining: Joining, idle: Idle) -> None:
    teller = Teller(internet.homes[1], joining, "moving")
    listener = Listener(teller, joining, "story")
    teller.let.release(10)
    wait_for("a part of the story", lambda: len(listener.pieces()) == 10)
    teller.home.move("192.168.1.77")
    teller.let.release(30)
    listener.heard_it_all(NOTICED_WITHIN)
    assert "nothing was lost" in teller.joined.log_text()
    assert len(teller.agent.asked) == 1, "it is asked for once"


def test_who_says_a_little_is_not_forgotten(joining: Joining, idle: Idle) -> None:
    pause(max(0.0, idle.since + FORGOTTEN_AFTER + 3 - time.monotonic()))
    # The router has forgotten the other one: nothing of it arrives any more.
    idle.near.sendall(b"still there?")
    idle.far.settimeout(2)
    with pytest.raises(TimeoutError):
        idle.far.recv(100)
    began = time.monotonic()
    assert said(joining.send(idle.teller.id, "still there?", "m1").json()) == "heard"
    assert time.monotonic() - began < 5
    log = idle.teller.joined.log_text()
    assert log.count('"connected') == 1 and "broke" not in log
