"""`molecule send` and `chat`: words to an agent, its answer as it comes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agents import Polling, Streamer, piece, status
from chains import Member, Worker
from stage import Stage, wait_for
from terminal import DONE, FAILED, WRONG_USAGE, Machine


def test_pieces_appear_as_they_are_made(machine: Machine, stage: Stage) -> None:
    seen = threading.Event()

    def answer(_: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield status("working", "reading it")
        yield piece("first ", append=False)
        assert seen.wait(20)
        yield piece("second", append=True)
        yield status("completed", final=True)

    with Streamer(answer) as agent:
        agent.joins(stage, "piecemeal")
        with machine.terminal("send", "piecemeal", "read", "this", NO_COLOR="1") as terminal:
            terminal.wait_for("first ")
            assert "second" not in terminal.seen
            seen.set()
            terminal.wait_for("first second\n")
            assert terminal.ended() == DONE and "(reading it)" in terminal.seen
        assert machine.must("send", "piecemeal", "again") == "first second\n", "a pipe gets the answer alone"
    assert [each["parts"][0]["text"] for each in agent.asked] == ["read this", "again"]


def test_the_answer_of_one_who_fetches_is_waited_for(machine: Machine, stage: Stage) -> None:
    agent = Polling(stage, "fetcher")
    with ThreadPoolExecutor(1) as beside:
        message = beside.submit(agent.answers, "forty-two\nand \x1b[2J more")
        ran = machine.run("send", "fetcher", stdin="How many?\n")
        assert (ran.returncode, ran.stdout) == (DONE, "forty-two\nand ␛[2J more\n"), ran.stderr
        assert message.result(20)["data"]["text"] == "How many?"
        failing = beside.submit(agent.answers, "no model", True)
        ran = machine.run("send", "fetcher", "Again?")
        failing.result(20)
    assert (ran.returncode, ran.stdout) == (FAILED, "") and "no model" in ran.stderr


def test_who_does_not_wait_gets_a_receipt(machine: Machine, stage: Stage) -> None:
    stage.external("absent")
    receipt = machine.json("send", "absent", "later", "--no-wait")
    assert receipt["status"] == "queued" and receipt["result"]["status"]["state"] == "submitted"
    ran = machine.run("send", "absent", "and now?", "--timeout", "1")
    assert (ran.returncode, ran.stdout) == (FAILED, "")
    assert "no answer within 1 seconds" in ran.stderr and "next: `molecule activity list" in ran.stderr
    for nothing in ("", "\n"):
        assert machine.run("send", "absent", stdin=nothing).returncode == WRONG_USAGE
    assert machine.run("send", "nobody there", "hello").returncode == FAILED


def test_a_question_of_the_agent_is_answered_with_its_task(machine: Machine, stage: Stage) -> None:
    def answer(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if message.get("taskId"):
            yield piece(f"for {message['parts'][0]['text']}", append=False)
            yield status("completed", final=True)
        else:
            yield status("input-required", "For whom?", final=True)

    with Streamer(answer) as agent:
        agent.joins(stage, "curious")
        ran = machine.run("send", "curious", "write a letter")
        assert (ran.returncode, ran.stdout) == (DONE, "For whom?\n") and "--task t-1" in ran.stderr
        assert machine.must("send", "curious", "--task", "t-1", "my aunt") == "for my aunt\n"
    assert agent.asked[1]["taskId"] == "t-1"


def test_a_chat_goes_on_in_one_conversation(machine: Machine, stage: Stage) -> None:
    def answer(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield piece("you said ", append=False)
        yield piece(message["parts"][0]["text"], append=True)
        yield status("completed", final=True)

    with Streamer(answer) as agent:
        agent.joins(stage, "talker")
        with machine.terminal("chat", "talker", NO_COLOR="1") as terminal:
            terminal.wait_for("you> ")
            terminal.type("héllo\n")
            terminal.wait_for("talker> you said héllo\n")
            terminal.type("\n")
            terminal.type("more\n")
            terminal.wait_for("you said more\n")
            terminal.type("exit\n")
            assert terminal.ended() == DONE
        assert agent.asked[1]["contextId"] == "c-1", "the conversation goes on"
        assert machine.must("chat", "talker", stdin="from a pipe\n") == "you said from a pipe\n"
        assert machine.must("chat", "talker", "-m", "a word") == "you said a word\n"
        events = [json.loads(line) for line in machine.must("chat", "talker", "-m", "x", "-o", "json").splitlines()]
        kinds = [each["result"]["kind"] for each in events]
        assert kinds.count("artifact-update") == 2 and kinds[-1] == "status-update", kinds


def test_an_answer_outlasts_the_platform(tmp_path: Path) -> None:
    """Cut off while it waits, the stream is taken up where it was."""
    own = Stage(tmp_path)
    own.start()
    try:
        agent = Polling(own, "slow")
        with ThreadPoolExecutor(1) as beside:
            there = Machine(tmp_path / "home", MOLECULE_DATA_DIR=str(own.data))
            ran = beside.submit(there.run, "send", "slow", "wait for me", seconds=60)
            wait_for("the message", lambda: own.rows(agent.id))
            own.kill()
            own.start()
            agent.answers("it was worth it")
            assert ran.result(60).stdout == "it was worth it\n", ran.result().stderr
    finally:
        own.close()


@pytest.mark.parametrize("hostile", ["\x1b]52;c;cm0gLXJm\x07", "\u202etxt.exe", "\u009b2J"])
def test_answers_command_no_terminal(machine: Machine, stage: Stage, hostile: str) -> None:
    def answer(_: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield status("working", hostile)
        yield piece(f"so {hostile}", append=False)
        yield status("completed", final=True)

    with Streamer(answer) as agent:
        name = f"hostile {len(hostile)}"
        agent.joins(stage, name)
        with machine.terminal("chat", name, "-m", "x", NO_COLOR="1") as terminal:
            assert terminal.ended() == DONE
            assert hostile[0] not in terminal.seen and "so " in terminal.seen


class Whole(Worker):
    def answer_to(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"result": {"kind": "message", "role": "agent", "messageId": "m-1", "contextId": "c-1",
                           "parts": [{"kind": "text", "text": "a\0b ééé"}]}}


def test_an_answer_with_what_no_store_keeps_is_shown(machine: Machine, stage: Stage) -> None:
    def answer(_: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield piece("a\0b ééé", append=False)
        yield status("completed", final=True)

    whole = Whole()
    try:
        with Streamer(answer) as streamer:
            streamer.joins(stage, "nul in pieces")
            named = Member(stage, "nul", url=whole.url).name
            for name in ("nul in pieces", named):
                for form in ("table", "json", "yaml"):
                    ran = machine.run("send", name, "hello", "-o", form)
                    assert ran.returncode == DONE and "ééé" in ran.stdout and "\0" not in ran.stdout, ran
                assert "ééé" in machine.must("chat", name, "-m", "hello")
    finally:
        whole.close()
