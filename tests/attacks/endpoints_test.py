"""What is sent to an endpoint of A2A is held to its specification, and what an agent says that is none is told as that."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from attackers import Org, PushAgents, Resident, answer_bytes, says
from grpc_caller import GrpcCaller, each

DOMAIN = "a2a-protocol.org"


@pytest.fixture
def away(org: Org) -> Resident:
    agent = org.resident("away")
    assert agent.register(url="http://127.0.0.1:9/", delivery_mode="push").status_code == 200
    assert org.ask("POST", f"/workspaces/{agent.id}/pause").status_code == 200
    return agent


def rpc(method: str, message: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": "q", "method": method, "params": {"message": message, **beside}}


def new(**fields: Any) -> dict[str, Any]:
    return {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": "x"}], **fields}


def old(**fields: Any) -> dict[str, Any]:
    return {"messageId": uuid.uuid4().hex, "role": "user", "parts": [{"kind": "text", "text": "x"}], **fields}


WRONG_NEW: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a role that is none": (new(role="ROLE_BOSS"), {}, "message.role"),
    "no id": (new(messageId=""), {}, "message.messageId"),
    "no parts": (new(parts=[]), {}, "message.parts"),
    "an empty part": (new(parts=[{"text": "x"}, {}]), {}, "message.parts[1]"),
    "two contents": (new(parts=[{"text": "x", "url": "https://e.example/"}]), {}, "message.parts[0]"),
    "a history below nothing": (new(), {"configuration": {"historyLength": -1}}, "configuration.historyLength"),
}
WRONG_OLD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a role that is none": (old(role="boss"), {}, "message.role"),
    "a kind that is none": (old(parts=[{"kind": "video", "text": "x"}]), {}, "message.parts[0].kind"),
    "another kind of object": (old(kind="task"), {}, "message.kind"),
    "not what its kind has": (old(parts=[{"kind": "data", "text": "x"}]), {}, "message.parts[0].data"),
    "a file without one": (old(parts=[{"kind": "file", "file": {"name": "a"}}]), {}, "message.parts[0].file"),
    "a history below nothing": (old(), {"configuration": {"historyLength": -1}}, "configuration.historyLength"),
}


def violation(details: list[dict[str, Any]]) -> str:
    by_type = {one["@type"].rsplit("/", 1)[1]: one for one in details}
    assert by_type["google.rpc.ErrorInfo"]["reason"] == "INVALID_PARAMS" and by_type["google.rpc.ErrorInfo"]["domain"] == DOMAIN
    field: str = by_type["google.rpc.BadRequest"]["fieldViolations"][0]["field"]
    return field


def nothing_came(org: Org, agent: Resident) -> None:
    assert org.ask("GET", f"/a2a/{agent.id}/tasks").json()["totalSize"] == 0
    assert org.ask("GET", f"/workspaces/{agent.id}/activity").json() == []


@pytest.mark.parametrize("generation", ["1.0", "0.3"])
def test_what_is_wrong_in_a_message_is_named_and_nothing_is_sent(org: Org, away: Resident, generation: str) -> None:
    methods = ("SendMessage", "SendStreamingMessage") if generation == "1.0" else ("message/send", "message/stream")
    for message, beside, field in (WRONG_NEW if generation == "1.0" else WRONG_OLD).values():
        for method in methods:
            answer = org.ask("POST", f"/a2a/{away.id}", rpc(method, message, **beside))
            body = answer.json()
            assert answer.status_code == 200 and body["id"] == "q" and body["error"]["code"] == -32602, answer.text
            assert field in body["error"]["message"] and violation(body["error"]["data"]) == field
        if generation == "0.3":
            continue
        for path in ("message:send", "message:stream"):
            answer = org.ask("POST", f"/a2a/{away.id}/{path}", {"message": message, **beside})
            error = answer.json()["error"]
            assert answer.status_code == 400 and error["status"] == "INVALID_ARGUMENT", answer.text
            assert field in error["message"] and violation(error["details"]) == field
    nothing_came(org, away)


def test_over_grpc_it_is_an_invalid_argument(org: Org, away: Resident) -> None:
    caller = GrpcCaller(org.stage.url, org.admin, away.id)
    try:
        for message, beside, field in WRONG_NEW.values():
            if message["role"] == "ROLE_BOSS":
                message = message | {"role": "ROLE_UNSPECIFIED"}
            if any(len(part) > 1 for part in message["parts"]):
                continue  # Its messages cannot say two things at once.
            for asking in (lambda asked: caller.ask("SendMessage", asked), lambda asked: list(each(caller.stream("SendStreamingMessage", asked)))):
                with pytest.raises(grpc.RpcError) as told:
                    asking({"message": message, **beside})
                assert told.value.code() == grpc.StatusCode.INVALID_ARGUMENT and field in told.value.details()
    finally:
        caller.close()
    nothing_came(org, away)


def test_the_platforms_own_way_in_takes_what_it_can_understand(org: Org, away: Resident) -> None:
    for message in (old(role="boss"), {"content": "x"}, old(messageId="")):
        assert org.ask("POST", f"/workspaces/{away.id}/a2a", rpc("message/send", message)).status_code == 202


@pytest.fixture
def broken(org: Org, push_agents: PushAgents) -> Callable[[bytes], Resident]:
    def make(answer: bytes) -> Resident:
        agent = org.resident("broken")
        card = {"name": "b", "capabilities": {"streaming": True}}
        assert agent.register(url=push_agents.start(says(answer)), delivery_mode="push", agent_card=card).status_code == 200
        return agent
    return make


@pytest.mark.parametrize("answer", [b"<html>no</html>", b"{\"jsonrpc\":", b"{\"jsonrpc\":\"2.0\",\"id\":1}", b"[]"])
def test_an_answer_that_is_none_is_told_as_a2a_tells_it(org: Org, broken: Callable[[bytes], Resident], answer: bytes) -> None:
    agent = broken(answer_bytes(answer))
    for method, message in (("SendMessage", new()), ("message/send", old())):
        told = org.ask("POST", f"/a2a/{agent.id}", rpc(method, message))
        error = told.json()["error"]
        assert told.status_code == 200 and error["code"] == -32006, told.text
        assert error["data"][0]["reason"] == "INVALID_AGENT_RESPONSE" and error["data"][0]["domain"] == DOMAIN
        again = org.ask("POST", f"/a2a/{agent.id}", rpc(method, message))
        assert again.json()["error"] == error, "it is recorded as that"
    stream = org.ask("POST", f"/a2a/{agent.id}", rpc("SendStreamingMessage", new())).text
    assert '"code":-32006' in stream and "INVALID_AGENT_RESPONSE" in stream
    bare = org.ask("POST", f"/a2a/{agent.id}/message:send", {"message": new()})
    assert bare.status_code == 502 and bare.json()["error"]["status"] == "INTERNAL"
    assert bare.json()["error"]["details"][0]["reason"] == "INVALID_AGENT_RESPONSE"
    caller = GrpcCaller(org.stage.url, org.admin, agent.id)
    try:
        with pytest.raises(grpc.RpcError) as refused:
            caller.ask("SendMessage", {"message": new()})
        assert refused.value.code() == grpc.StatusCode.INTERNAL
    finally:
        caller.close()
    ours = org.ask("POST", f"/workspaces/{agent.id}/a2a", rpc("message/send", old()))
    assert ours.status_code == 502 and ours.json()["code"] == "bad_response"


def test_every_error_says_its_reason(org: Org, away: Resident, push_agents: PushAgents) -> None:
    """Whoever refuses: the endpoint, the platform or the agent, which may leave it out."""
    agent = org.resident("terse")
    terse = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"no pictures","data":"PNG"}}'
    assert agent.register(url=push_agents.start(says(answer_bytes(terse))), delivery_mode="push").status_code == 200
    for at, body, code, reason, domain in (
            (away, {"jsonrpc": "2.0", "id": 1, "method": "Sing"}, -32601, "METHOD_NOT_FOUND", DOMAIN),
            (away, {"jsonrpc": "2.0", "id": 1}, -32600, "INVALID_REQUEST", DOMAIN),
            (away, rpc("GetTask", new()) | {"params": {"id": "none"}}, -32001, "TASK_NOT_FOUND", DOMAIN),
            (away, rpc("SendMessage", new(), expires_in_seconds=1) | {"jsonrpc": "1"}, -32600, "INVALID_REQUEST", DOMAIN),
            (agent, rpc("SendMessage", new()), -32005, "CONTENT_TYPE_NOT_SUPPORTED", DOMAIN)):
        told = org.ask("POST", f"/a2a/{at.id}", body)
        error = told.json()["error"]
        assert told.status_code == 200 and error["code"] == code, told.text
        assert (error["data"][0]["reason"], error["data"][0]["domain"]) == (reason, domain), told.text
    assert error["data"][1] == {"@type": "type.googleapis.com/google.protobuf.Value", "value": "PNG"}, "what it said is kept"
    broken = org.ask("POST", f"/a2a/{away.id}", raw=b'{"jsonrpc":"2.0",')
    assert broken.json()["error"]["code"] == -32700 and broken.json()["error"]["data"][0]["reason"] == "PARSE_ERROR"
    elsewhere = org.ask("POST", f"/a2a/{uuid.uuid4()}", rpc("SendMessage", new()))
    assert elsewhere.status_code == 404
    assert elsewhere.json()["error"]["data"][0] == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": elsewhere.json()["code"], "domain": "molecule"}
