"""In which order messages are worked on, and how many of them wait where."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from residence import Residence, words_in
from stage import Stage, wait_for

Make = Callable[..., Residence]
GATE = 'read -r text; echo "$text" >> begun; case "$text" in wait*) while [ ! -e go ]; do sleep 0.05; done;; esac; echo "did $text"'


@pytest.fixture
def make(stage: Stage, tmp_path: Path) -> Iterator[Make]:
    made: list[Residence] = []

    def one(name: str, command: str = GATE, **further: Any) -> Residence:
        made.append(Residence(stage, tmp_path, name, "command", runtime_config={"command": command} | further))
        made[-1].start()
        return made[-1]
    yield one
    for each in made:
        each.stop()


class Asking(threading.Thread):
    def __init__(self, agent: Residence, text: str, context: str) -> None:
        super().__init__(daemon=True)
        self.agent, self.text, self.context, self.answer = agent, text, context, ""
        self.start()

    def run(self) -> None:
        self.answer = words_in(self.agent.ask(self.text, self.context).json())


def at_work(agent: Residence) -> int:
    return int(agent.stage.workspace(agent.id)["active_tasks"])


def line(agent: Residence, texts: list[str], context: str) -> list[Asking]:
    """One after the other, each once the agent has the one before."""
    asking = []
    for text in texts:
        before = at_work(agent)
        asking.append(Asking(agent, text, context))
        wait_for("the agent to have it", lambda: at_work(agent) == before + 1)  # noqa: B023
    return asking


def begun(agent: Residence) -> list[str]:
    file = agent.work / "begun"
    return file.read_text().split("\n")[:-1] if file.exists() else []


def test_messages_of_one_conversation_are_worked_on_as_they_came(make: Make) -> None:
    agent = make("in-line")
    texts = ["wait", *(f"number {n}" for n in range(12))]
    asking = line(agent, texts, "talk")
    assert begun(agent) == ["wait"]
    (agent.work / "go").touch()
    for each in asking:
        each.join(20)
    assert begun(agent) == texts
    assert [each.answer for each in asking] == [f"did {text}\n" for text in texts]


def test_what_waits_in_one_conversation_keeps_no_other_from_being_worked_on(make: Make) -> None:
    agent = make("aside", turns_at_once=2)
    waiting = line(agent, [f"wait {n}" for n in range(8)], "talk")
    assert agent.says("hello", "another") == "did hello\n"
    second = line(agent, ["wait here"], "third")
    third = line(agent, ["hello there"], "fourth")
    assert begun(agent) == ["wait 0", "hello", "wait here"]
    (agent.work / "go").touch()
    for each in [*waiting, *second, *third]:
        each.join(20)
        assert each.answer == f"did {each.text}\n"


def test_the_next_one_begins_when_one_has_ended(make: Make) -> None:
    agent = make("quick", "cat")
    began = time.monotonic()
    asking = [Asking(agent, f"text {n}", "talk") for n in range(100)]
    for each in asking:
        each.join(40)
        assert each.answer == each.text
    assert time.monotonic() - began < 30


def test_how_many_turns_there_are_at_once_follows_the_configuration(make: Make) -> None:
    agent = make("wider", turns_at_once=1)
    asking = line(agent, ["wait"], "one") + line(agent, ["second"], "two")
    assert begun(agent) == ["wait"]
    settings = {"command": GATE, "turns_at_once": 2}
    agent.write("config.yaml", json.dumps({"name": "wider", "runtime": "command", "runtime_config": settings}))
    wait_for("the configuration", lambda: "read again" in agent.log)
    wait_for("the second", lambda: begun(agent) == ["wait", "second"])
    assert agent.says("third", "three") == "did third\n"
    (agent.work / "go").touch()
    for each in asking:
        each.join(20)
        assert each.answer == f"did {each.text}\n"
