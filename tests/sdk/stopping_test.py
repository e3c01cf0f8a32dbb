"""SIGTERM: what is open is told at once, what is under way ends, and nothing else keeps the process."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from held import Held, Stopwatch, bearer
from stage import Stage, wait_for

SOON = 3.0
"""Seconds until the process has ended when no request is under way."""
AT_ONCE = 2.0
"""Seconds, on a machine with other work to do, for what waits for nothing."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stage]:
    """A platform that the test may stop."""
    made = Stage(tmp_path)
    made.start()
    yield made
    made.close()


def operator(stage: Stage) -> str:
    return bearer((stage.data / "admin_token").read_text().strip())


def unread(stage: Stage) -> Held:
    """A peer that asks for more than the kernel keeps for it, and reads none of it."""
    greedy = Held(stage.url)
    for _ in range(1500):
        greedy.ask("/openapi.json")
    return greedy


def halves(stage: Stage) -> list[Held]:
    """Peers in the middle of a head and of a body, and one that has only connected."""
    head, body, nothing = Held(stage.url), Held(stage.url), Held(stage.url)
    head.send(b"GET /readyz HTTP/1.1\r\nHost: 127.0")
    body.send(f"POST /workspaces HTTP/1.1\r\nHost: 127.0.0.1\r\n{operator(stage)}\r\nContent-Length: 500\r\n\r\n{{".encode())
    return [head, body, nothing]


def test_a_platform_with_nothing_to_do_ends_at_once(own: Stage) -> None:
    with Held(own.url) as idle:
        idle.ask("/healthz")
        assert idle.answer()[0] == 200
        own.ask_to_stop()
        watch = Stopwatch()
        assert idle.rest() == b""
        assert own.stopped() == 0
    assert watch.seconds < AT_ONCE


def test_whatever_is_open_is_told_and_kept_waiting_by_nobody(own: Stage) -> None:
    parent = own.external("parent")["id"]
    child = own.external("child", parent)["id"]
    token = own.must("POST", f"/workspaces/{parent}/tokens")["auth_token"]
    delegation = requests.post(f"{own.url}/workspaces/{parent}/delegate", timeout=10,
                               headers={"Authorization": f"Bearer {token}"},
                               json={"target_id": child, "task": "wait"}).json()["delegation_id"]
    greedy, unfinished = unread(own), halves(own)
    with Held(own.url) as feed, Held(own.url) as outcome, Held(own.url) as stream, Held(own.url) as live:
        stream.stream(parent, bearer(token))
        live.socket(operator(own))
        feed.poll(f"/workspaces/{parent}/activity?type=error&since_secs=60&wait=30", bearer(token))
        outcome.poll(f"/workspaces/{parent}/delegations/{delegation}?wait=30", bearer(token))
        own.ask_to_stop()
        watch = Stopwatch()
        assert feed.answer() == (200, b"[]")
        status, body = outcome.answer()
        assert (status, json.loads(body)["delegation_id"]) == (200, delegation)
        assert stream.rest().endswith(b"0\r\n\r\n")
        assert live.close_code()[0] == 1001
        assert live.rest() == b""
        assert watch.seconds < AT_ONCE
        assert own.stopped() == 0
    assert watch.seconds < SOON
    for one in [greedy, *unfinished]:
        one.vanish()


@pytest.mark.parametrize("how", ["vanished", "silent"])
def test_a_browser_that_is_gone_keeps_nothing_waiting(own: Stage, how: str) -> None:
    gone = [Held(own.url) for _ in range(3)]
    for one in gone:
        one.socket(operator(own))
    if how == "vanished":
        for one in gone:
            one.vanish()
        # As the platform sees it: its metrics count nobody.
        wait_for("the sockets to be gone", lambda: "molecule_http_streams 0\n" in own.ask("GET", "/metrics").text, 5)
    own.ask_to_stop()
    watch = Stopwatch()
    assert own.stopped() == 0
    assert watch.seconds < SOON
    if how == "silent":
        for one in gone:
            one.vanish()


def test_a_stop_right_after_somebody_left_ends_well_every_time(own: Stage) -> None:
    """Where accepting was in the middle of a turn, the process once ended by abort in one of fifteen stops."""
    for _ in range(15):
        gone = [Held(own.url) for _ in range(3)]
        for one in gone:
            one.socket(operator(own))
        for one in gone:
            one.vanish()
        own.ask_to_stop()
        assert own.stopped() == 0
        own.start()


def test_readiness_ends_before_the_requests_do(own: Stage) -> None:
    with Held(own.url) as asking:
        asking.send(b"GET /readyz HTTP/1.1\r\n")
        assert own.ask("GET", "/readyz").status_code == 200
        own.ask_to_stop()

        def refused() -> bool:
            try:
                with Held(own.url):
                    return False
            except OSError:
                return True

        wait_for("the port to be closed", refused, 2)
        asking.send(b"Host: 127.0.0.1\r\n\r\n")
        status, body = asking.answer()
        assert (status, json.loads(body)["code"]) == (503, "draining")
        assert own.stopped() == 0


class Agent:
    """An agent that is pushed to and takes its time."""

    def __init__(self, seconds: float) -> None:
        self.asked = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.set()
                time.sleep(seconds)
                message = {"role": "agent", "messageId": "m", "parts": [{"kind": "text", "text": "late but here"}]}
                body = json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": message}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_a_request_under_way_gets_its_answer(own: Stage) -> None:
    agent = Agent(seconds=1.5)
    made = own.external("slow")
    token = made["connection"]["auth_token"]
    registered = requests.post(f"{own.url}/registry/register", timeout=10, headers={"Authorization": f"Bearer {token}"},
                               json={"id": made["id"], "url": agent.url, "agent_card": {"name": "slow"}})
    assert registered.status_code == 200, registered.text
    said: list[requests.Response] = []
    asking = threading.Thread(target=lambda: said.append(own.say(made["id"], "hello")))
    asking.start()
    assert agent.asked.wait(10)
    own.ask_to_stop()
    watch = Stopwatch()
    assert own.stopped() == 0
    asking.join(10)
    assert said[0].status_code == 200 and "late but here" in said[0].text
    assert 1 < watch.seconds < 1.5 + SOON
    agent.server.shutdown()
    agent.server.server_close()


def test_two_signals_end_it_without_waiting(own: Stage) -> None:
    agent = Agent(seconds=3)
    made = own.external("slow")
    requests.post(f"{own.url}/registry/register", timeout=10,
                  headers={"Authorization": f"Bearer {made['connection']['auth_token']}"},
                  json={"id": made["id"], "url": agent.url, "agent_card": {"name": "slow"}})
    with Held(own.url) as asking:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {
            "messageId": "m1", "role": "user", "parts": [{"kind": "text", "text": "hi"}]}}})
        asking.send((f"POST /workspaces/{made['id']}/a2a HTTP/1.1\r\nHost: 127.0.0.1\r\n{operator(own)}\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        assert agent.asked.wait(10)
        own.ask_to_stop()
        wait_for("it to have heard", lambda: _closed(own.url), 2)
        own.ask_to_stop()
        watch = Stopwatch()
        assert own.stopped() == 130
        assert watch.seconds < 1
    agent.server.shutdown()
    agent.server.server_close()


def _closed(url: str) -> bool:
    try:
        with Held(url):
            return False
    except (OSError, socket.timeout):
        return True


def test_a_hang_up_ends_nothing(own: Stage) -> None:
    """SIGHUP asks a service to look at its settings again; nobody who is being served notices."""
    assert own.pid is not None
    with Held(own.url) as idle:
        for _ in range(3):
            os.kill(own.pid, signal.SIGHUP)
        wait_for("a line that says what was done", lambda: "asked to reload" in own.log_text())
        idle.ask("/healthz")
        assert idle.answer()[0] == 200
    assert own.stop() == 0


def test_a_hang_up_reads_the_certificate_again(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"

    def make(name: str) -> None:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate)], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def shown() -> bytes:
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", int(own.url.rpartition(":")[2])), timeout=10))

    make("first")
    own = Stage(tmp_path, "--tls-cert", str(certificate), "--tls-key", str(key))
    try:
        own.start()
        assert b"first" in shown()
        make("second")
        assert own.pid is not None
        os.kill(own.pid, signal.SIGHUP)
        wait_for("the new certificate", lambda: b"second" in shown())
        certificate.write_text("no certificate")
        os.kill(own.pid, signal.SIGHUP)
        wait_for("a line about the failure", lambda: "not reloaded" in own.log_text())
        assert b"second" in shown(), "the old certificate stays"
        assert own.stop() == 0
    finally:
        own.close()
