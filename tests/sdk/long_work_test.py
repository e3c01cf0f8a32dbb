"""Work that takes longer than anybody waits for an answer: it is done once, and its sender gets the result."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from loops import Agents
from molecule_agent import A2AServer, InboundDelivery, PushDelivery, RelayDelivery, RemoteAgentClient, a2a_server, extract_text
from stage import Stage, wait_for

RESTARTS = 6
"""More than a message may be tried in vain."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "own")
    (tmp_path / "own").mkdir()
    made.start()
    yield made
    made.close()


@pytest.fixture
def crew(own: Stage, tmp_path: Path) -> Iterator[Agents]:
    made = Agents(own, tmp_path)
    yield made
    made.close()


class Worker:
    """An agent that works until it is told to finish."""

    def __init__(self, crew: Agents, way: str) -> None:
        self.client = crew.client("worker", register=False)
        self.runs: list[str] = []
        self.finish = threading.Event()
        self.delivery: InboundDelivery
        if way == "relay":
            self.delivery = RelayDelivery(self.client, self.work)
        else:
            server = A2AServer(self.client.workspace_id, host="127.0.0.1")
            self.delivery = PushDelivery(self.client, server, self.work)
            self.client.reported_url = server.inbound_url
            self.client.register()
        crew.run(self.client, self.work, self.delivery)
        if isinstance(self.delivery, RelayDelivery):
            assert self.delivery.wait_connected(20)

    def work(self, message: Any, client: RemoteAgentClient) -> str:
        self.runs.append(message.text)
        if message.text == "work":
            assert self.finish.wait(120)
        return f"{message.text}: done"


@pytest.mark.parametrize("way", ["push", "relay"])
def test_work_outlasts_its_request_and_any_number_of_restarts(own: Stage, crew: Agents, way: str,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(a2a_server, "DUPLICATE_WAIT", 0.1)
    worker = Worker(crew, way)
    target = worker.client.workspace_id

    def ask() -> None:
        with contextlib.suppress(requests.RequestException):
            own.say(target, "work", "m1")

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for("the handler to begin", lambda: worker.runs)
    for _ in range(RESTARTS):
        own.kill()
        own.start()
        again = own.say(target, "work", "m1").json()
        where = f"/workspaces/{target}/a2a/queue/{again['queue_id']}"

        def told() -> bool:
            item = own.must("GET", where)
            assert item["status"] in ("queued", "dispatched"), item
            return item["attempts"] == 0 and "at work" in (item["last_error"] or "")

        wait_for("the agent to say that it works", told, 40)
    asking.join(20)
    wait_for("what came behind it", lambda: "hello: done" in own.say(target, "hello", "m2").text)
    worker.finish.set()
    wait_for("the result", lambda: own.must("GET", where)["status"] == "completed", 40)
    assert extract_text(own.say(target, "work", "m1").json()) == "work: done"
    assert worker.runs == ["work", "hello"]
