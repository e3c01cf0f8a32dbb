"""`molecule join` where something on the way takes no WebSockets: requests carry everything that a WebSocket would."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from dialling import Joining, asks, events, said, stream_over_breaks
from stage import wait_for


@pytest.mark.parametrize("websockets", ["refuse", "close", "swallow"])
def test_an_agent_behind_a_way_without_websockets_is_reached(joining: Joining, websockets: str) -> None:
    way = joining.way()
    way.websockets = websockets
    workspace, token = joining.workspace("polled")
    joined = joining.join(workspace, token, "--command", "cat", url=way.url)
    joining.online(workspace, seconds=30)
    for number, text in enumerate(("hello", "x" * 1_000_000)):
        answer = joining.send(workspace, text, f"m{number}")
        assert answer.status_code == 200 and said(answer.json()) == text
    assert '"by":"requests"' in joined.log_text()
    assert joined.stop() == 0
    joining.online(workspace, "offline", seconds=8)


def test_a_stream_is_byte_for_byte_the_same_though_requests_are_lost(joining: Joining) -> None:
    way = joining.way()
    way.websockets = "refuse"
    joined = stream_over_breaks(joining, way)
    assert "nothing was lost" in joined.log_text() and '"by":"requests"' in joined.log_text()


def test_once_the_way_takes_websockets_the_next_connection_is_one(joining: Joining) -> None:
    way = joining.way()
    way.websockets = "close"
    workspace, token = joining.workspace("moves")
    joined = joining.join(workspace, token, "--command", "cat", url=way.url)
    joining.online(workspace)
    joined.wait_for('"by":"requests"')
    way.websockets = "pass"
    way.cut()
    joined.wait_for('"by":"websocket"')
    assert said(joining.send(workspace, "still", "m1").json()) == "still"
    assert "nothing was lost" in joined.log_text()


def test_a_platform_that_was_not_there_for_a_moment_is_not_polled_for_ever(joining: Joining) -> None:
    way = joining.way()
    way.websockets = "busy"
    workspace, token = joining.workspace("restarts")
    joined = joining.join(workspace, token, "--command", "cat", url=way.url)
    joined.wait_for('"by":"requests"')
    way.websockets = "pass"
    # Nothing breaks meanwhile: it looks by itself.
    joined.wait_for('"by":"websocket"', seconds=40)
    assert "nothing was lost" in joined.log_text() and "broke" not in joined.log_text()


def test_agents_that_only_poll_ask_each_other(joining: Joining) -> None:
    way = joining.way()
    way.websockets = "close"
    one, token_one = joining.workspace("one")
    two, token_two = joining.workspace("two", one)
    asker = joining.agent(lambda body: {"kind": "message", "messageId": "a", "role": "agent",
                                        "parts": [{"kind": "text", "text": "asker"}]})
    joined = joining.join(one, token_one, "--agent", asker.url, url=way.url, folder="one")
    joining.join(two, token_two, "--command", "printf a; sleep 0.2; printf b", url=way.url, folder="two")
    joining.online(one)
    joining.online(two)
    door = joined.door
    with requests.post(f"{door}/workspaces/{two}/a2a", json=asks("go", "m1", True), stream=True, timeout=30,
                       headers={"Authorization": f"Bearer {token_one}", "X-Workspace-ID": one}) as response:
        texts = [event["result"]["artifact"]["parts"][0]["text"] for _, event in events(response)
                 if event["result"]["kind"] == "artifact-update"]
    assert "".join(texts) == "ab" and len(texts) == 2, "it came while it was said"


def test_nginx_with_nothing_but_proxy_pass_is_such_a_way(joining: Joining, tmp_path: Path) -> None:
    place = urlsplit(joining.stage.url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path / "nginx"
    folder.mkdir()
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n"
        f"uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{place.port}; }} }} }}\n")
    nginx = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        workspace, token = joining.workspace("behind nginx")
        joined = joining.join(workspace, token, "--command", "cat", url=f"http://127.0.0.1:{port}")
        joining.online(workspace)
        assert said(joining.send(workspace, "through", "m1").json()) == "through"
        assert '"by":"requests"' in joined.log_text()
    finally:
        nginx.terminate()
        nginx.wait(20)


def test_a_platform_that_stops_does_not_wait_for_those_who_poll(joining: Joining) -> None:
    way = joining.way()
    way.websockets = "close"
    workspace, token = joining.workspace("survivor")
    joined = joining.join(workspace, token, "--command", "cat", url=way.url)
    joining.online(workspace)
    begun = time.monotonic()
    joining.stage.ask_to_stop()
    assert joining.stage.stopped(20) == 0
    assert time.monotonic() - begun < 5
    joining.stage.start()
    joined.wait_for('"by":"requests"', times=2, seconds=30)
    assert said(joining.send(workspace, "again", "m1").json()) == "again"


class Polling:
    """Speaks the requests by hand."""

    def __init__(self, joining: Joining, workspace: str, token: str) -> None:
        self._base = f"{joining.stage.url}/workspaces/{workspace}/relay/polls"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self.begun = self._session.post(self._base, timeout=30)
        self.at = f"{self._base}/{self.begun.json().get('poll')}"

    def put(self, number: int, parcel: bytes) -> requests.Response:
        return self._session.post(f"{self.at}/parcels?number={number}", data=parcel, timeout=30,
                                  headers={"Content-Type": "application/octet-stream"})

    def take(self, number: int, timeout: float = 40) -> requests.Response:
        return self._session.post(f"{self.at}/next?number={number}", timeout=timeout)

    def hello(self) -> None:
        text = json.dumps({"version": 1, "nonce": "A" * 43}).encode()
        assert self.put(1, b"t" + struct.pack(">I", len(text)) + text).status_code == 204
        assert b'"platform_key"' in self.take(1).content
        assert self.put(2, b"t\0\0\0\2{}").status_code == 204
        assert b'"session"' in self.take(2).content


def test_a_request_that_is_lost_or_comes_twice_ends_what_carried_it(joining: Joining) -> None:
    workspace, token = joining.workspace("replayed")
    polling = Polling(joining, workspace, token)
    polling.hello()
    wait_for("it to be there", lambda: joining.status(workspace) == "online" or
             joining.stage.must("GET", f"/workspaces/{workspace}").get("status") is not None)
    assert (polling.put(2, b"").status_code, polling.put(3, b"").json()["code"]) == (409, "poll_broken")
    assert polling.take(3).json()["code"] == "poll_broken"
    skipping = Polling(joining, workspace, token)
    assert skipping.take(2).json()["code"] == "poll_broken"
    assert skipping.put(1, b"").json()["code"] == "poll_broken"


def test_polls_of_others_and_what_is_no_parcel_are_refused(joining: Joining) -> None:
    workspace, token = joining.workspace("mine")
    other, other_token = joining.workspace("other")
    mine = Polling(joining, workspace, token)
    theirs = Polling(joining, other, other_token)
    theirs.at = theirs.at.rpartition("/")[0] + "/" + mine.at.rpartition("/")[2]
    assert theirs.take(1).json()["code"] == "poll_broken", "a poll is of one workspace"
    theirs.at = mine.at
    assert theirs.take(1).status_code == 403
    assert mine.put(1, b"t\0\0\0\5ab").json()["code"] == "parcel_invalid"
    assert mine.take(1).json()["code"] == "poll_broken", "what was not understood cannot be followed"
    for bad in (b"x\0\0\0\0", b"t\0\0", b"b\xff\xff\xff\xff", b"b" + struct.pack(">I", 70_000) + b"x" * 70_000):
        assert Polling(joining, workspace, token).put(1, bad).json()["code"] == "parcel_invalid"
    assert Polling(joining, workspace, token).put(1, b"b" * 600_000).status_code == 413


def test_begun_and_left_ones_are_few_and_end(joining: Joining) -> None:
    workspace, token = joining.workspace("leaves")
    begun = [Polling(joining, workspace, token) for _ in range(5)]
    assert [each.begun.status_code for each in begun] == [201] * 4 + [503]
    assert begun[-1].begun.json()["code"] == "too_many_relays" and "Retry-After" in begun[-1].begun.headers
    # None of them said a word: they end by themselves.
    wait_for("room", lambda: Polling(joining, workspace, token).begun.status_code == 201, 20)
