"""Answers in pieces: a caller reads them as they come, goes on where it was cut off, and is never told less or twice."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from attackers import Answering, Org, PushAgents, Resident, answer_bytes, message, refused
from stage import Stage

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
STREAMS = {"name": "streams", "capabilities": {"streaming": True}}
STREAMS_10 = STREAMS | {"supportedInterfaces": [{"url": "http://agent.example/", "protocolBinding": "JSONRPC",
                                                 "protocolVersion": "1.0"}]}


def event(result: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode() + b"\n\n"


def status(state: str, final: bool = False) -> dict[str, Any]:
    return {"kind": "status-update", "taskId": "t", "contextId": "c", "status": {"state": state}, "final": final}


def words(text: str) -> dict[str, Any]:
    return {"kind": "artifact-update", "taskId": "t", "contextId": "c", "append": True,
            "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": text}]}}


TASK = {"kind": "task", "id": "t", "contextId": "c", "status": {"state": "submitted"}}


def streaming(results: list[dict[str, Any]], between: Callable[[int], None] = lambda number: None,
              asked: list[dict[str, Any]] | None = None) -> Answering:
    """An agent that streams these; `between` runs before each."""
    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        if asked is not None:
            asked.append(json.loads(body))
        connection.sendall(HEAD)
        for number, each in enumerate(results):
            between(number)
            connection.sendall(event(each))
    return answer


def asks(text: str, message_id: str, method: str = "message/stream", role: str = "user") -> dict[str, Any]:
    return message(text, message_id) | {"method": method}


class Reading:
    """One caller's stream: its events as they came."""

    def __init__(self, org: Org, agent: Resident, body: dict[str, Any], after: int | None = None) -> None:
        headers = {"Authorization": f"Bearer {org.admin}", "Accept": "text/event-stream", "Content-Type": "application/json"}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        place = urlsplit(org.stage.url)
        self.connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        self.connection.request("POST", f"/workspaces/{agent.id}/a2a", json.dumps(body), headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200

    def next(self) -> tuple[int | None, dict[str, Any]]:
        number: int | None = None
        while line := self.response.readline():
            if line.startswith(b"id: "):
                number = int(line[4:])
            elif line.startswith(b"data: "):
                return number, json.loads(line[6:])
        raise StopIteration

    def rest(self) -> list[tuple[int | None, dict[str, Any]]]:
        out = []
        while True:
            try:
                out.append(self.next())
            except StopIteration:
                return out

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def streamer(org: Org, push_agents: PushAgents) -> Callable[..., Resident]:
    def make(answering: Answering, card: dict[str, Any] = STREAMS) -> Resident:
        agent = org.resident("streamer")
        made = agent.register(url=push_agents.start(answering), delivery_mode="push", agent_card=card)
        assert made.status_code == 200, made.text
        return agent
    return make


def test_each_piece_arrives_before_the_next_is_made(org: Org, streamer: Callable[..., Resident]) -> None:
    go = [threading.Event() for _ in range(4)]
    agent = streamer(streaming([TASK, status("working"), words("one "), words("two"), status("completed", True)],
                               lambda number: number == 0 or go[number - 1].wait(20) or None))
    reading = Reading(org, agent, asks("hello", "m-each"))
    assert reading.response.headers["Content-Type"] == "text/event-stream"
    seen = []
    for each in go:
        seen.append(reading.next())
        each.set()
    seen += reading.rest()
    assert [number for number, _ in seen] == [1, 2, 3, 4, 5]
    assert [each["result"]["kind"] for _, each in seen] == ["task", "status-update", "artifact-update", "artifact-update",
                                                            "status-update"]
    assert all(each["id"] == asks("", "")["id"] and each["jsonrpc"] == "2.0" for _, each in seen)
    row = org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]
    parts = row["response_body"]["result"]["artifacts"][0]["parts"]
    assert row["status"] == "ok" and [part["text"] for part in parts] == ["one ", "two"]


def test_who_is_cut_off_goes_on_where_that_was(org: Org, streamer: Callable[..., Resident]) -> None:
    results = [TASK] + [words(f"{number} ") for number in range(200)] + [status("completed", True)]
    slow = threading.Event()
    asked: list[dict[str, Any]] = []
    agent = streamer(streaming(results, lambda number: number == 150 and slow.wait(20) or None, asked))
    body = asks("count", "m-cut")
    whole = Reading(org, agent, body)
    cut = Reading(org, agent, body)
    first = [cut.next() for _ in range(40)]
    cut.close()
    resumed = Reading(org, agent, body, after=40)
    more = [resumed.next() for _ in range(60)]
    resumed.close()
    slow.set()
    last = Reading(org, agent, body, after=100).rest()
    assert first + more + last == whole.rest()
    assert len(asked) == 1, "the agent was asked once"
    # After its end it can still be read, from anywhere.
    assert Reading(org, agent, body, after=200).rest() == last[-2:]
    assert Reading(org, agent, body, after=202).rest() == []


def test_a_caller_that_leaves_stops_nothing(org: Org, streamer: Callable[..., Resident]) -> None:
    go = threading.Event()
    agent = streamer(streaming([TASK, words("done"), status("completed", True)],
                               lambda number: number == 1 and go.wait(20) or None))
    reading = Reading(org, agent, asks("work", "m-leaves"))
    reading.next()
    reading.close()
    go.set()
    assert [number for number, _ in Reading(org, agent, asks("work", "m-leaves")).rest()] == [1, 2, 3]


def test_an_answer_in_one_piece_is_a_stream_of_one(org: Org, streamer: Callable[..., Resident]) -> None:
    text = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"kind": "message", "role": "agent", "messageId": "r",
                                                             "parts": [{"kind": "text", "text": "hi"}]}})
    asked: list[dict[str, Any]] = []

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        asked.append(json.loads(body))
        connection.sendall(answer_bytes(text))

    # One whose card promises streams and does not stream, and one that promises nothing.
    for number, card in enumerate((STREAMS, {"name": "plain"})):
        agent = streamer(answer, card)
        seen = Reading(org, agent, asks("hello", f"m-one-{number}")).rest()
        assert [(number, each["result"]["parts"][0]["text"]) for number, each in seen] == [(1, "hi")]
        assert Reading(org, agent, asks("hello", f"m-one-{number}"), after=1).rest() == []
    assert [each["method"] for each in asked] == ["message/stream", "message/send"]


def test_generations_meet_in_a_stream(org: Org, streamer: Callable[..., Resident]) -> None:
    ten = [{"task": {"id": "t", "contextId": "c", "status": {"state": "TASK_STATE_SUBMITTED"}}},
           {"artifactUpdate": {"taskId": "t", "contextId": "c", "artifact": {"artifactId": "a", "parts": [{"text": "x"}]}}},
           {"statusUpdate": {"taskId": "t", "contextId": "c", "status": {"state": "TASK_STATE_COMPLETED"}}}]
    asked: list[dict[str, Any]] = []
    agent = streamer(streaming(ten, asked=asked), STREAMS_10)
    old = [each["result"] for _, each in Reading(org, agent, asks("hello", "m-gen")).rest()]
    assert [each["kind"] for each in old] == ["task", "artifact-update", "status-update"]
    assert old[1]["artifact"]["parts"] == [{"kind": "text", "text": "x"}]
    assert old[2]["status"]["state"] == "completed" and old[2]["final"] is True
    assert asked[0]["method"] == "SendStreamingMessage"
    new = asks("hello", "m-gen-10", "SendStreamingMessage")
    assert [each["result"] for _, each in Reading(org, agent, new).rest()] == ten


def chunked(connection: socket.socket, results: list[dict[str, Any]], whole: bool) -> None:
    """A stream of these, which ends in the middle of its body unless it is whole."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for each in results:
        data = event(each)
        connection.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    if whole:
        connection.sendall(b"0\r\n\r\n")


REFUSES = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32004, "message": "not here"}})


def forgetful(asked: list[str], parts: dict[str, list[dict[str, Any]]], whole: set[str]) -> Answering:
    """An agent whose streams break off, with what it answers to each method; other methods it does not know."""
    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        request = json.loads(body)
        asked.append(request["method"])
        if request["method"] == "tasks/get" and "tasks/get" in parts:
            text = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": parts["tasks/get"][0]})
            connection.sendall(answer_bytes(text))
        elif request["method"] in parts:
            assert request["method"] == "message/stream" or request["params"] == {"id": "t"}
            chunked(connection, parts[request["method"]], request["method"] in whole)
        else:
            connection.sendall(answer_bytes(REFUSES))
    return answer


def test_a_stream_that_breaks_ends_with_an_error(org: Org, streamer: Callable[..., Resident]) -> None:
    agent = streamer(forgetful([], {"message/stream": [TASK]}, set()))
    seen = Reading(org, agent, asks("hello", "m-breaks")).rest()
    assert [number for number, _ in seen] == [1, 2]
    assert seen[1][1]["error"]["message"].startswith("the agent's stream of events broke off")
    assert seen[1][1]["code"] == "agent_reset" and seen[1][1]["delivery_confirmed"] is True
    assert Reading(org, agent, asks("hello", "m-breaks"), after=1).rest() == seen[1:]
    assert Reading(org, agent, asks("hello", "m-breaks"), after=2).rest() == []


def test_a_stream_that_breaks_before_its_first_word_is_asked_for_again(org: Org, streamer: Callable[..., Resident]) -> None:
    """Its head came and then the way was gone: as of an answer that was lost, nobody knows whether there was one."""
    asked: list[str] = []

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        asked.append(json.loads(body)["params"]["message"]["messageId"])
        if len(asked) == 1:
            chunked(connection, [], whole=False)
        else:
            chunked(connection, [TASK, words("whole"), status("completed", True)], whole=True)

    agent = streamer(answer)
    seen = Reading(org, agent, asks("hello", "m-lost")).rest()
    told = [(number, each["result"]) for number, each in seen if number is not None]
    # The platform has told of a task meanwhile, so that its agent's is news of it.
    assert told == [(1, status("submitted")), (2, words("whole")), (3, status("completed", True))], seen
    assert asked == ["m-lost", "m-lost"]


def test_an_agent_whose_stream_breaks_off_is_asked_to_go_on(org: Org, streamer: Callable[..., Resident]) -> None:
    asked: list[str] = []
    agent = streamer(forgetful(asked, {"message/stream": [TASK, words("one ")],
                                       "tasks/resubscribe": [words("two"), status("completed", True)]},
                               {"tasks/resubscribe"}))
    seen = Reading(org, agent, asks("hello", "m-goes-on")).rest()
    assert [number for number, _ in seen] == [1, 2, 3, 4]
    assert [each["result"] for _, each in seen] == [TASK, words("one "), words("two"), status("completed", True)]
    assert asked == ["message/stream", "tasks/resubscribe"]
    assert org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]["status"] == "ok"


def test_one_that_cannot_go_on_is_asked_how_its_task_stands(org: Org, streamer: Callable[..., Resident]) -> None:
    asked: list[str] = []
    stands = TASK | {"status": {"state": "completed"}, "artifacts": [words("all")["artifact"]]}
    agent = streamer(forgetful(asked, {"message/stream": [TASK], "tasks/get": [stands]}, set()))
    seen = Reading(org, agent, asks("hello", "m-stands")).rest()
    assert [each["result"] for _, each in seen] == [TASK, stands]
    assert asked == ["message/stream", "tasks/resubscribe", "tasks/get"]


def test_a_platform_that_was_killed_goes_on_with_the_stream(tmp_path: Path, push_agents: PushAgents) -> None:
    stage = Stage(tmp_path)
    stage.start()
    try:
        own = Org(stage)
        asked: list[str] = []
        held = threading.Event()

        def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
            method = json.loads(body)["method"]
            asked.append(method)
            if method == "message/stream":
                connection.sendall(HEAD + event(TASK) + event(words("one ")))
                held.wait(30)  # The platform is gone before there is more.
            else:
                chunked(connection, [words("two"), status("completed", True)], True)

        agent = own.resident("survives")
        assert agent.register(url=push_agents.start(answer), delivery_mode="push", agent_card=STREAMS).status_code == 200
        body = asks("hello", "m-killed")
        reading = Reading(own, agent, body)
        first = [reading.next() for _ in range(2)]
        stage.kill()
        held.set()
        stage.start()
        own.close()
        own = Org(stage)
        rest = Reading(own, agent, body, after=2).rest()
        assert [each["result"] for _, each in first + rest] == [TASK, words("one "), words("two"), status("completed", True)]
        assert [number for number, _ in first + rest] == [1, 2, 3, 4]
        assert asked == ["message/stream", "tasks/resubscribe"]
        assert Reading(own, agent, body).rest() == first + rest
        own.close()
    finally:
        stage.close()


def test_who_waits_for_an_agent_that_fetches_reads_its_answer(org: Org) -> None:
    agent = org.resident("fetches")
    assert agent.register(delivery_mode="poll").status_code == 200
    reading = Reading(org, agent, asks("hello", "m-polled"))
    number, opening = reading.next()
    assert number is None and opening["result"]["status"]["state"] == "submitted"
    row = agent.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]
    assert row["id"] == opening["result"]["id"]
    reply = agent.ask("POST", "/workspaces/SELF/notify", {"message": "hi there", "reply_to": row["id"]})
    assert reply.status_code == 200, reply.text
    assert [(number, each["result"]["parts"][0]["text"]) for number, each in reading.rest()] == [(1, "hi there")]
    assert [number for number, _ in Reading(org, agent, asks("hello", "m-polled")).rest()] == [1]


def test_an_answer_that_comes_otherwise_than_it_began_is_told(org: Org, streamer: Callable[..., Resident]) -> None:
    """It broke off and is answered in one piece when it is asked again: what is left to say follows what was said."""
    asked: list[str] = []
    agent = streamer(forgetful(asked, {"message/stream": [TASK, words("one ")]}, {"message/stream"}))
    first = Reading(org, agent, asks("hello", "m-early"))
    seen = [first.next() for _ in range(3)]
    first.close()
    assert [number for number, _ in seen] == [1, 2, 3]
    assert seen[2][1]["result"]["id"] == "t" and seen[2][1]["result"]["artifacts"][0]["parts"][0]["text"] == "one "
    again = Reading(org, agent, asks("hello", "m-early"), after=2)
    assert again.next() == seen[2]
    again.close()


def test_bad_positions_and_reused_ids_are_refused(org: Org, streamer: Callable[..., Resident]) -> None:
    agent = streamer(streaming([TASK, status("completed", True)]))
    Reading(org, agent, asks("hello", "m-bad")).rest()
    for wrong in ("x", "-1", "1.5", "9" * 30):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", asks("hello", "m-bad"), headers={"Last-Event-ID": wrong})
        assert refused(answer, 400)["code"] == "invalid_request"
    other = org.ask("POST", f"/workspaces/{agent.id}/a2a", asks("something else", "m-bad"))
    assert refused(other, 409)["code"] == "message_id_reused"


def test_who_has_seen_more_than_there_is_is_told_the_end(org: Org, streamer: Callable[..., Resident]) -> None:
    """As of a platform that was restored from a backup since."""
    go = threading.Event()
    agent = streamer(streaming([TASK, words("one "), status("completed", True)], lambda number: number < 2 or go.wait(20) or None))
    body = asks("hello", "m-ahead")
    first = Reading(org, agent, body)
    first.next(), first.next()
    early = Reading(org, agent, body, after=999)
    go.set()
    assert [each["result"] for _, each in early.rest()] == [status("completed", True)]
    first.rest()
    ended = Reading(org, agent, body, after=999).rest()
    assert len(ended) == 1 and ended[0][1]["result"]["status"]["state"] == "completed", ended
    assert Reading(org, agent, body, after=3).rest() == [], "who has seen all of it is told nothing twice"


def test_a_slow_reader_holds_up_nobody(org: Org, streamer: Callable[..., Resident]) -> None:
    results = [TASK] + [words("x" * 20_000) for _ in range(300)] + [status("completed", True)]
    agent = streamer(streaming(results))
    body = asks("much", "m-slow")
    slow = Reading(org, agent, body)
    slow.next()
    begun = time.monotonic()
    assert len(Reading(org, agent, body).rest()) == 302
    assert time.monotonic() - begun < 20
    assert len(slow.rest()) == 301
