"""Answers in pieces that are long together: they take little memory, and whoever asks gets all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attackers import Org, Resident
from dialling import DONE, TASK, Joining, asks, words
from pace_test import Listener
from stage import DATABASE, Schema, Stage

LONG = 1 << 20
"""Bytes of an answer that are kept as one; more stay in pieces."""


ENGINES = ["sqlite", "postgresql"] if DATABASE else ["sqlite"]


@pytest.fixture(params=ENGINES)
def alone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A platform of its own, whose memory nothing else takes."""
    schema = Schema() if request.param == "postgresql" else None
    made = Stage(tmp_path, database_url=schema.url if schema else "")
    made.start()
    yield made
    made.close()
    if schema:
        schema.drop()


def peak_of(stage: Stage) -> int:
    status = Path(f"/proc/{stage.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


class Telling:
    """An agent that tells so many pieces of text, each with its number."""

    def __init__(self, org: Org, folder: Path) -> None:
        self.joining = Joining(org.stage, folder)
        agent = self.joining.agent(self._answer)
        self.resident: Resident = org.resident("telling")
        made = self.resident.register(url=agent.url, delivery_mode="push",
                                      agent_card={"name": "telling", "capabilities": {"streaming": True}})
        assert made.status_code == 200, made.text
        self.texts: list[str] = []

    def _answer(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield TASK
        for text in self.texts:
            yield words(text)
        yield DONE

    def tells(self, pieces: int, size: int) -> None:
        self.texts = [f"{number} ".ljust(size, "x") for number in range(pieces)]

    def close(self) -> None:
        self.joining.close()


@pytest.fixture
def org_alone(alone: Stage) -> Iterator[Org]:
    made = Org(alone)
    yield made
    made.close()


@pytest.fixture
def telling(org_alone: Org, tmp_path: Path) -> Iterator[Telling]:
    made = Telling(org_alone, tmp_path)
    yield made
    made.close()


def hear(org: Org, agent: Resident, message_id: str) -> int:
    listener = Listener(org, agent.id, message_id)
    listener.read()
    listener.close()
    return listener.last


def texts_in(task: dict[str, Any]) -> list[str]:
    return [part["text"] for part in task["artifacts"][0]["parts"]]


def test_a_longer_stream_takes_no_more_memory(org_alone: Org, telling: Telling) -> None:
    """The store's own memory fills with the first; then there is as much as there was, however long they are."""
    peaks = []
    for number, pieces in enumerate((600, 600, 3_500)):
        telling.tells(pieces, 16_000)
        assert hear(org_alone, telling.resident, f"m-{number}") == pieces + 2
        peaks.append(peak_of(org_alone.stage))
    # Put together, the third alone would be 53 MiB more, several times.
    assert peaks[2] - peaks[1] < 24 << 20, peaks


def test_whoever_asks_for_a_long_answer_gets_all_of_it(org_alone: Org, telling: Telling) -> None:
    agent, body = telling.resident, asks("tell", "m-whole", True)
    telling.tells(500, 5_000)
    assert hear(org_alone, agent, "m-whole") == 502
    for again in (False, True):
        if again:
            org_alone.stage.kill()
            org_alone.stage.start()
        where = f"/workspaces/{agent.id}/a2a"
        get = {"jsonrpc": "2.0", "id": 7, "method": "tasks/get", "params": {"id": "t"}}
        asked = org_alone.ask("POST", where, get).json()
        assert texts_in(asked["result"]) == telling.texts and asked["result"]["status"]["state"] == "completed"
        row = org_alone.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]
        assert texts_in(row["response_body"]["result"]) == telling.texts
        assert "molecule_pieces" not in row["response_body"]
        listed = org_alone.ask("POST", where, {"jsonrpc": "2.0", "id": 8, "method": "ListTasks",
                                               "params": {"includeArtifacts": True}}, headers={"A2A-Version": "1.0"}).json()
        assert texts_in(listed["result"]["tasks"][0]) == telling.texts
        plain = org_alone.ask("POST", where, body | {"method": "message/send"})
        assert texts_in(plain.json()["result"]) == telling.texts
        late = Listener(org_alone, agent.id, "m-whole", after=400)
        late.read()
        assert late.last == 502
        late.close()


def test_a_long_stream_that_ends_without_its_last_word_is_told_whole(org_alone: Org, tmp_path: Path) -> None:
    joining = Joining(org_alone.stage, tmp_path)
    try:
        texts = [f"{number} ".ljust(9_000, "x") for number in range(300)]
        agent = joining.agent(lambda body: iter([TASK] + [words(text) for text in texts]))
        resident = org_alone.resident("unfinished")
        assert resident.register(url=agent.url, delivery_mode="push", agent_card={
            "name": "unfinished", "capabilities": {"streaming": True}}).status_code == 200
        # It stays open behind that, since its agent may say yet how the task ends.
        listener = Listener(org_alone, resident.id, "m-open")
        listener.read(302)
        assert listener.last == 302 and listener.newest.count(b'"text":"299 ') == 1
        assert listener.newest.count(b'"text":') == 300
        listener.close()
    finally:
        joining.close()
