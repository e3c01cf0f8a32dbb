"""Which way a request takes: loopback never through a proxy, a token never readable to one; and the pauses between."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from conftest import WORKSPACE
from molecule_agent import ForeignAnswerError, RemoteAgentClient, _awake, _loops
from molecule_agent._transport import is_loopback, unused_proxy, way_to
from molecule_agent._wire import http_date, retry_after_seconds
from scripted_platform import Reply, ScriptedPlatform

PEER = "99999999-2222-4333-8444-555555555555"
BEAT = "/registry/heartbeat"


class Proxy:
    """Takes connections and keeps what it was told; every answer is a 403."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://someone:password@127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.read.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    made = Proxy()
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, made.url)
        monkeypatch.setenv(name.lower(), made.url)
    yield made
    made.close()


def test_a_proxy_sees_nothing_of_loopback(proxy: Proxy, platform: ScriptedPlatform, client: RemoteAgentClient,
                                          caplog: pytest.LogCaptureFixture) -> None:
    client.save_token("mol_secret")
    platform.on("POST", BEAT, {"status": "ok"})
    client.heartbeat()
    platform.on("GET", f"/registry/discover/{PEER}", {"url": platform.url + "/peer"})
    platform.on("POST", "/peer", {"jsonrpc": "2.0", "result": {}})
    client.call_peer(PEER, "hello")
    assert proxy.read == [] and caplog.messages == []


def test_a_session_with_proxies_keeps_loopback_to_itself(proxy: Proxy, platform: ScriptedPlatform,
                                                         tmp_path: Path) -> None:
    platform.on("POST", BEAT, {"status": "ok"})
    with requests.Session() as session:
        session.proxies = {"http": proxy.url, "all": proxy.url}
        with RemoteAgentClient(WORKSPACE, platform.url, token_dir=tmp_path, session=session) as client:
            client.heartbeat()
    assert proxy.read == []


def test_over_https_a_proxy_sees_a_tunnel_and_no_token(proxy: Proxy, tmp_path: Path) -> None:
    with RemoteAgentClient(WORKSPACE, "https://platform.example", token_dir=tmp_path) as client:
        client.save_token("mol_secret")
        with pytest.raises(requests.ConnectionError):
            client.heartbeat()
    assert proxy.read and all(read.startswith(b"CONNECT platform.example:443 ") for read in proxy.read)
    assert b"mol_secret" not in b"".join(proxy.read) and b"heartbeat" not in b"".join(proxy.read)


def test_over_plain_http_the_proxy_of_the_environment_is_not_used(proxy: Proxy, tmp_path: Path,
                                                                  caplog: pytest.LogCaptureFixture) -> None:
    with RemoteAgentClient(WORKSPACE, "http://platform.invalid", token_dir=tmp_path) as client:
        client.save_token("mol_secret")
        with pytest.raises(requests.ConnectionError):
            client.heartbeat()
    assert proxy.read == []
    (line,) = caplog.messages
    assert "is not used for http://platform.invalid" in line and "password" not in line


def test_a_proxy_that_the_program_chose_is_used(proxy: Proxy, tmp_path: Path) -> None:
    with requests.Session() as session:
        session.proxies = {"http": proxy.url}
        with RemoteAgentClient(WORKSPACE, "http://platform.invalid", token_dir=tmp_path, session=session) as client:
            with pytest.raises(ForeignAnswerError):
                client.heartbeat()
    assert proxy.read[0].startswith(b"POST http://platform.invalid/registry/heartbeat ")


def test_no_proxy_is_respected(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "platform.example")
    monkeypatch.setenv("no_proxy", "platform.example")
    with requests.Session() as session:
        assert way_to("https://platform.example", session) == {}
        assert unused_proxy("http://platform.example", way_to("http://platform.example", session)) == ""
        assert unused_proxy("http://other.example", way_to("http://other.example", session)) != ""


def test_the_ca_bundle_of_the_environment_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/a/bundle")
    with requests.Session() as session:
        settings = session.merge_environment_settings("https://127.0.0.1", way_to("https://127.0.0.1", session)
                                                      ["proxies"], True, None, None)
    assert settings["verify"] == "/a/bundle" and not settings["proxies"]


@pytest.mark.parametrize(("url", "loopback"), [
    ("http://127.0.0.1:8080", True), ("http://127.9.9.9", True), ("http://localhost", True), ("http://LocalHost.:1", True),
    ("http://app.localhost", True), ("http://[::1]:80", True), ("http://[::ffff:127.0.0.1]", True),
    ("https://127.0.0.1", True), ("http://10.0.0.1", False), ("http://localhost.example", False),
    ("http://127.0.0.1.example", False), ("http://user@127.0.0.1", True), ("http://127.0.0.1@evil.example", False)])
def test_what_is_loopback(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


# --- pauses ---


def test_pauses_are_random_over_their_whole_range_and_bounded() -> None:
    random.seed(1)
    for attempt, ceiling in ((1, 1.0), (2, 2.0), (3, 4.0), (9, 30.0), (10_000, 30.0)):
        drawn = [_awake.backoff(attempt) for _ in range(400)]
        assert 0 < min(drawn) < 0.2 * ceiling + 0.1 and 0.8 * ceiling < max(drawn) <= ceiling
    assert max(_awake.backoff(50, 5.0) for _ in range(100)) <= 5.0


def test_agents_resumed_together_do_not_look_together(client: RemoteAgentClient) -> None:
    rests = []
    for _ in range(200):
        presence = _loops.Presence(client, None)
        presence._paused_at = 0.0
        rests.append(presence.rest(30.0))
    seconds = [int(rest) for rest in rests]
    assert max(rests) <= _loops.PAUSE_LOOK and all(seconds.count(second) < 100 for second in set(seconds))
    assert len({round(_loops.Presence(client, None).rest(30.0), 3) for _ in range(50)}) > 25


def test_a_retry_after_date_is_read_by_the_clock_of_who_wrote_it() -> None:
    date = http_date("Mon, 01 Jan 2001 00:00:00 GMT")
    assert retry_after_seconds("Mon, 01 Jan 2001 00:00:07 GMT", date) == 7
    assert http_date(None) is None and http_date("soon") is None


# --- the clock ---


def test_a_step_of_the_wall_clock_shortens_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 1_000_000 * time.monotonic())
    started = time.monotonic()
    assert _awake.wait(threading.Event(), 0.2) is False
    assert 0.19 < time.monotonic() - started < 5


def test_a_beat_that_fell_due_while_the_machine_slept_is_sent_at_once(platform: ScriptedPlatform,
                                                                      client: RemoteAgentClient,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    slept = 0.0
    real = _awake.now
    monkeypatch.setattr(_awake, "now", lambda: real() + slept)
    monkeypatch.setattr(_awake, "SLICE", 0.02)
    platform.on("POST", BEAT, {"status": "ok"})
    platform.on("GET", f"/workspaces/{WORKSPACE}/state", {"status": "online"})
    thread = threading.Thread(target=client.run_heartbeat_loop, daemon=True)  # a beat every 30 seconds
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while len(platform.asked("POST", BEAT)) < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        while len(platform.asked("POST", BEAT)) < 2 and time.monotonic() < deadline:
            slept += 60.0  # again, for a wait that begins only now
            time.sleep(0.05)
    finally:
        client.stop()
        thread.join(10)
    assert len(platform.asked("POST", BEAT)) >= 2


# --- one id for one message ---


def test_a_message_keeps_its_id_over_every_way_and_repeat(platform: ScriptedPlatform,
                                                          client: RemoteAgentClient) -> None:
    platform.on("GET", f"/registry/discover/{PEER}", {"url": platform.url + "/peer"})
    platform.on("POST", "/peer", Reply(503, {"error": "starting"}))
    platform.on("POST", f"/workspaces/{PEER}/a2a", Reply(503, {"error": "away", "code": "unavailable"}),
                {"jsonrpc": "2.0", "result": {}})
    with pytest.raises(requests.RequestException):
        client.call_peer(PEER, "hello", message_id="mine")
    client.call_peer(PEER, "hello", message_id="mine")
    client.call_peer(PEER, "hello")
    sent = [r.json()["params"]["message"]["messageId"] for r in platform.requests if r.method == "POST"]
    assert sent[:4] == ["mine"] * 4 and sent[4] == sent[5] != "mine"
