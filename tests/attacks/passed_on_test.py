"""What goes to an agent with a message, and what of its answer is told: nothing of either is lost on the way."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from attackers import Answering, Org, PushAgents, Resident, answer_bytes

CARD_10 = {"name": "new", "supportedInterfaces": [{"url": "http://agent.example/", "protocolBinding": "JSONRPC",
                                                   "protocolVersion": "1.0"}]}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Hearing:
    """An agent that keeps what it is asked, and answers with what `result` makes of the message."""

    def __init__(self, result: Callable[[dict[str, Any]], Any], streams: bool = False) -> None:
        self.result, self.streams = result, streams
        self.heads: list[dict[str, str]] = []
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        self.heads.append({name.lower(): value for name, value in
                           (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])})
        self.bodies.append(json.loads(body))
        told = json.dumps({"jsonrpc": "2.0", "id": 1, "result": self.result(self.bodies[-1]["params"].get("message", {}))})
        if self.streams:
            connection.sendall(answer_bytes(f"data: {told}\n\n", "text/event-stream"))
        else:
            connection.sendall(answer_bytes(told))


@pytest.fixture
def agent_of(org: Org, push_agents: PushAgents) -> Callable[..., Resident]:
    def make(answering: Answering, card: dict[str, Any]) -> Resident:
        agent = org.resident("hearing")
        assert agent.register(url=push_agents.start(answering), delivery_mode="push", agent_card=card).status_code == 200
        return agent
    return make


def rpc(method: str, message: dict[str, Any], **beside: Any) -> dict[str, Any]:
    fields = {"messageId": uuid.uuid4().hex, "role": "ROLE_USER" if method[0] == "S" else "user"}
    return {"jsonrpc": "2.0", "id": "q", "method": method, "params": {"message": fields | message, **beside}}


NEW_PARTS = [{"text": "# x", "mediaType": "text/markdown", "filename": "x.md", "metadata": {"k": 1}, "own": [1]},
             {"data": {"a": 1}, "mediaType": "application/x-a"}, {"data": 7, "filename": "seven"},
             {"raw": "AA==", "filename": "a", "mediaType": "a/b", "metadata": {"k": 2}, "own": True}]
OLD_PARTS = [{"kind": "text", "text": "x", "metadata": {"k": 1}, "own": 1},
             {"kind": "data", "data": {"a": 1}, "metadata": {"mediaType": "application/x-a"}},
             {"kind": "file", "file": {"bytes": "AA==", "name": "a", "mimeType": "a/b"}, "metadata": {"k": 2}, "own": True}]


def test_what_describes_a_part_goes_there_and_back_between_generations(org: Org, agent_of: Callable[..., Resident]) -> None:
    echo = Hearing(lambda message: {"kind": "message", "role": "agent", "messageId": "a", "parts": message["parts"]})
    agent = agent_of(echo, {"name": "old"})
    told = org.ask("POST", f"/a2a/{agent.id}", rpc("SendMessage", {"parts": NEW_PARTS})).json()
    assert told["result"]["message"]["parts"] == NEW_PARTS
    first = echo.bodies[0]["params"]["message"]["parts"][0]
    assert first == {"kind": "text", "text": "# x", "own": [1],
                     "metadata": {"k": 1, "mediaType": "text/markdown", "filename": "x.md"}}
    new_echo = Hearing(lambda message: {"message": {"role": "ROLE_AGENT", "messageId": "a", "parts": message["parts"]}})
    agent = agent_of(new_echo, CARD_10)
    told = org.ask("POST", f"/a2a/{agent.id}", rpc("message/send", {"parts": OLD_PARTS})).json()
    assert told["result"]["parts"] == OLD_PARTS
    assert new_echo.bodies[0]["params"]["message"]["parts"][1] == {"data": {"a": 1}, "mediaType": "application/x-a"}


@pytest.mark.parametrize("generation", ["1.0", "0.3"])
def test_how_much_history_is_told_is_not_how_much_is_kept(org: Org, agent_of: Callable[..., Resident], generation: str) -> None:
    new = generation == "1.0"
    history = [{"role": "ROLE_USER" if new else "user", "messageId": f"h-{i}",
                "parts": [{"text": str(i)} if new else {"kind": "text", "text": str(i)}]} | ({} if new else {"kind": "message"})
               for i in range(4)]
    task = {"id": "t-1", "contextId": "c", "status": {"state": "TASK_STATE_COMPLETED" if new else "completed"}, "history": history}
    result = {"task": task} if new else task | {"kind": "task"}
    card = (CARD_10 if new else {"name": "old"}) | {"capabilities": {"streaming": True}}
    method, streaming, get = (("SendMessage", "SendStreamingMessage", "GetTask") if new
                              else ("message/send", "message/stream", "tasks/get"))
    parts = [{"text": "x"}] if new else [{"kind": "text", "text": "x"}]
    for length, expected in ((0, None), (1, ["3"]), (2, ["2", "3"]), (9, ["0", "1", "2", "3"]), (None, ["0", "1", "2", "3"])):
        for streams in (False, True):
            heard = Hearing(lambda message: result, streams)
            agent = agent_of(heard, card)
            body = rpc(streaming if streams else method, {"parts": parts}, configuration={"historyLength": length})
            for _ in range(2):  # And told again.
                answer = org.ask("POST", f"/a2a/{agent.id}", body)
                text = answer.text if not streams else next(line[6:] for line in answer.text.splitlines() if line.startswith("data: "))
                found = json.loads(text)["result"]
                found = found.get("task", found)
                words = [each["parts"][0]["text"] for each in found["history"]] if "history" in found else None
                assert words == expected, answer.text
            assert len(heard.bodies) == 1
            assert "historyLength" not in heard.bodies[0]["params"].get("configuration", {})
            kept = org.ask("POST", f"/a2a/{agent.id}", {"jsonrpc": "2.0", "id": 1, "method": get, "params": {"id": "t-1"}}).json()
            assert [each["parts"][0]["text"] for each in kept["result"]["history"]] == ["0", "1", "2", "3"]


def test_a_trace_goes_on_to_the_agent_and_nothing_else_does(org: Org, agent_of: Callable[..., Resident]) -> None:
    heard = Hearing(lambda message: {"kind": "message", "role": "agent", "messageId": "a", "parts": message["parts"]})
    agent = agent_of(heard, {"name": "old"})

    def headers_of(path: str, **headers: str) -> dict[str, str]:
        body = rpc("message/send", {"parts": [{"kind": "text", "text": "x"}]})
        if path.endswith(":send"):
            body = {"message": {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": "x"}]}}
        assert org.ask("POST", path, body, headers=headers).status_code == 200
        return heard.heads[-1]

    for path in (f"/a2a/{agent.id}", f"/a2a/{agent.id}/message:send", f"/workspaces/{agent.id}/a2a"):
        head = headers_of(path, Traceparent=PARENT, tracestate="a=1,b=2", baggage="secret=1", **{"X-Own": "1"})
        assert head["traceparent"] == PARENT and head["tracestate"] == "a=1,b=2"
        assert not {"baggage", "x-own"} & head.keys()
    for headers in ({"traceparent": PARENT[:-1]}, {"traceparent": PARENT.upper()}, {"tracestate": "a=1"},
                    {"traceparent": "00-" + "0" * 32 + PARENT[35:], "tracestate": "a=1"}):
        head = headers_of(f"/a2a/{agent.id}", **headers)
        assert not {"traceparent", "tracestate"} & head.keys(), headers
    head = headers_of(f"/a2a/{agent.id}", traceparent=PARENT, tracestate="a=" + "x" * 600)
    assert head["traceparent"] == PARENT and "tracestate" not in head
