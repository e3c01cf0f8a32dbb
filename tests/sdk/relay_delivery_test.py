"""The SDK over its own connection: messages are pushed to an agent that has no address."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from dialling import Joining, Looping, said
from molecule_agent import ReplacedError
from molecule_agent._websocket import WebSocket
from stage import wait_for


def echo(message: Any, client: Any) -> str:
    return f"I heard: {message.text}"


def test_a_message_is_pushed_to_an_agent_without_an_address(joining: Joining, tmp_path: Path) -> None:
    workspace, token = joining.workspace("relayed")
    run = Looping(joining.stage.url, workspace, token, tmp_path / "a", echo)
    try:
        assert run.delivery.wait_connected(20)
        began = time.monotonic()
        answer = joining.send(workspace, "hello", "m1")
        assert said(answer.json()) == "I heard: hello"
        assert time.monotonic() - began < 3, "it is pushed, not polled"
        assert joining.stage.must("GET", f"/workspaces/{workspace}")["delivery_mode"] == "push"
    finally:
        run.stop()


def test_an_answer_under_way_survives_a_break_and_a_large_one_is_whole(joining: Joining, tmp_path: Path) -> None:
    way = joining.way()
    calls: list[str] = []
    go_on = threading.Event()

    def slow(message: Any, client: Any) -> str:
        calls.append(message.text)
        go_on.wait(20)
        return "x" * 1_500_000

    workspace, token = joining.workspace("broken")
    run = Looping(way.url, workspace, token, tmp_path / "a", slow)
    try:
        assert run.delivery.wait_connected(20)
        answers: list[Any] = []
        asking = threading.Thread(target=lambda: answers.append(joining.send(workspace, "go", "m1")))
        asking.start()
        wait_for("the handler to begin", lambda: calls)
        way.cut()
        go_on.set()
        for _ in range(3):
            passed = way.passed
            wait_for("some of the answer", lambda before=passed: way.passed > before + 100_000 or answers, 20)
            way.cut()
        asking.join(30)
        assert said(answers[0].json()) == "x" * 1_500_000
        assert calls == ["go"]
    finally:
        run.stop()


@pytest.mark.parametrize("websockets", ["refuse", "close", "swallow"])
def test_where_no_websocket_comes_through_requests_carry_the_same(joining: Joining, tmp_path: Path, websockets: str,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molecule_agent._websocket.CONNECT_TIMEOUT", 2.0)
    way = joining.way()
    way.websockets = websockets
    workspace, token = joining.workspace("polled")
    run = Looping(way.url, workspace, token, tmp_path / "a", echo)
    try:
        assert run.delivery.wait_connected(20)
        for number, text in enumerate(("hello", "x" * 1_000_000)):
            assert said(joining.send(workspace, text, f"m{number}").json()) == f"I heard: {text}"
    finally:
        began = time.monotonic()
        run.stop()
    assert time.monotonic() - began < 10


def test_once_the_way_takes_websockets_it_is_one_again(joining: Joining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                       caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("molecule_agent.relay.FIRST_LOOK", 1.0)
    way = joining.way()
    way.websockets = "refuse"
    workspace, token = joining.workspace("moves")
    run = Looping(way.url, workspace, token, tmp_path / "a", echo)
    try:
        assert run.delivery.wait_connected(20)
        way.websockets = "pass"
        wait_for("a WebSocket", lambda: isinstance(run.delivery._socket, WebSocket) and run.delivery._welcomed)
        assert said(joining.send(workspace, "still", "m1").json()) == "I heard: still"
        assert not [each for each in caplog.records if "is away (it was closed)" in each.message], "it looked by itself"
    finally:
        run.stop()


def test_the_newer_of_two_counts(joining: Joining, tmp_path: Path) -> None:
    workspace, token = joining.workspace("twice")
    older = Looping(joining.stage.url, workspace, token, tmp_path / "a", echo)
    assert older.delivery.wait_connected(20)
    newer = Looping(joining.stage.url, workspace, token, tmp_path / "b", lambda message, client: "newer")
    try:
        assert newer.delivery.wait_connected(20)
        assert isinstance(older.ended(), ReplacedError)
        assert said(joining.send(workspace, "who?", "m1").json()) == "newer"
    finally:
        newer.stop()


def test_a_platform_that_was_killed_is_found_again(joining: Joining, tmp_path: Path) -> None:
    workspace, token = joining.workspace("patient")
    run = Looping(joining.stage.url, workspace, token, tmp_path / "a", echo)
    try:
        assert run.delivery.wait_connected(20)
        joining.stage.kill()
        joining.stage.start()
        wait_for("the answer", lambda: joining.send(workspace, "again", "m1").status_code == 200, 40)
        assert said(joining.send(workspace, "again", "m1").json()) == "I heard: again"
    finally:
        run.stop()
