"""What goes on with --watch, while platforms stop, come back, and are other ones."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agents import Polling
from stage import Stage, wait_for
from terminal import DONE, NOT_REACHABLE, REFUSED, Machine, Running

TOKEN = "the-same-token-of-two-platforms-0"


class Listener:
    """Takes a port that a platform had, and keeps what it is shown there."""

    def __init__(self, url: str) -> None:
        self._socket = wait_for("the port to be free", lambda: self._listening(url))
        self.met, self.shown = 0, b""
        threading.Thread(target=self._take, daemon=True).start()

    @staticmethod
    def _listening(url: str) -> socket.socket | None:
        host, port = url.removeprefix("http://").split(":")
        try:
            return socket.create_server((host, int(port)))
        except OSError:
            return None

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self.shown += connection.recv(65536)
                except OSError:
                    pass
            self.met += 1


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stage]:
    """A platform that a test may stop."""
    made = Stage(tmp_path)
    made.start()
    yield made
    made.close()


@pytest.mark.parametrize("words", [("ws", "list"), ("events",), ("activity", "list", "watched"), ("ws", "get", "watched")])
@pytest.mark.parametrize("gone", ["kill", "stop"])
def test_who_takes_the_port_of_a_platform_is_shown_no_token(elsewhere: Machine, own: Stage, words: tuple[str, ...], gone: str) -> None:
    log(own, own.external("watched")["id"], "something")
    with elsewhere.begin(*words, "--data", own.data, "--watch", "-o", "json") as watching:
        wait_for("something to be shown", lambda: watching.out)
        getattr(own, gone)()
        with Listener(own.url) as other:
            wait_for("it to come again", lambda: other.met >= 3)
            assert other.shown == b"", "nothing at all is asked of it"
            assert watching.process.poll() is None


def test_the_dashboard_shows_no_token_either(elsewhere: Machine, own: Stage) -> None:
    own.external("watched")
    with elsewhere.terminal("top", "--data", own.data, columns=100) as terminal:
        terminal.wait_for("watched")
        own.kill()
        with Listener(own.url) as other:
            wait_for("it to come again", lambda: terminal._read(0.05) and other.met >= 3)  # noqa: SLF001
            assert other.shown == b""


def test_a_platform_that_stops_is_not_taken_for_one_that_answers(elsewhere: Machine, own: Stage) -> None:
    """While it ends what is under way it holds its data, and its port no more."""
    assert elsewhere.json("config", "view", "--data", own.data)["url"] == own.url
    with socket.create_connection(tuple(own.url.removeprefix("http://").split(":"))) as slow:  # type: ignore[arg-type]
        slow.sendall(b"POST /workspaces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        own.ask_to_stop()
        with Listener(own.url) as other:
            ran = elsewhere.run("ws", "list", "--data", own.data)
            assert ran.returncode == NOT_REACHABLE and other.shown == b"", ran
            assert "does not say where it answers" in ran.stderr or "no platform runs on" in ran.stderr


def rows(watching: Running) -> list[dict[str, object]]:
    return [json.loads(line) for line in watching.out.splitlines()]


def names(watching: Running) -> list[str]:
    return [str(row["payload"].get("name")) for row in rows(watching)  # type: ignore[attr-defined]
            if row["event_type"] == "WORKSPACE_PROVISIONING"]


@pytest.mark.parametrize("more", [False, True], ids=["fewer events", "more events"])
def test_events_of_other_data_are_told_from_their_beginning(elsewhere: Machine, tmp_path: Path, more: bool) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for each in folders:
        each.mkdir()
    stages = [Stage(folders[0], environment={"ADMIN_TOKEN": TOKEN})]
    stages[0].start()
    try:
        url = stages[0].url
        for number in range(6):
            stages[0].external(f"old {number}")
        with elsewhere.begin("events", "--watch", "-o", "json", "--url", url, MOLECULE_API_KEY=TOKEN) as watching:
            watching.wait_for("old 5")
            stages[0].external("live")
            watching.wait_for("live")
            stages[0].stop()
            stages.append(Stage(folders[1], environment={"ADMIN_TOKEN": TOKEN}, listen=url.removeprefix("http://")))
            stages[1].start()
            new = [f"new {number}" for number in range(30 if more else 2)]
            for each in new:
                stages[1].external(each)
            watching.wait_for(new[-1])
            wait_for("all of them", lambda: [each for each in names(watching) if each in new] == new)
            assert "anew" in watching.said
            stages[1].external("and live again")
            watching.wait_for("and live again")
            assert len(names(watching)) == len(set(names(watching))), "nothing is told twice"
    finally:
        for each in stages:
            each.close()


def test_a_key_that_is_revoked_ends_what_follows_with_it(elsewhere: Machine, stage: Stage) -> None:
    made = stage.must("POST", "/org/tokens", {"name": "follower", "scope": "read"})
    key = {"MOLECULE_API_KEY": made["auth_token"]}
    stage.external("followed")
    words = [("events",), ("ws", "list"), ("activity", "list", "followed")]
    all_of_them = [elsewhere.begin(*each, "--watch", "--url", stage.url, "-o", "json", **key) for each in words]
    try:
        for each in all_of_them[:2]:
            each.wait_for("followed")
        stage.must("DELETE", f"/org/tokens/{made['id']}")
        for each in all_of_them:
            assert each.ended() == REFUSED, each.said
            assert "next: " in each.said
    finally:
        for each in all_of_them:
            each.__exit__()


def log(stage: Stage, workspace: str, summary: str) -> None:
    stage.must("POST", f"/workspaces/{workspace}/activity", {"activity_type": "agent_log", "summary": summary})


@pytest.mark.parametrize("form", ["json", "yaml", "table"])
@pytest.mark.parametrize("empty", [False, True], ids=["with rows", "empty"])
def test_activity_goes_on_over_a_restart(elsewhere: Machine, own: Stage, form: str, empty: bool) -> None:
    made = own.external("busy")["id"]
    if not empty:
        log(own, made, "before it")
    with elsewhere.begin("activity", "list", "busy", "--data", own.data, "--watch", "-o", form) as watching:
        if not empty or form == "table":
            watching.wait_for("no activity yet" if empty else "before it")
        else:
            time.sleep(1)  # It says nothing of an empty feed.
        own.stop()
        watching.wait_for("waiting for it")
        own.start()
        for number in range(3):
            log(own, made, f"after it {number}")
        watching.wait_for("after it 2")
        log(own, made, "at the end")
        watching.wait_for("at the end")
        told = watching.out
        for each in ([] if empty else ["before it"]) + [*(f"after it {number}" for number in range(3)), "at the end"]:
            assert told.count(each) == 1, told
        if form == "json":
            assert all(json.loads(line)["activity_type"] for line in told.splitlines())
        if form == "yaml":
            documents = told.split("---\n")
            assert documents[0] == "" and len(documents) == 5 + (not empty)
            assert all(each.startswith("id: ") for each in documents[1:]), told


def test_activity_goes_on_after_a_restore(elsewhere: Machine, own: Stage, tmp_path: Path) -> None:
    made = own.external("restored")["id"]
    log(own, made, "kept")
    own.stop()
    shutil.copytree(own.data, tmp_path / "kept")
    own.start()
    with elsewhere.begin("activity", "list", "restored", "--data", own.data, "--watch", "-o", "json") as watching:
        watching.wait_for("kept")
        log(own, made, "not kept")
        watching.wait_for("not kept")
        own.stop()
        shutil.rmtree(own.data)
        shutil.copytree(tmp_path / "kept", own.data)
        own.start()
        log(own, made, "afterwards")
        watching.wait_for("afterwards")
        assert [json.loads(line)["summary"] for line in watching.out.splitlines()] == ["kept", "not kept", "afterwards"]


def test_work_is_waited_for_over_a_restart(elsewhere: Machine, own: Stage) -> None:
    boss = own.external("boss")["id"]
    worker = Polling(own, "worker")
    own.must("PATCH", f"/workspaces/{worker.id}", {"parent_id": boss})
    with elsewhere.begin("delegation", "create", "boss", "worker", "count", "--data", own.data, "--wait") as creating:
        creating.wait_for("Handed over as ")
        delegation = creating.said.split("Handed over as ")[1].split(";")[0]
        own.stop()
        creating.wait_for("waiting for it")
        own.start()
        worker.answers("three")
        assert creating.ended() == DONE and creating.out == "completed\nthree\n"
    assert elsewhere.json("delegation", "get", "boss", delegation, "--data", own.data, "--wait")["result"] == "three"


def test_what_is_so_for_as_long_as_it_is_is_said_once(elsewhere: Machine, own: Stage) -> None:
    with elsewhere.begin("ws", "list", "--data", own.data, "--watch") as watching:
        watching.wait_for("no workspace yet")
        for _ in range(3):
            own.must("PUT", "/canvas/viewport", {"x": 1, "y": 1, "zoom": 1})
            own.must("POST", "/tickets", {"name": "nobody"})
            time.sleep(0.6)  # A look takes place half a second after the one before.
        own.external("somebody")
        watching.wait_for("somebody")
        assert watching.said.count("no workspace yet") == 1
