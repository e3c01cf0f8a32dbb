"""Who watches a task is told how it stands from the first moment on, whatever its agent tells of it and when."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from attackers import Answering, Org, PushAgents, Resident, answer_bytes
from stage import wait_for

CARDS: dict[str, dict[str, Any]] = {"old": {"name": "old"}, "new": {"name": "new", "supportedInterfaces": [
    {"url": "http://agent.example/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]}}
METHODS = {"new": ("SendMessage", "SendStreamingMessage", "SubscribeToTask"),
           "old": ("message/send", "message/stream", "tasks/resubscribe")}


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": "q", "method": method, "params": params}


def message(generation: str) -> dict[str, Any]:
    if generation == "new":
        return {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": "x"}]}
    return {"messageId": uuid.uuid4().hex, "role": "user", "parts": [{"kind": "text", "text": "x"}]}


class Events:
    """What a stream tells, as the kind of each event and the state or the text in it."""

    def __init__(self, org: Org, agent: Resident, body: dict[str, Any]) -> None:
        self.answer = requests.post(f"{org.stage.url}/a2a/{agent.id}", json=body, stream=True, timeout=40,
                                    headers={"Authorization": f"Bearer {org.admin}"})
        self.ids: set[str] = set()
        self._lines: Iterator[Any] = self.answer.iter_lines(chunk_size=1)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for line in self._lines:
            if not line.startswith(b"data: "):
                continue
            result = json.loads(line[6:])["result"]
            kind = result.get("kind") or next(iter(result))
            held = result.get(kind, result)
            self.ids.add(held.get("taskId") or held.get("id"))
            name = {"statusUpdate": "status-update", "artifactUpdate": "artifact-update"}.get(kind, kind)
            if name == "artifact-update":
                yield name, held["artifact"]["parts"][0]["text"]
            elif name == "message":
                yield name, held["parts"][0]["text"]
            else:
                yield name, held["status"]["state"].removeprefix("TASK_STATE_").lower()

    def next(self) -> tuple[str, str]:
        return next(iter(self))


def told(result: Any) -> bytes:
    return answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}))


def yes(generation: str) -> dict[str, Any]:
    if generation == "new":
        return {"message": {"role": "ROLE_AGENT", "messageId": "a", "parts": [{"text": "yes"}]}}
    return {"kind": "message", "role": "agent", "messageId": "a", "parts": [{"kind": "text", "text": "yes"}]}


@pytest.fixture
def agent_at(org: Org) -> Callable[[str, str], Resident]:
    def make(url: str, generation: str) -> Resident:
        agent = org.resident("watched")
        assert agent.register(url=url, delivery_mode="push", agent_card=CARDS[generation]).status_code == 200
        return agent
    return make


@pytest.mark.parametrize("generation", ["new", "old"])
def test_a_stream_to_an_agent_that_is_away_begins_at_once(org: Org, agent_at: Callable[[str, str], Resident],
                                                          push_agents: PushAgents, generation: str) -> None:
    reserved = push_agents.reserve()
    agent = agent_at(f"http://127.0.0.1:{reserved.getsockname()[1]}/a2a", generation)
    body = rpc(METHODS[generation][1], message=message(generation))
    events, again = Events(org, agent, body), Events(org, agent, body)
    assert events.next() == ("task", "submitted")
    assert again.next() == ("task", "submitted"), "also for who asks again"
    go = threading.Event()

    def answer(connection: socket.socket, head: bytes, asked: bytes) -> None:
        go.wait(30)
        connection.sendall(told(yes(generation)))

    push_agents.start(answer, reserved)
    assert agent.beat().status_code == 200
    try:
        assert events.next() == ("status-update", "working"), "its agent has it"
    finally:
        go.set()
    assert list(events) == [("message", "yes")]
    assert len(events.ids - {None}) == 1


@pytest.mark.parametrize("in_pieces", [True, False], ids=["pieces", "one piece"])
@pytest.mark.parametrize("generation", ["new", "old"])
def test_a_stream_tells_one_task(org: Org, agent_at: Callable[[str, str], Resident], push_agents: PushAgents, generation: str,
                                 in_pieces: bool) -> None:
    """Clients refuse a second one: what its agent makes of the message is news of the one that the platform told."""
    reserved = push_agents.reserve()
    agent = agent_at(f"http://127.0.0.1:{reserved.getsockname()[1]}/a2a", "old")
    if in_pieces:
        card = {**CARDS["old"], "capabilities": {"streaming": True}}
        place = f"http://127.0.0.1:{reserved.getsockname()[1]}/a2a"
        assert agent.register(url=place, delivery_mode="push", agent_card=card).status_code == 200
    events = Events(org, agent, rpc(METHODS[generation][1], message=message(generation)))
    assert events.next() == ("task", "submitted")
    done = task("completed", artifacts=[{"artifactId": "a", "parts": [{"kind": "text", "text": "done"}]}])

    def answer(connection: socket.socket, head: bytes, asked: bytes) -> None:
        if not in_pieces:
            connection.sendall(told(done))
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for each in (task("working"), {"kind": "status-update", "taskId": "t-1", "contextId": "c", "final": True,
                                       "status": {"state": "completed"}}):
            connection.sendall(b"data: " + json.dumps({"jsonrpc": "2.0", "id": 1, "result": each}).encode() + b"\n\n")

    push_agents.start(answer, reserved)
    assert agent.beat().status_code == 200
    seen = [each for each in events if each != ("status-update", "working")]
    assert seen == [*([] if in_pieces else [("artifact-update", "done")]), ("status-update", "completed")], seen


def test_who_asks_again_while_it_is_brought_is_told_that_it_waits_after_all(
        org: Org, agent_at: Callable[[str, str], Resident], push_agents: PushAgents) -> None:
    asked, gone = threading.Event(), threading.Event()

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        asked.set()
        gone.wait(30)  # And then it hangs up.

    agent = agent_at(push_agents.start(answer), "old")
    body = rpc("message/stream", message=message("old"))
    events = Events(org, agent, body)
    try:
        assert asked.wait(20)
        again = Events(org, agent, body)
        push_agents.close()
    finally:
        gone.set()
    assert events.next() == ("task", "submitted")
    assert again.next() == ("task", "submitted")


@pytest.mark.parametrize("generation", ["new", "old"])
def test_who_subscribes_to_what_was_sent_without_a_stream_is_told_of_each_change(
        org: Org, agent_at: Callable[[str, str], Resident], push_agents: PushAgents, generation: str) -> None:
    go = threading.Event()

    def answer(connection: socket.socket, head: bytes, asked: bytes) -> None:
        go.wait(30)
        connection.sendall(told(yes(generation)))

    agent = agent_at(push_agents.start(answer), generation)
    assert org.ask("POST", f"/workspaces/{agent.id}/pause").status_code == 200
    sent = org.ask("POST", f"/a2a/{agent.id}", rpc(METHODS[generation][0], message=message(generation))).json()["result"]
    task_id = sent.get("task", sent)["id"]
    events = Events(org, agent, rpc(METHODS[generation][2], id=task_id))
    assert events.next() == ("task", "submitted")
    assert org.ask("POST", f"/workspaces/{agent.id}/resume").status_code == 200
    assert agent.beat().status_code == 200
    try:
        assert events.next() == ("status-update", "working")
    finally:
        go.set()
    assert list(events) == [("artifact-update", "yes"), ("status-update", "completed")]
    assert events.ids == {task_id}


@pytest.mark.parametrize("generation", ["new", "old"])
def test_who_sends_a_message_again_is_told_how_it_stands(org: Org, agent_at: Callable[[str, str], Resident],
                                                         push_agents: PushAgents, generation: str) -> None:
    asked, go = threading.Event(), threading.Event()

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        asked.set()
        go.wait(30)
        connection.sendall(told(yes(generation)))

    agent = agent_at(push_agents.start(answer), generation)
    body = rpc(METHODS[generation][0], message=message(generation))
    first = threading.Thread(target=lambda: org.ask("POST", f"/a2a/{agent.id}", body))
    first.start()
    try:
        assert asked.wait(20)
        again = org.ask("POST", f"/a2a/{agent.id}", body)
    finally:
        go.set()
        first.join(30)
    assert again.status_code == 202
    result = again.json()["result"]
    assert result.get("task", result)["status"]["state"] in ("TASK_STATE_WORKING", "working")
    assert "waits" not in again.json()["message"]


def scripted(go: threading.Event, states: list[dict[str, Any]]) -> Answering:
    """Answers a message once it may that it is at it, and then, each time it is asked, with the next state."""
    left = list(states)

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        method = json.loads(body)["method"]
        if method == "message/send":
            go.wait(30)
            connection.sendall(told(left.pop(0)))
        else:
            connection.sendall(told(left.pop(0) if len(left) > 1 else left[0]))
    return answer


def task(state: str, **more: Any) -> dict[str, Any]:
    return {"kind": "task", "id": "t-1", "contextId": "c", "status": {"state": state}, **more}


def test_a_subscription_outlives_an_answer_that_is_not_the_end(org: Org, agent_at: Callable[[str, str], Resident],
                                                               push_agents: PushAgents) -> None:
    go = threading.Event()
    done = task("completed", artifacts=[{"artifactId": "a", "parts": [{"kind": "text", "text": "done"}]}])
    agent = agent_at(push_agents.start(scripted(go, [task("submitted"), task("working"), done])), "old")
    sender = threading.Thread(target=org.ask, args=("POST", f"/a2a/{agent.id}", rpc("SendMessage", message=message("new"))))
    sender.start()
    try:
        rows = wait_for("it to be brought", lambda: [
            row for row in org.ask("GET", f"/workspaces/{agent.id}/activity").json() if row["status"] == "pending"])
        events = Events(org, agent, rpc("SubscribeToTask", id=rows[0]["id"]))
        assert events.next() == ("task", "working"), "it is being brought"
    finally:
        go.set()
        sender.join(20)
    rest = list(events)
    assert rest[-2:] == [("artifact-update", "done"), ("status-update", "completed")], rest
    assert all(kind == "status-update" for kind, _ in rest[:-2]), rest
    assert events.ids == {rows[0]["id"]}


@pytest.mark.parametrize("generation", ["new", "old"])
def test_a_stream_outlives_an_answer_that_is_not_the_end(org: Org, agent_at: Callable[[str, str], Resident],
                                                         push_agents: PushAgents, generation: str) -> None:
    go = threading.Event()
    go.set()
    done = task("completed", artifacts=[{"artifactId": "a", "parts": [{"kind": "text", "text": "done"}]}])
    agent = agent_at(push_agents.start(scripted(go, [task("submitted"), task("working"), done])), "old")
    body = rpc(METHODS[generation][1], message=message(generation))
    told = list(Events(org, agent, body))
    assert told[0] == ("task", "submitted") and told[-2:] == [("artifact-update", "done"), ("status-update", "completed")], told
    assert all(kind == "status-update" for kind, _ in told[1:-2]), told
    # Who was cut off behind the first answer learns the end as well, and then there is no more.
    cut_off = requests.post(f"{org.stage.url}/a2a/{agent.id}", json=body, timeout=40,
                            headers={"Authorization": f"Bearer {org.admin}", "Last-Event-ID": "1"}).text
    assert "done" in cut_off and cut_off.count("data: ") == 1, cut_off


def test_a_subscriber_hears_what_an_agent_says_while_its_task_goes_on(
        org: Org, agent_at: Callable[[str, str], Resident], push_agents: PushAgents) -> None:
    said: list[str] = []

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        status: dict[str, Any] = {"state": "working"}
        if json.loads(body)["method"] == "tasks/get":
            said.append(f"step {len(said) + 1}")
            status["message"] = {"role": "agent", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": said[-1]}]}
        connection.sendall(told({**task("working"), "status": status}))

    agent = agent_at(push_agents.start(answer), "old")
    sent = requests.post(f"{org.stage.url}/a2a/{agent.id}", json=rpc("SendMessage", message=message("new")), timeout=40,
                         headers={"Authorization": f"Bearer {org.admin}"}).json()["result"]["task"]
    events = Events(org, agent, rpc("SubscribeToTask", id=sent["id"]))
    heard: list[str] = []
    for line in events.answer.iter_lines(chunk_size=1):
        if line.startswith(b"data: "):
            result = json.loads(line[6:])["result"]
            words = (result.get("statusUpdate") or result["task"])["status"].get("message")
            if words:
                heard.append(words["parts"][0]["text"])
        if len(heard) == 3:
            break
    events.answer.close()
    assert heard == sorted(set(heard), key=heard.index) and set(heard) <= set(said), heard
