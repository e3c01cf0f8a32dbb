"""A stream ends where its agent waits for its caller, whichever way it is read, and goes on where it waits for nobody who reads it."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from attackers import Answering, Org, PushAgents, Resident, answer_bytes
from delegations_test import task
from stage import wait_for
from streams_test import HEAD, STREAMS, event, status

TALE = {"kind": "task", "id": "t", "contextId": "c", "status": {"state": "working"}}
READ_FOR = 8.0  # Seconds without an event after which a stream counts as open; its agent is asked sooner.


class Halting:
    """An agent whose work comes to a halt, in pieces or whole, and that says how its task stands."""

    def __init__(self, state: str, pieces: bool) -> None:
        self.state = state
        self.pieces = pieces
        self.stands = task(state, "which?")

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        method = json.loads(body)["method"]
        if method == "tasks/get":
            result = self.stands
        elif method == "message/stream" and self.pieces:
            connection.sendall(HEAD + event(TALE) + event(status(self.state, True)))
            return
        else:
            result = task(self.state, "which?")
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result})))


def halting(org: Org, agents: PushAgents, answering: Answering, pieces: bool) -> Resident:
    agent = org.resident("halting")
    card = STREAMS if pieces else {"name": "whole"}
    assert agent.register(url=agents.start(answering), delivery_mode="push", agent_card=card).status_code == 200
    return agent


class Opened:
    """One stream, whose events are read as they come; its end is a None."""

    def __init__(self, org: Org, path: str, body: dict[str, Any] | None, version: str) -> None:
        headers = {"Authorization": f"Bearer {org.admin}", "Content-Type": "application/json", "A2A-Version": version}
        self.answer = requests.post(org.stage.url + path, json=body or {}, headers=headers, stream=True, timeout=READ_FOR)
        assert self.answer.status_code == 200, self.answer.text
        self.events = self._read()

    def _read(self) -> Iterator[dict[str, Any]]:
        for line in self.answer.iter_lines():
            if line.startswith(b"data: "):
                told = json.loads(line[6:])
                yield told.get("result", told)

    def all(self) -> list[dict[str, Any]]:
        return list(self.events)


def send(way: str, agent: Resident) -> tuple[str, dict[str, Any], str]:
    part: dict[str, Any] = {"text": "go"} if way in ("1.0", "rest") else {"kind": "text", "text": "go"}
    said = {"role": "ROLE_USER" if way in ("1.0", "rest") else "user", "messageId": uuid.uuid4().hex, "parts": [part]}
    if way == "rest":
        return f"/a2a/{agent.id}/message:stream", {"message": said}, "1.0"
    method = "SendStreamingMessage" if way == "1.0" else "message/stream"
    path = f"/workspaces/{agent.id}/a2a" if way == "ours" else f"/a2a/{agent.id}"
    return path, {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": said}}, "1.0" if way == "1.0" else "0.3"


def state_in(told: dict[str, Any]) -> str:
    for wrapper in ("task", "statusUpdate"):
        told = told.get(wrapper, told)
    return str(told["status"]["state"])


WAYS = ["ours", "0.3", "1.0", "rest"]


@pytest.mark.parametrize("pieces", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_a_stream_ends_where_its_agent_asks(org: Org, push_agents: PushAgents, way: str, pieces: bool) -> None:
    agent = halting(org, push_agents, Halting("input-required", pieces), pieces)
    told = Opened(org, *send(way, agent)).all()
    assert state_in(told[-1]) == ("TASK_STATE_INPUT_REQUIRED" if way in ("1.0", "rest") else "input-required")


@pytest.mark.parametrize("pieces", [True, False])
def test_who_subscribes_to_a_question_is_told_it_and_no_more(org: Org, push_agents: PushAgents, pieces: bool) -> None:
    agent = halting(org, push_agents, Halting("input-required", pieces), pieces)
    Opened(org, *send("1.0", agent)).all()
    call = {"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": {"id": "t"}}
    told = Opened(org, f"/a2a/{agent.id}", call, "1.0").all()
    assert [state_in(each) for each in told] == ["TASK_STATE_INPUT_REQUIRED"]


@pytest.mark.parametrize("way", ["0.3", "1.0"])
def test_a_task_that_its_agent_takes_up_and_then_asks_ends_there_too(org: Org, push_agents: PushAgents, way: str) -> None:
    answering = Halting("working", pieces=False)
    agent = halting(org, push_agents, answering, pieces=False)
    reading = Opened(org, *send(way, agent))
    next(reading.events)
    answering.stands = task("input-required", "which?")
    told = reading.all()
    assert state_in(told[-1]) == ("TASK_STATE_INPUT_REQUIRED" if way == "1.0" else "input-required")


@pytest.mark.parametrize("pieces", [True, False])
@pytest.mark.parametrize("way", ["0.3", "1.0"])
def test_one_that_waits_for_a_login_goes_on(org: Org, push_agents: PushAgents, way: str, pieces: bool) -> None:
    answering = Halting("auth-required", pieces)
    agent = halting(org, push_agents, answering, pieces)
    reading = Opened(org, *send(way, agent))
    seen = next(reading.events)
    while not state_in(seen).lower().replace("_", "-").endswith("auth-required"):
        seen = next(reading.events)
    answering.stands = task("completed", made="there")
    told = reading.all()
    assert "there" in str(told) and state_in(told[-1]) in ("completed", "TASK_STATE_COMPLETED")


@pytest.mark.parametrize("pieces", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_a_state_that_is_none_ends_it_and_is_told_as_unknown(org: Org, push_agents: PushAgents, way: str, pieces: bool) -> None:
    agent = halting(org, push_agents, Halting("purple", pieces), pieces)
    told = Opened(org, *send(way, agent)).all()
    assert state_in(told[-1]) == ("TASK_STATE_UNSPECIFIED" if way in ("1.0", "rest") else "unknown")
    assert "purple" not in str(told)


def test_states_are_told_as_the_callers_generation_names_them(org: Org, push_agents: PushAgents) -> None:
    for state, old, new in (("cancelled", "canceled", "TASK_STATE_CANCELED"), ("purple", "unknown", "TASK_STATE_UNSPECIFIED")):
        agent = halting(org, push_agents, Halting(state, pieces=False), pieces=False)
        for way, name in (("0.3", old), ("1.0", new)):
            path, body, version = send(way, agent)
            body["method"] = "SendMessage" if way == "1.0" else "message/send"
            answer = org.ask("POST", path, body, headers={"A2A-Version": version})
            assert state_in(answer.json()["result"]) == name, answer.text
            again = org.ask("POST", path, body, headers={"A2A-Version": version})
            assert again.json()["result"] == answer.json()["result"]


def test_no_number_of_ends_of_the_platform_ends_a_stream(org: Org, push_agents: PushAgents) -> None:
    """Its agent tells a piece whenever it is asked to go on; the platform is killed behind each."""
    asked: list[str] = []
    ends = 7

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        asked.append(json.loads(body)["method"])
        connection.sendall(HEAD + event(TALE))
        if len(asked) > ends:
            connection.sendall(event(status("completed", True)))
            return
        connection.recv(1)  # The platform ends.

    agent = halting(org, push_agents, answer, pieces=True)
    path, body, version = send("0.3", agent)
    first = Opened(org, path, body, version)
    for number in range(ends):
        wait_for("a piece to be kept", lambda number=number: len(asked) == number + 1)
        if number == 0:
            next(first.events)
        else:
            wait_for("it to count anew", lambda: org.ask("POST", path, {
                "jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"id": "t"}}).json()
                ["result"]["metadata"]["molecule"]["attempts"] == 0)
        org.stage.kill()
        org.stage.start()
        agent.beat()
    wait_for("its end", lambda: org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]["status"] == "ok", 60)
    assert asked == ["message/stream"] + ["tasks/resubscribe"] * ends
    assert org.ask("GET", "/dead-letters").json()["items"] == []
