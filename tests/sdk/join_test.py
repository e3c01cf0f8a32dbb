"""`molecule join`: an agent that can only dial out is reached, reaches others, and loses nothing when its way breaks."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from molecule_agent._websocket import WebSocket
from dialling import DONE, TASK, Joining, asks, events, said, stream_over_breaks, words
from stage import BINARY, Stage, wait_for


@pytest.fixture
def alone(engine: str, tmp_path: Path) -> Iterator[Joining]:
    """On a platform of its own, which counts no other's connections."""
    (tmp_path / "platform").mkdir()
    stage = Stage(tmp_path / "platform", database_url=engine)
    stage.start()
    made = Joining(stage, tmp_path)
    yield made
    made.close()
    stage.close()


def test_a_command_answers_what_people_write(joining: Joining) -> None:
    workspace, token = joining.workspace("counter")
    joining.join(workspace, token, "--command", "wc -w", "--name", "counter")
    joining.online(workspace)
    answer = joining.send(workspace, "three short words", "m1")
    assert answer.status_code == 200
    assert said(answer.json()).strip() == "3"


def test_a_token_on_standard_input_is_kept_and_needed_once(stage: Stage, tmp_path: Path) -> None:
    made = stage.external("by standard input")
    line = [str(BINARY), "join", stage.url, "--workspace", made["id"], "--command", "cat", "--state", str(tmp_path)]

    def comes_online(given: str | None) -> None:
        agent = subprocess.Popen(line + (["--token-stdin"] if given else []), stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert agent.stdin is not None
            agent.stdin.write(given or "")
            agent.stdin.close()
            wait_for("its registration", lambda: stage.workspace(made["id"])["status"] == "online")
            wait_for("the token to be kept", lambda: made["connection"]["auth_token"] in
                     "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()))
        finally:
            agent.terminate()
            agent.wait(timeout=20)
        wait_for("its leave", lambda: stage.workspace(made["id"])["status"] != "online")

    # Some shells end what they hand over with a carriage return.
    comes_online(made["connection"]["auth_token"] + "\r\n")
    comes_online(None)
    refused = subprocess.run([*line, "--token-stdin"], input="\n", text=True, capture_output=True, timeout=20)
    assert refused.returncode != 0 and "no token on standard input" in refused.stderr


def test_a_command_that_fails_says_how(joining: Joining) -> None:
    workspace, token = joining.workspace("failing")
    joining.join(workspace, token, "--command", "echo half; exit 3")
    joining.online(workspace)
    answer = joining.send(workspace, "anything", "m1").json()
    assert answer["result"]["status"]["state"] == "failed"
    assert "status 3" in json.dumps(answer) and "half" in json.dumps(answer)


def test_a_command_is_told_as_it_prints(joining: Joining) -> None:
    workspace, token = joining.workspace("talking")
    joining.join(workspace, token, "--command", "printf 'one '; sleep 0.3; printf 'two ü'")
    joining.online(workspace)
    with joining.send(workspace, "go", "m1", stream=True) as response:
        pieces = [event["result"] for _, event in events(response)]
    texts = [piece["artifact"]["parts"][0]["text"] for piece in pieces if piece["kind"] == "artifact-update"]
    assert texts == ["one ", "two ü"]
    assert pieces[-1]["status"]["state"] == "completed"


def test_an_agent_that_listens_here_is_asked_as_it_is(joining: Joining) -> None:
    agent = joining.agent(lambda body: {"kind": "message", "messageId": "a", "role": "agent",
                                        "parts": [{"kind": "text", "text": "heard"}]})
    workspace, token = joining.workspace("listening")
    joining.join(workspace, token, "--agent", agent.url)
    joining.online(workspace)
    assert said(joining.send(workspace, "hello", "m1").json()) == "heard"
    assert agent.asked[0]["params"]["message"]["messageId"] == "m1"
    assert agent.heads[0]["Host"] == agent.url.removeprefix("http://")
    assert agent.heads[0]["X-Molecule-Activity-Id"]
    assert joining.stage.must("GET", f"/workspaces/{workspace}")["agent_card"]["name"] == "local"


def test_a_stream_is_byte_for_byte_the_same_over_a_way_that_breaks(joining: Joining) -> None:
    joined = stream_over_breaks(joining, joining.way())
    assert "nothing was lost" in joined.log_text()


def test_what_comes_while_the_agent_is_away_waits_for_it(alone: Joining) -> None:
    joining = alone
    workspace, token = joining.workspace("away")
    joined = joining.join(workspace, token, "--command", "cat")
    joining.online(workspace)
    joined.kill()
    # What is on its way when a connection breaks goes on when the agent is back; this comes after.
    wait_for("its connection to break", lambda: metric(joining.stage, "molecule_relays_away") + metric(joining.stage, "molecule_relays_ended_total") > 0)
    wait_for("the message to wait", lambda: joining.send(workspace, "later", "m1").status_code == 202)
    joining.join(workspace, None, "--command", "cat")  # The token was kept.
    joining.online(workspace)
    wait_for("the answer", lambda: joining.send(workspace, "later", "m1").status_code == 200)
    assert said(joining.send(workspace, "later", "m1").json()) == "later"


def test_who_leaves_is_offline_at_once(joining: Joining) -> None:
    workspace, token = joining.workspace("leaving")
    joined = joining.join(workspace, token, "--command", "cat")
    joining.online(workspace)
    assert joined.stop() == 0
    assert "broke" not in joined.log_text()
    joining.online(workspace, "offline", seconds=8)


def test_it_comes_back_after_the_platform_was_killed(joining: Joining) -> None:
    workspace, token = joining.workspace("patient")
    joined = joining.join(workspace, token, "--command", "cat")
    joining.online(workspace)
    joining.stage.kill()
    joining.stage.start()
    joined.wait_for('"connected"', times=2)
    assert said(joining.send(workspace, "still here", "m1").json()) == "still here"


def test_it_comes_back_at_once_but_not_to_a_platform_that_stops(joining: Joining) -> None:
    workspace, token = joining.workspace("steady")
    way = joining.way()
    joined = joining.join(workspace, token, "--command", "cat", url=way.url)
    joining.online(workspace)
    steady_after = 2  # A connection that breaks sooner is made again more slowly.
    time.sleep(steady_after + 0.2)
    way.cut()
    joined.wait_for("nothing was lost")
    time.sleep(steady_after + 0.2)
    joining.stage.stop()
    joined.wait_for("coming back", times=2)
    joining.stage.start()
    joined.wait_for('"connected"', times=2)
    waits = [json.loads(line)["in_ms"] for line in joined.log_text().splitlines() if "coming back" in line]
    assert waits[0] == 0
    assert waits[1] >= 100, "all whom it served are told at once, and come back one by one"


def test_two_agents_that_only_dial_out_talk_to_each_other(joining: Joining) -> None:
    boss, boss_token = joining.workspace("boss")
    helper, helper_token = joining.workspace("helper", parent=boss)
    joining.join(helper, helper_token, "--command", "printf 'one '; sleep 0.2; tr a-z A-Z")
    joining.online(helper)
    joined = joining.join(boss, boss_token, "--command", "cat")
    joining.online(boss)
    headers = {"Authorization": f"Bearer {boss_token}"}
    with requests.post(f"{joined.door}/workspaces/{helper}/a2a", json=asks("hello", "b1", stream=True), headers=headers,
                       timeout=30, stream=True) as response:
        assert response.status_code == 200
        texts = [event["result"]["artifact"]["parts"][0]["text"] for _, event in events(response)
                 if event["result"]["kind"] == "artifact-update"]
    assert texts == ["one ", "HELLO"]


def test_a_command_may_ask_the_platform_through_its_door(joining: Joining) -> None:
    workspace, token = joining.workspace("asking")
    ask = ('curl -sS -H "Authorization: Bearer $MOLECULE_WORKSPACE_TOKEN" '
           '"$MOLECULE_PLATFORM_URL/workspaces/$MOLECULE_WORKSPACE_ID/state"')
    joining.join(workspace, token, "--command", ask)
    joining.online(workspace)
    assert json.loads(said(joining.send(workspace, "state?", "m1").json()))["status"] == "online"


def test_a_wrong_token_ends_it_with_a_reason(joining: Joining) -> None:
    workspace, _ = joining.workspace("wrong")
    joined = joining.join(workspace, "mol_not-a-token", "--command", "cat")
    assert joined.ended() == 4
    assert "does not know this token" in joined.log_text()


class Page:
    """A web server that is no platform: whatever it is asked, it answers with the same page."""

    def __init__(self, status: str) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._status = status
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                with near:
                    near.recv(8192)
                    near.sendall(f"HTTP/1.1 {self._status}\r\nContent-Length: 14\r\n\r\n<h1>Hello</h1>".encode())

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def test_an_address_without_a_platform_ends_it_at_once(joining: Joining) -> None:
    with contextlib.closing(Page("404 Not Found")) as page:
        workspace, token = joining.workspace("lost")
        joined = joining.join(workspace, token, "--command", "cat", url=page.url)
        assert joined.ended(10) == 3
        assert "no Molecule platform" in joined.log_text() and page.url in joined.log_text()
    joined = joining.join(workspace, token, "--command", "cat", url=f"{joining.stage.url}/elsewhere")
    assert joined.ended(10) == 3
    assert f"{joining.stage.url}/elsewhere" in joined.log_text()


def test_a_ticket_that_leads_to_no_platform_says_so(joining: Joining) -> None:
    with contextlib.closing(Page("404 Not Found")) as page:
        made = joining.stage.must("POST", "/tickets", {"name": "misled", "platform_url": page.url})
        joined = joining.join_with(made["ticket"], "--command", "cat")
        assert joined.ended(10) == 3
        assert "no Molecule platform" in joined.log_text() and page.url in joined.log_text()


def test_where_a_platform_was_before_a_page_is_waited_out(joining: Joining) -> None:
    workspace, token = joining.workspace("was there")
    joined = joining.join(workspace, token, "--command", "cat")
    joining.online(workspace)
    assert joined.stop() == 0
    with contextlib.closing(Page("404 Not Found")) as page:
        joined = joining.join(workspace, None, "--command", "cat", url=page.url)
        joined.wait_for("status 404", times=3)
        assert joined.stop() == 0


def test_who_cannot_be_reached_from_the_start_is_told_what_to_look_at(joining: Joining) -> None:
    workspace, token = joining.workspace("nowhere")
    with socket.socket() as reserved:  # Nobody listens there, and nobody else will.
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        joined = joining.join(workspace, token, "--command", "cat", url=f"http://127.0.0.1:{port}")
        joined.wait_for(f"is the platform up, and is http://127.0.0.1:{port} its address?")
        assert joined.stop() == 0
    joined = joining.join(workspace, token, "--command", "cat", url=joining.stage.url.replace("http:", "https:"))
    joined.wait_for("a platform without TLS begins with http://")
    assert joined.stop() == 0


def test_a_platform_with_tls_that_is_not_met_rightly_says_what_to_change(joining: Joining, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=x", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=20)
    workspace, token = joining.workspace("secure")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = server.accept()
                    with near, contextlib.suppress(OSError):
                        context.wrap_socket(near, server_side=True).close()

        threading.Thread(target=answer, daemon=True).start()
        port = server.getsockname()[1]
        for address, options, hint in ((f"http://127.0.0.1:{port}", [], "begins with https://"),
                                       (f"https://127.0.0.1:{port}", [], "--ca FILE"),
                                       (f"https://localhost:{port}", ["--ca", str(certificate)], "for another name")):
            joined = joining.join(workspace, token, "--command", "cat", *options, url=address)
            joined.wait_for(hint)
            assert joined.stop() == 0
        server.shutdown(socket.SHUT_RDWR)


def names(joining: Joining, workspace: str) -> str:
    return str(joining.stage.must("GET", f"/workspaces/{workspace}")["agent_card"]["name"])


def test_an_agent_without_a_name_has_that_of_its_workspace(joining: Joining) -> None:
    workspace, token = joining.workspace("word counter")
    joining.join(workspace, token, "--command", "cat")
    joining.online(workspace)
    assert names(joining, workspace).startswith("word counter")


def test_an_agent_that_goes_away_is_told_of_here(joining: Joining) -> None:
    agent = joining.agent(lambda body: {"kind": "message", "messageId": "a", "role": "agent", "parts": []})
    workspace, token = joining.workspace("vanishing")
    joined = joining.join(workspace, token, "--agent", agent.url)
    joining.online(workspace)
    agent.close()
    joined.wait_for("the agent does not answer; its workspace shows as degraded", seconds=30)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "410 Gone"])
def test_what_the_platform_did_not_say_does_not_end_it(joining: Joining, status: str) -> None:
    """The login page of a network, or a proxy in between, answers with these numbers, too."""
    with socket.create_server(("127.0.0.1", 0)) as page:
        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = page.accept()
                    with near:
                        near.recv(4096)
                        near.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 14\r\n\r\n<h1>Login</h1>".encode())

        threading.Thread(target=answer, daemon=True).start()
        workspace, token = joining.workspace("captive")
        joined = joining.join(workspace, token, "--command", "cat", url=f"http://127.0.0.1:{page.getsockname()[1]}")
        joined.wait_for(f"status {status[:3]}", times=2)
        assert joined.stop() == 0
        page.shutdown(socket.SHUT_RDWR)


def test_a_revoked_token_ends_it(joining: Joining) -> None:
    workspace, token = joining.workspace("revoked")
    joined = joining.join(workspace, token, "--command", "cat")
    joining.online(workspace)
    joining.stage.must("POST", f"/workspaces/{workspace}/external/rotate")
    assert joined.ended() == 4
    assert "revoked" in joined.log_text()


def test_a_removed_workspace_ends_it(joining: Joining) -> None:
    workspace, token = joining.workspace("removed")
    joined = joining.join(workspace, token, "--command", "cat")
    joining.online(workspace)
    joining.stage.must("DELETE", f"/workspaces/{workspace}?confirm=true")
    assert joined.ended() == 4
    assert "removed" in joined.log_text()


def test_the_newer_of_two_counts_and_the_older_ends(joining: Joining) -> None:
    workspace, token = joining.workspace("twice")
    older = joining.join(workspace, token, "--command", "echo older", folder="older")
    joining.online(workspace)
    newer = joining.join(workspace, token, "--command", "echo newer", folder="newer")
    newer.wait_for('"registered"')
    assert older.ended() == 4
    assert "from elsewhere" in older.log_text()
    assert said(joining.send(workspace, "who?", "m1").json()).strip() == "newer"


def test_another_platform_at_the_same_address_is_not_spoken_to(joining: Joining) -> None:
    workspace, token = joining.workspace("pinned")
    joined = joining.join(workspace, token, "--command", "cat")
    joining.online(workspace)
    joined.stop()
    kept = joining.folder / workspace / "state" / "join" / workspace / "platform_fingerprint"
    assert kept.read_text().startswith("SHA256:")
    kept.write_text("SHA256:" + "A" * 43 + "\n")
    joined = joining.join(workspace, None, "--command", "cat")
    assert joined.ended() == 4
    assert "another platform" in joined.log_text()


def test_an_agent_that_is_not_there_yet_is_waited_for(joining: Joining) -> None:
    agent = joining.agent(lambda body: {"kind": "message", "messageId": "a", "role": "agent", "parts": []})
    url = agent.url
    agent.close()
    workspace, token = joining.workspace("early")
    joined = joining.join(workspace, token, "--agent", url)
    joined.wait_for("no agent answers yet")
    joining.send(workspace, "anybody?", "m1")
    answers = {"kind": "message", "messageId": "a", "role": "agent", "parts": [{"kind": "text", "text": "now I am"}]}
    joining.agent(lambda body: answers, port=int(url.rsplit(":", 1)[1]))
    joining.online(workspace)
    wait_for("the answer", lambda: "now I am" in joining.send(workspace, "anybody?", "m1").text)


def test_a_message_that_comes_again_finds_the_run_that_there_was(joining: Joining) -> None:
    workspace, token = joining.workspace("once")
    runs = joining.folder / "runs"
    joining.join(workspace, token, "--command", f"echo run >> {runs}; sleep 2; echo done")
    joining.online(workspace)
    def ask() -> None:
        with contextlib.suppress(requests.ConnectionError):
            joining.send(workspace, "go", "m1")

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for("the command to run", runs.exists)
    joining.stage.kill()
    thread.join()
    joining.stage.start()
    wait_for("the answer", lambda: joining.send(workspace, "go", "m1").status_code == 200)
    assert said(joining.send(workspace, "go", "m1").json()).strip() == "done"
    assert runs.read_text().count("run") == 1


def test_a_command_is_a_program_like_any_other(joining: Joining) -> None:
    workspace, token = joining.workspace("plain")
    joining.join(workspace, token, "--command", "cat /dev/stdin > /dev/stdout; yes | head -1; setsid sleep 30 &")
    joining.online(workspace)
    began = time.monotonic()
    assert said(joining.send(workspace, "text ", "m1").json()) == "text y\n"
    assert time.monotonic() - began < 10, "what it leaves behind is not waited for"


def test_an_agent_that_is_busy_keeps_its_card(joining: Joining) -> None:
    free = threading.Event()

    def answers(_: dict[str, Any]) -> Any:
        free.wait(20)
        return {"kind": "message", "messageId": "a", "role": "agent", "parts": []}

    agent = joining.agent(answers, one_at_a_time=True)
    workspace, token = joining.workspace("busy")
    joined = joining.join(workspace, token, "--agent", agent.url)
    joining.online(workspace)
    thread = threading.Thread(target=lambda: joining.send(workspace, "go", "m1"))
    thread.start()
    wait_for("the agent to be busy", lambda: agent.asked)
    joined.kill()
    joined = joining.join(workspace, None, "--agent", agent.url)
    joined.wait_for("no agent answers yet")
    assert joining.stage.must("GET", f"/workspaces/{workspace}")["agent_card"]["name"] == "local"
    free.set()
    thread.join()
    joined.wait_for('"registered"')


def test_who_was_replaced_while_it_slept_does_not_throw_the_newer_out(joining: Joining) -> None:
    way = joining.way()
    workspace, token = joining.workspace("asleep")
    older = joining.join(workspace, token, "--command", "echo older", url=way.url, folder="older")
    joining.online(workspace)
    way.block()
    newer = joining.join(workspace, token, "--command", "echo newer", folder="newer")
    newer.wait_for('"registered"')
    way.unblock()
    assert older.ended() == 4
    assert "from elsewhere" in older.log_text()
    assert said(joining.send(workspace, "who?", "m1").json()).strip() == "newer"


def test_a_stream_goes_on_when_its_agent_comes_back_as_another_connection(joining: Joining) -> None:
    """Its connection is never gone on with: the messages of it are brought anew, and the agent goes on where it was."""
    go_on = threading.Event()

    def answers(body: dict[str, Any]) -> Any:
        def results() -> Iterator[dict[str, Any]]:
            if body["method"] == "message/stream":
                yield TASK
                yield words("one ", append=False)
            go_on.wait(20)
            yield words("two")
            yield DONE
        return results()

    agent = joining.agent(answers)
    workspace, token = joining.workspace("replaced")
    older = joining.join(workspace, token, "--agent", agent.url)
    joining.online(workspace)
    with joining.send(workspace, "go", "m1", stream=True) as response:
        texts = []
        for _, event in events(response):
            if event["result"]["kind"] != "artifact-update":
                continue
            texts.append(event["result"]["artifact"]["parts"][0]["text"])
            if len(texts) == 1:
                older.kill()
                newer = joining.join(workspace, None, "--agent", agent.url)
                newer.wait_for('"registered"')
                go_on.set()
    assert texts == ["one ", "two"]
    assert [asked["method"] for asked in agent.asked] in (["message/stream", "tasks/resubscribe"],
                                                          ["message/stream", "tasks/resubscribe", "tasks/resubscribe"])


def test_who_never_heard_that_it_was_welcome_is_no_other(joining: Joining) -> None:
    """Its first attempt arrived, and the answer was lost with a connection that nobody knows to be dead."""
    workspace, token = joining.workspace("unheard")
    with contextlib.ExitStack() as held:
        first = hello(held, joining.stage.url, workspace, token, session="gone")
        again = hello(held, joining.stage.url, workspace, token, session="gone")
        assert again["resumed"] is False and again["session"] != first["session"]
        other = hello(held, joining.stage.url, workspace, token, session="of another")
        assert "newer connection counts" in other["refused"]


def test_a_message_for_an_agent_that_has_gone_says_so(joining: Joining) -> None:
    agent = joining.agent(lambda body: {"kind": "message", "messageId": "a", "role": "agent", "parts": []})
    workspace, token = joining.workspace("gone")
    joining.join(workspace, token, "--agent", agent.url)
    joining.online(workspace)
    agent.close()
    joining.send(workspace, "anybody?", "m1")
    rows = joining.stage.must("GET", f"/workspaces/{workspace}/activity?type=a2a_receive")
    assert "no agent answers at" in json.dumps(rows)


def test_a_connection_that_breaks_before_it_has_begun_leaves_nothing_behind(joining: Joining) -> None:
    workspace, token = joining.workspace("half")
    for number in range(20):
        break_before_welcome(joining.stage.url, workspace, token, late=number % 2 == 1)
    # Those that came far enough to be there are known to be away.
    wait_for("some to be there", lambda: metric(joining.stage, "molecule_relays") > 0)
    wait_for("all of them to be away",
             lambda: metric(joining.stage, "molecule_relays") == metric(joining.stage, "molecule_relays_away"))


def hello(held: contextlib.ExitStack, url: str, workspace: str, token: str, session: str) -> dict[str, Any]:
    """Say hello as an agent that wants to go on with a session, and leave the connection as it is for as long as it is held."""
    socket_ = WebSocket(f"{url}/workspaces/{workspace}/relay", {"Authorization": f"Bearer {token}"})
    nonce = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    held.callback(socket_.close)
    socket_.send(json.dumps({"version": 1, "nonce": nonce, "session": session, "received": 0}))
    socket_.receive()
    socket_.send("{}")
    got = socket_.receive()
    if got is None:
        assert socket_.closed
        return {"refused": socket_.closed[1]}
    said: dict[str, Any] = json.loads(got)
    return said


def metric(stage: Stage, name: str) -> float:
    lines = stage.ask("GET", "/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + " "))


def break_before_welcome(url: str, workspace: str, token: str, late: bool) -> None:
    """Say hello and show a proof, then reset the connection."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), 10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(f"GET /workspaces/{workspace}/relay HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
                           f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                           f"Authorization: Bearer {token}\r\n\r\n".encode())
        nonce = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
        for said_text in (json.dumps({"version": 1, "nonce": nonce}), "{}"):
            data = said_text.encode()
            connection.sendall(bytes([0x81, 0x80 | len(data)]) + b"\0\0\0\0" + data)
        if late:
            connection.recv(65536)


def ticket_for(joining: Joining, name: str) -> str:
    return str(joining.stage.must("POST", "/tickets", {"name": f"{name} {joining.folder.name}"})["ticket"])


def workspace_of(joining: Joining, name: str) -> str:
    rows = joining.stage.must("GET", "/workspaces")
    return str(next(row["id"] for row in rows if row["name"] == f"{name} {joining.folder.name}"))


def test_a_ticket_is_all_that_is_needed(joining: Joining) -> None:
    joined = joining.join_with(ticket_for(joining, "invited"), "--command", "wc -w")
    joined.wait_for('"registered"')
    workspace = workspace_of(joining, "invited")
    joining.online(workspace)
    assert said(joining.send(workspace, "two words", "m1").json()).strip() == "2"


def test_the_same_ticket_goes_on_here_and_nowhere_else(joining: Joining) -> None:
    ticket = ticket_for(joining, "kept")
    joined = joining.join_with(ticket, "--command", "cat")
    joined.wait_for('"registered"')
    joined.kill()
    joined = joining.join_with(ticket, "--command", "cat")
    joined.wait_for('"registered"')
    elsewhere = joining.join_with(ticket, "--command", "cat", folder="elsewhere")
    assert elsewhere.ended() == 4
    assert "joined with this ticket" in elsewhere.log_text()


def test_a_stolen_token_without_the_key_is_refused(joining: Joining) -> None:
    joined = joining.join_with(ticket_for(joining, "pinned"), "--command", "cat")
    joined.wait_for('"registered"')
    workspace = workspace_of(joining, "pinned")
    token = (joining.folder / "ticket" / "state" / "join" / workspace / "token").read_text().strip()
    thief = joining.join(workspace, token, "--command", "echo stolen", folder="thief")
    assert thief.ended() == 4
    assert "holder of another key" in thief.log_text()
    assert said(joining.send(workspace, "mine?", "m1").json()) == "mine?"


def test_what_is_no_ticket_is_said_to_be_none(joining: Joining) -> None:
    joined = joining.join_with("mjt_nonsense", "--command", "cat")
    assert joined.ended() == 2
    assert "no ticket" in joined.log_text()
