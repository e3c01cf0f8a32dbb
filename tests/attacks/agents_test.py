"""Agents that answer wrongly, slowly, endlessly or from elsewhere: the caller hears what happened, and nothing is lost."""

from __future__ import annotations

import json
import socket
import time

import pytest
from attackers import Answering, Org, PushAgents, answer_bytes, message, refused, says


def result(text: str) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"parts": [{"kind": "text", "text": text}]}})


def endless_head(connection: socket.socket, head: bytes, body: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")


def endless_body(connection: socket.socket, head: bytes, body: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"y" * 65536 + b"\r\n")


RAW = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WRONG: dict[str, tuple[Answering, int, str]] = {
    "no http": (says(b"\x00\xff\xfe not http at all\r\n\r\n"), 502, "bad_response"),
    "html": (says(answer_bytes("<html>hello</html>", "text/html")), 502, "bad_response"),
    "empty": (says(answer_bytes("")), 502, "bad_response"),
    "no content": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), 502, "bad_response"),
    "broken utf-8": (says(answer_bytes(b'{"jsonrpc":"2.0","id":1,"result":"\xff\xfe"}')), 502, "bad_response"),
    "half a surrogate": (says(answer_bytes(b'{"jsonrpc":"2.0","id":1,"result":"\\ud800"}')), 502, "bad_response"),
    "deep": (says(answer_bytes("[" * 100_000 + "]" * 100_000)), 502, "bad_response"),
    "compressed": (says(answer_bytes(b"\x1f\x8b\x08\x00", extra="Content-Encoding: gzip\r\n")), 502, "bad_response"),
    "too large": (says(answer_bytes(result("y" * (65 << 20)))), 502, "response_too_large"),
    "endless head": (endless_head, 502, "bad_response"),
    "endless body": (endless_body, 502, "response_too_large"),
    "two lengths": (says(f"{RAW}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}".encode()), 502, "bad_response"),
    "length and chunks": (says(f"{RAW}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode()), 502,
                          "bad_response"),
    "a flood of interim answers": (says(b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000), 502, "bad_response"),
    "another protocol": (says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), 502, "bad_response"),
    "no such status": (says(answer_bytes(result("x"), status="999 Odd")), 502, "bad_response"),
    "its own error": (says(answer_bytes('{"error":"boom"}', status="500 Broken")), 502, "agent_error"),
    "not found": (says(answer_bytes("nothing", "text/plain", "404 Not Found")), 404, "agent_error")}


# A client that got these as its own would take them for the platform's word on its own standing: it would throw its
# token away, hold back its inbox, or end.
WRONG |= {f"{status} as if the platform said it": (
    says(answer_bytes('{"error":"who are you"}', status=f"{status} No", extra='WWW-Authenticate: Bearer\r\n')), 502,
    "agent_error") for status in (401, 402, 403, 407, 410)}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_answer_is_an_error_with_its_reason(org: Org, push_agents: PushAgents, kind: str) -> None:
    answering, status, code = WRONG[kind]
    agent = org.resident("wrong")
    assert agent.register(url=push_agents.start(answering), delivery_mode="push").status_code == 200
    answer = refused(org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello", "once")), status)
    assert answer["code"] == code and answer["delivery_confirmed"] is True
    row = org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]
    assert row["status"] == "error" and row["error_detail"]
    # The result stands: asked again with the same id, the agent is not bothered a second time.
    again = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello", "once"))
    assert again.status_code == status and again.json() == answer and len(org.ask("GET", f"/workspaces/{agent.id}/activity").json()) == 1


GONE = '{"jsonrpc":"2.0","error":{"code":-32001,"message":"no such task"}}'


@pytest.mark.parametrize("status", ["200 OK", "400 Bad", "404 Not Found", "409 Conflict", "413 Large", "418 Teapot"])
def test_an_agents_error_of_json_rpc_is_its_answer(org: Org, push_agents: PushAgents, status: str) -> None:
    agent = org.resident("errs")
    assert agent.register(url=push_agents.start(says(answer_bytes(GONE, status=status))), delivery_mode="push").status_code == 200
    for asked in (7, "eight"):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello", "once") | {"jsonrpc": "2.0", "id": asked})
        assert answer.status_code == 200
        assert answer.json() == {"jsonrpc": "2.0", "id": asked, "error": {"code": -32001, "message": "no such task"}}
    row = org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]
    assert row["status"] == "error" and row["error_detail"] == "no such task"


def test_an_answer_without_an_id_gets_the_callers(org: Org, push_agents: PushAgents) -> None:
    agent = org.resident("nameless")
    said = '{"jsonrpc":"2.0","result":{"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"yes"}]}}'
    assert agent.register(url=push_agents.start(says(answer_bytes(said))), delivery_mode="push").status_code == 200
    for asked in (7, "eight"):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello", "once") | {"jsonrpc": "2.0", "id": asked})
        assert answer.status_code == 200 and answer.json()["id"] == asked
        assert answer.json()["result"]["parts"][0]["text"] == "yes"


LATER: dict[str, Answering] = {
    "hangs up": lambda connection, head, body: None,
    "hangs up half way": says(f"{RAW}Content-Length: 1000\r\n\r\n{{\"jsonrpc\"".encode()),
    "is busy": says(answer_bytes('{"error":"busy"}', status="503 Busy")),
    "is throttled": says(answer_bytes('{"error":"slow down"}', status="429 Slow"))}


@pytest.mark.parametrize("kind", LATER)
def test_an_agent_that_cannot_now_keeps_its_message(org: Org, push_agents: PushAgents, kind: str) -> None:
    agent = org.resident("later")
    assert agent.register(url=push_agents.start(LATER[kind]), delivery_mode="push").status_code == 200
    answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello"))
    assert answer.status_code == 202 and answer.json()["status"] == "queued" and answer.json()["queue_id"]
    assert org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]["status"] == "queued"


def test_an_agent_that_asks_to_be_left_alone_is(org: Org, push_agents: PushAgents) -> None:
    hits: list[bytes] = []

    def throttled(connection: socket.socket, head: bytes, body: bytes) -> None:
        hits.append(body)
        connection.sendall(answer_bytes('{"error":"slow down"}', status="429 Slow", extra="Retry-After: 30\r\n"))

    agent = org.resident("throttled")
    assert agent.register(url=push_agents.start(throttled), delivery_mode="push").status_code == 200
    for _ in range(3):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello"))
        assert answer.status_code == 202, answer.text
    assert len(hits) == 1


def test_a_stream_that_nobody_asked_for_is_answered_at_its_last_event(org: Org, push_agents: PushAgents) -> None:
    hits: list[bytes] = []

    def streams(connection: socket.socket, head: bytes, body: bytes) -> None:
        hits.append(body)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for state in ({"kind": "task", "id": "t", "contextId": "c", "status": {"state": "working"}}, json.loads(result("done"))["result"]):
            connection.sendall(f"data: {json.dumps({'jsonrpc': '2.0', 'id': 1, 'result': state})}\n\n: on\n\n".encode())
        connection.recv(1)  # Left open, until the platform has had enough.

    agent = org.resident("streams")
    assert agent.register(url=push_agents.start(streams), delivery_mode="push").status_code == 200
    for _ in range(2):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello", "once"), timeout=10)
        assert answer.status_code == 200 and answer.json()["result"]["parts"][0]["text"] == "done"
    assert len(hits) == 1


def test_a_kept_connection_that_ends_costs_no_answer(org: Org, push_agents: PushAgents) -> None:
    served: list[int] = []

    def forgetful(connection: socket.socket, head: bytes, body: bytes) -> None:
        served.append(1)
        connection.sendall(answer_bytes(result("here")))
        connection.recv(65536)  # The next request arrives, and the agent has just decided to close.

    agent = org.resident("forgetful")
    assert agent.register(url=push_agents.start(forgetful), delivery_mode="push").status_code == 200
    for number in range(6):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message(f"hello {number}"))
        assert answer.status_code == 200 and "here" in answer.text, answer.text
    assert len(served) == 6


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("target", ["inner", "http://169.254.169.254/latest/meta-data/", "//[::1]/", "/elsewhere"])
def test_an_agent_cannot_send_the_platform_elsewhere(org: Org, push_agents: PushAgents, status: str,
                                                     target: str) -> None:
    reached: list[bytes] = []

    def inner(connection: socket.socket, head: bytes, body: bytes) -> None:
        reached.append(head)

    where = push_agents.start(inner) if target == "inner" else target
    hops: list[bytes] = []

    def redirect(connection: socket.socket, head: bytes, body: bytes) -> None:
        hops.append(head)
        connection.sendall(answer_bytes("", status=status, extra=f"Location: {where}\r\n"))

    agent = org.resident("redirects")
    assert agent.register(url=push_agents.start(redirect), delivery_mode="push").status_code == 200
    told = refused(org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello")), 502)["error"]["message"]
    assert where.removeprefix("//").rstrip("/") in told and "register" in told
    assert len(hops) == 1 and reached == []


def test_a_slow_agent_holds_up_nobody_else(org: Org, push_agents: PushAgents) -> None:
    slow, quick = org.resident("slow"), org.resident("quick")

    def drip(connection: socket.socket, head: bytes, body: bytes) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" * 40:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    assert slow.register(url=push_agents.start(drip), delivery_mode="push").status_code == 200
    assert quick.register(url=push_agents.start(says(answer_bytes(result("here")))), delivery_mode="push").status_code == 200
    # Agents do not wait for the slow one's answer either: a delegation is accepted at once.
    asked = quick.ask("POST", "/workspaces/SELF/delegate", {"target_id": slow.id, "task": "hurry"}, timeout=2)
    assert asked.status_code == 202
    for _ in range(20):
        answer = org.ask("POST", f"/workspaces/{quick.id}/a2a", message("hello"), timeout=2)
        assert answer.status_code == 200 and "here" in answer.text


def test_a_second_answer_on_the_connection_is_nobodys(org: Org, push_agents: PushAgents) -> None:
    agent = org.resident("twice")
    data = answer_bytes(result("one")) + answer_bytes(result("smuggled"))
    assert agent.register(url=push_agents.start(says(data)), delivery_mode="push").status_code == 200
    for _ in range(3):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello"))
        assert answer.status_code == 200 and "one" in answer.text and "smuggled" not in answer.text
