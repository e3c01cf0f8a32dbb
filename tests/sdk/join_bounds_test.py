"""`molecule join` at its bounds: an agent that is frozen, one whose connection breaks under who waits, and what is long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dialling import DONE, TASK, Joining, asks, events, said, words
from stage import wait_for


def test_a_frozen_agent_does_not_hold_the_platform_up(joining: Joining) -> None:
    workspace, token = joining.workspace("frozen")
    other, other_token = joining.workspace("lively")
    frozen = joining.join(workspace, token, "--command", "cat")
    joining.join(other, other_token, "--command", "cat")
    joining.online(workspace)
    joining.online(other)
    frozen.freeze()
    thread = threading.Thread(target=lambda: joining.send(workspace, "x" * 2_000_000, "m1"))
    thread.start()
    began = time.monotonic()
    assert said(joining.send(other, "quick", "m2").json()) == "quick"
    assert time.monotonic() - began < 5
    frozen.thaw()
    thread.join()
    wait_for("the answer", lambda: joining.send(workspace, "x" * 2_000_000, "m1").status_code == 200)


def test_who_waits_for_an_agent_whose_connection_breaks_is_told_that_its_message_waits(joining: Joining) -> None:
    go_on = threading.Event()

    def answers(_: dict[str, Any]) -> Any:
        go_on.wait(90)
        return {"kind": "message", "messageId": "a", "role": "agent", "parts": [{"kind": "text", "text": "at last"}]}

    agent = joining.agent(answers)
    workspace, token = joining.workspace("interrupted")
    asker, asker_token = joining.workspace("asker", parent=workspace)
    way = joining.way()
    joined = joining.join(workspace, token, "--agent", agent.url, url=way.url)
    joining.online(workspace)
    told: dict[str, tuple[int, dict[str, Any], float]] = {}

    def ask(name: str, **more: Any) -> None:
        began = time.monotonic()
        answer = joining.stage.ask("POST", f"/workspaces/{workspace}/a2a", asks("hold on", name), **more)
        told[name] = (answer.status_code, answer.json(), time.monotonic() - began)

    threads = [threading.Thread(target=ask, args=("by-agent",), kwargs={"headers": {"Authorization": f"Bearer {asker_token}"}}),
               threading.Thread(target=ask, args=("by-person",))]
    for thread in threads:
        thread.start()
    wait_for("the agent to have both", lambda: len(agent.asked) == 2)
    way.block()
    for thread in threads:
        thread.join(60)
    assert sorted(told) == ["by-agent", "by-person"]
    for status, receipt, took in told.values():
        assert status == 202 and receipt["queued"] and receipt["queue_id"], receipt
        assert "connection broke" in receipt["message"]
        assert 10 < took < 40
    # It goes on where it was: nothing is lost, and nothing is asked twice.
    way.unblock()
    joined.wait_for("nothing was lost")
    go_on.set()
    for _, receipt, _ in told.values():
        place = f"/workspaces/{workspace}/a2a/queue/{receipt['queue_id']}"
        wait_for("its answer", lambda place=place: joining.stage.must("GET", place)["status"] == "completed")
        assert said(joining.stage.must("GET", place)["response_body"]) == "at last"
    assert len(agent.asked) == 2


@pytest.mark.parametrize("size", [6 << 20, (16 << 20) - (64 << 10) - 400])
def test_what_is_as_long_as_the_platform_takes_reaches_a_command(joining: Joining, size: int) -> None:
    workspace, token = joining.workspace("long")
    joining.join(workspace, token, "--command", "wc -c")
    joining.online(workspace)
    answer = joining.send(workspace, "x" * size, "m1")
    assert answer.status_code == 200, answer.text[:300]
    assert int(said(answer.json())) == size
    # What would be too long with what is told beside it is refused before it is taken.
    for more in (joining.send(workspace, "x" * (size_max - 400), f"m{size_max}") for size_max in (16 << 20, 17 << 20)):
        assert more.status_code == 413 and "bytes" in more.text, more.text[:300]


def test_a_stream_of_events_that_is_too_long_for_one_answer_is_refused_in_words(joining: Joining) -> None:
    piece = words("y" * (256 << 10))
    told: list[int] = []

    def answers(body: dict[str, Any]) -> Any:
        def results() -> Iterator[dict[str, Any]]:
            yield TASK
            for number in range(200):
                told.append(number)
                yield piece
            yield DONE
        return results()

    agent = joining.agent(answers)
    workspace, token = joining.workspace("long-winded")
    joining.join(workspace, token, "--agent", agent.url)
    joining.online(workspace)
    answer = joining.send(workspace, "all of it", "m1")
    assert answer.status_code == 502, answer.text[:300]
    assert "more than 16777216 bytes" in answer.text and "response_too_large" in answer.text
    assert len(told) < 120, "it was read on"
    with joining.send(workspace, "in pieces", "m2", stream=True) as response:
        assert sum(1 for _ in events(response)) == 202
