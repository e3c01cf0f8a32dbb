"""Agents in two homes that nobody can dial into: they are reached and reach each other, and weather on the way costs
nothing but time."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from dialling import Joining, asks, events, said
from household import TOLD, Listener, Teller, looping
from namespaces import Home, Internet, pause
from stage import wait_for

WEATHER_SECONDS = 3.0


class Street:
    """Two homes with a teller each; one of them is the other's superior."""

    def __init__(self, internet: Internet, joining: Joining) -> None:
        self.internet, self.joining = internet, joining
        self.port = urlsplit(joining.stage.url).port or 0
        self.boss = Teller(internet.homes[0], joining, "boss")
        self.helper = Teller(internet.homes[1], joining, "helper", parent=self.boss.id)
        self.tellers = (self.boss, self.helper)


@pytest.fixture(scope="module")
def street(internet: Internet, joining: Joining) -> Street:
    return Street(internet, joining)


def refused(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), 0.3).close()
    except OSError:
        return True
    return False


def test_nobody_can_dial_in(street: Street) -> None:
    for teller, other in zip(street.tellers, reversed(street.tellers), strict=True):
        at = urlsplit(teller.agent.url).port or 0
        for port in (at, urlsplit(teller.joined.door).port or 0):
            assert refused(teller.home.outside, port)
            assert other.home.host.inside(lambda port=port: refused(teller.home.outside, port))
        # Not even by somebody on the line who knows the addresses inside.
        line = ("192.168.1.0/24", "via", teller.home.outside, "onlink", "dev", f"line{street.internet.homes.index(teller.home)}")
        street.internet.platform.tell("ip", "route", "add", *line)
        try:
            assert refused("192.168.1.2", at)
        finally:
            street.internet.platform.tell("ip", "route", "delete", *line)


def test_each_is_there_by_one_connection_of_its_own(street: Street) -> None:
    for number, teller in enumerate(street.tellers):
        assert said(street.joining.send(teller.id, "hello", f"one-{number}").json()) == "heard"
        assert street.internet.connections(teller.home, street.port) == 1


def test_they_talk_to_each_other_in_streams(street: Street) -> None:
    heard: dict[str, list[str]] = {}

    def listen(asker: Teller, teller: Teller) -> None:
        with requests.post(f"{asker.joined.door}/workspaces/{teller.id}/a2a", json=asks("tell me", "talk", stream=True),
                           headers={"Authorization": f"Bearer {asker.token}"}, timeout=30, stream=True) as response:
            assert response.status_code == 200
            texts = heard.setdefault(teller.id, [])
            for _, event in events(response):
                if event["result"]["kind"] == "artifact-update":
                    texts.append(event["result"]["artifact"]["parts"][0]["text"])
                # The next piece is not made before this one was heard.
                teller.let.release()

    boss, helper = street.tellers
    both = [threading.Thread(target=lambda one=one, other=other: one.home.host.inside(lambda: listen(one, other)))
            for one, other in ((boss, helper), (helper, boss))]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    assert heard == {boss.id: TOLD, helper.id: TOLD}
    assert [street.internet.connections(teller.home, street.port) for teller in street.tellers] == [1, 1]


@pytest.mark.parametrize("rule", ["counter drop", "meta l4proto tcp counter reject with tcp reset"], ids=["partition", "reset"])
def test_a_story_goes_on_where_it_was(street: Street, rule: str) -> None:
    teller = street.helper
    teller.hold()
    listener = Listener(teller, street.joining, f"story {rule}")
    teller.let.release(10)
    wait_for("a part of the story", lambda: len(listener.pieces()) == 10)
    with teller.home.weather(rule):
        for _ in range(10):
            teller.let.release()
            pause(WEATHER_SECONDS / 10)
        assert len(listener.pieces()) == 10, "nothing passes"
    teller.let.release(20)
    listener.heard_it_all(20)
    assert sum(each["method"] == "message/stream" and each["params"]["message"]["messageId"] == f"story {rule}"
               for each in teller.agent.asked) == 1, "it is asked for once"


class LoginPage(http.server.BaseHTTPRequestHandler):
    """What a router says before its user has paid, whoever asked for what."""

    protocol_version = "HTTP/1.1"
    status = 200

    def do_GET(self) -> None:  # noqa: N802
        self.send_response(type(self).status)
        self.send_header("Content-Length", "14")
        self.send_header("Connection", "close")
        self.send_header("Location", "http://192.168.1.1/login")
        self.end_headers()
        self.wfile.write(b"<h1>Login</h1>")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def login_page(street: Street) -> Iterator[int]:
    server = street.helper.home.router.inside(lambda: http.server.ThreadingHTTPServer(("", 0), LoginPage))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_behind_a_login_page_all_wait_until_it_opens(street: Street, login_page: int, tmp_path: Path) -> None:
    home = street.helper.home
    workspace, sdk = looping(home, street.joining, "sdk", tmp_path)
    try:
        assert sdk.delivery.wait_connected(20)
        assert said(street.joining.send(workspace, "hello", "before").json()) == "I heard: hello"
        for LoginPage.status in (401, 403, 410):
            with home.captive(login_page):
                with home.weather("iifname lan meta l4proto tcp counter reject with tcp reset"):
                    # Each has to answer, and finds its connection gone.
                    for each in (street.helper.id, workspace):
                        street.joining.send(each, "are you there?", f"lost-{LoginPage.status}", stream=True).close()
                    pause(WEATHER_SECONDS / 4)
                pause(WEATHER_SECONDS / 4)
        wait_for("the agent to answer", lambda: street.joining.send(street.helper.id, "hello", "after").status_code == 200, 20)
        wait_for("the SDK to answer", lambda: street.joining.send(workspace, "again", "after").status_code == 200, 20)
        assert said(street.joining.send(workspace, "again", "after").json()) == "I heard: again"
    finally:
        sdk.stop()
