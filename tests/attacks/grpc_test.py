"""The gRPC binding: every method says what its JSON-RPC sister says, and what is wrong is refused as gRPC has it."""

from __future__ import annotations

import concurrent.futures
import json
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from attackers import Org, PushAgents, Resident, answer_bytes
from grpc_caller import GrpcCaller, each, reason

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
CARD = {"name": "worker", "capabilities": {"streaming": True}, "skills": [
    {"id": "s", "name": "Sums", "description": "Adds", "tags": ["maths"], "securityRequirements": [{"schemes": {"k": {"list": ["a"]}}}]}]}
CARD_10 = CARD | {"supportedInterfaces": [{"url": "http://agent.example/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]}
KNOWN = {"kind": "task", "id": "t-1", "contextId": "c-1", "status": {"state": "working"}}


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"message": {"role": "ROLE_USER", "messageId": uuid.uuid4().hex, "parts": [{"text": text}]} | more}


class Hearing:
    """An agent that keeps what it is asked and answers with `result`."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[str] = []

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        self.heads.append(head.decode())
        self.bodies.append(json.loads(body))
        result = self.result(self.bodies[-1]) if callable(self.result) else self.result
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result})))


def streaming(results: list[Any], between: Callable[[int], Any] = lambda number: None, gone: threading.Event | None = None) -> Any:
    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        connection.sendall(HEAD)
        try:
            for number, result in enumerate(results):
                between(number)
                connection.sendall(b"data: " + json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode() + b"\n\n")
        except OSError:
            if gone:
                gone.set()
    return answer


def words(text: str) -> dict[str, Any]:
    return {"kind": "artifact-update", "taskId": "t", "contextId": "c", "append": True,
            "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": text}]}}


def status(state: str, final: bool = False) -> dict[str, Any]:
    return {"kind": "status-update", "taskId": "t", "contextId": "c", "status": {"state": state}, "final": final}


TASK = {"kind": "task", "id": "t", "contextId": "c", "status": {"state": "submitted"}}


@pytest.fixture
def call_to(org: Org, push_agents: PushAgents) -> Iterator[Callable[..., tuple[GrpcCaller, Resident]]]:
    made: list[GrpcCaller] = []

    def call(answering: Any, card: dict[str, Any] = CARD) -> tuple[GrpcCaller, Resident]:
        agent = org.resident("grpc")
        url = answering if isinstance(answering, str) else push_agents.start(answering)
        assert agent.register(url=url, delivery_mode="push", agent_card=card).status_code == 200
        made.append(GrpcCaller(org.stage.url, org.admin, agent.id))
        return made[-1], agent

    yield call
    for each_one in made:
        each_one.close()


def test_a_message_of_every_kind_of_part_goes_there_and_back(call_to: Callable[..., Any]) -> None:
    heard = Hearing(lambda body: {"message": body["params"]["message"] | {"role": "ROLE_AGENT"}})
    caller, _ = call_to(heard, CARD_10)
    parts = [{"text": "täglich ☕", "metadata": {"n": 1.5, "deep": {"list": [1, None, True, "x", {}]}}},
             {"raw": "AAECAw==", "filename": "a.bin", "mediaType": "application/octet-stream"},
             {"url": "https://e.example/x"}, {"data": {"k": [1, 2]}}, {"data": None}, {"data": 7}, {"text": ""}]
    asked = said("", parts=parts, contextId="c-9", extensions=["urn:x"], referenceTaskIds=["r-1"], metadata={"m": False})
    asked |= {"metadata": {"of": "the request"}, "configuration": {"acceptedOutputModes": ["text/plain"], "historyLength": 0}}
    told = caller.ask("SendMessage", asked)
    assert told["message"]["parts"] == parts and told["message"]["role"] == "ROLE_AGENT"
    assert told["message"]["contextId"] == "c-9" and told["message"]["referenceTaskIds"] == ["r-1"]
    params = heard.bodies[0]["params"]
    assert params["configuration"]["acceptedOutputModes"] == ["text/plain"]
    assert "historyLength" not in params["configuration"], "that is about what is told here"
    assert params["metadata"]["of"] == "the request" and "tenant" not in params, "that is ours, not the agent's"


def test_what_an_agent_of_the_old_generation_says_is_translated(call_to: Callable[..., Any]) -> None:
    heard = Hearing({"kind": "message", "role": "agent", "messageId": "a", "parts": [{"kind": "text", "text": "yes"}]})
    caller, _ = call_to(heard)
    assert caller.ask("SendMessage", said("?"))["message"]["parts"] == [{"text": "yes"}]
    assert heard.bodies[0]["method"] == "message/send"


def test_tasks_are_told_listed_called_off_and_watched(call_to: Callable[..., Any], org: Org) -> None:
    state = {"state": "working"}
    caller, agent = call_to(Hearing(lambda body: KNOWN | {"status": dict(state)}))
    sent = caller.ask("SendMessage", said("work"))["task"]
    assert sent["id"] == "t-1" and sent["status"]["state"] == "TASK_STATE_WORKING"
    got = caller.ask("GetTask", {"id": "t-1", "historyLength": 1})
    by_http = org.ask("GET", f"/a2a/{agent.id}/tasks/t-1?historyLength=1").json()
    assert got["id"] == "t-1" and got["contextId"] == by_http["contextId"] and got["history"] == by_http["history"]
    assert got["status"]["state"] == by_http["status"]["state"] and got["metadata"]["molecule"]["standing"]
    listed = caller.ask("ListTasks", {"contextId": got["contextId"], "pageSize": 5, "status": "TASK_STATE_WORKING", "includeArtifacts": True,
                                      "statusTimestampAfter": "2020-01-01T00:00:00.5Z"})
    assert [task["id"] for task in listed["tasks"]] == ["t-1"] and listed["pageSize"] == 5 and listed["totalSize"] == 1
    assert "tasks" not in caller.ask("ListTasks", {"status": "TASK_STATE_FAILED"})
    stream = caller.stream("SubscribeToTask", {"id": "t-1"})
    first = next(each(stream))
    assert first["task"]["id"] == "t-1"
    stream.cancel()
    state["state"] = "canceled"
    assert caller.ask("CancelTask", {"id": "t-1", "metadata": {"why": "enough"}})["status"]["state"] == "TASK_STATE_CANCELED"


def test_push_notifications_are_kept_told_and_forgotten(call_to: Callable[..., Any]) -> None:
    caller, _ = call_to(Hearing(KNOWN))
    caller.ask("SendMessage", said("work"))
    config = {"taskId": "t-1", "id": "mine", "url": "http://127.0.0.1:9/x", "token": "t0ken",
              "authentication": {"scheme": "Bearer", "credentials": "hush"}}
    made = caller.ask("CreateTaskPushNotificationConfig", config)
    assert made["id"] == "mine" and made["taskId"] == "t-1" and made["url"] == config["url"]
    assert caller.ask("GetTaskPushNotificationConfig", {"taskId": "t-1", "id": "mine"})["url"] == config["url"]
    assert [each_one["id"] for each_one in caller.ask("ListTaskPushNotificationConfigs", {"taskId": "t-1"})["configs"]] == ["mine"]
    assert caller.ask("DeleteTaskPushNotificationConfig", {"taskId": "t-1", "id": "mine"}) == {}
    assert "configs" not in caller.ask("ListTaskPushNotificationConfigs", {"taskId": "t-1"})


def test_the_card_says_where_it_is_asked_by_grpc(call_to: Callable[..., Any], org: Org) -> None:
    caller, agent = call_to(Hearing(KNOWN))
    card = caller.ask("GetExtendedAgentCard")
    place = org.stage.url.removeprefix("http://")
    [by_grpc] = [each_one for each_one in card["supportedInterfaces"] if each_one["protocolBinding"] == "GRPC"]
    assert by_grpc == {"url": place, "protocolBinding": "GRPC", "protocolVersion": "1.0", "tenant": agent.id}
    by_http = org.ask("GET", f"/a2a/{agent.id}/extendedAgentCard").json()
    assert card["supportedInterfaces"] == by_http["supportedInterfaces"] and card["skills"] == by_http["skills"]
    assert card["securitySchemes"] == by_http["securitySchemes"] and card["signatures"] == by_http["signatures"]
    # Whoever comes through a proxy may not reach that place, so it is not promised.
    behind = org.ask("GET", f"/a2a/{agent.id}/extendedAgentCard", headers={"X-Forwarded-For": "192.0.2.7"}).json()
    assert "GRPC" not in [each_one["protocolBinding"] for each_one in behind["supportedInterfaces"]]


def test_each_piece_of_a_stream_arrives_before_the_next_is_made(call_to: Callable[..., Any]) -> None:
    go = [threading.Event() for _ in range(4)]
    caller, _ = call_to(streaming([TASK, status("working"), words("one "), words("two"), status("completed", True)],
                                  lambda number: number == 0 or go[number - 1].wait(20) or None))
    pieces = each(caller.stream("SendStreamingMessage", said("hello")))
    seen = []
    for each_one in go:
        seen.append(next(pieces))
        each_one.set()
    seen += list(pieces)
    assert [next(iter(piece)) for piece in seen] == ["task", "statusUpdate", "artifactUpdate", "artifactUpdate", "statusUpdate"]
    assert seen[2]["artifactUpdate"]["artifact"]["parts"] == [{"text": "one "}] and seen[2]["artifactUpdate"]["append"] is True
    assert seen[4]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


def test_a_stream_that_is_canceled_ends_and_its_task_goes_on(call_to: Callable[..., Any], org: Org) -> None:
    go = threading.Event()
    caller, agent = call_to(streaming([TASK, words("one"), status("completed", True)], lambda number: number == 1 and go.wait(20)))
    call = caller.stream("SendStreamingMessage", said("hello"))
    next(each(call))
    call.cancel()
    with pytest.raises(grpc.RpcError) as canceled:
        next(call)
    assert canceled.value.code() == grpc.StatusCode.CANCELLED
    go.set()
    deadline = time.monotonic() + 20
    while org.ask("GET", f"/a2a/{agent.id}/tasks/t").json()["status"]["state"] != "TASK_STATE_COMPLETED":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def by_curl(org: Org, folder: Path, method: str, message: bytes, *headers: str) -> tuple[str, bytes]:
    """What a client of gRPC keeps to itself: the fields before and behind the answer, and its bytes."""
    (folder / "message").write_bytes(message)
    more = [part for header in headers for part in ("-H", header)]
    subprocess.run(["curl", "-sS", "--max-time", "15", "--noproxy", "*", "--http2-prior-knowledge", "-H", "content-type: application/grpc",
                    "-H", f"authorization: Bearer {org.admin}", "-H", "te: trailers", *more, "-D", str(folder / "fields"),
                    "-o", str(folder / "body"), "--data-binary", f"@{folder / 'message'}",
                    f"{org.stage.url}/lf.a2a.v1.A2AService/{method}"], check=True, timeout=20)
    return (folder / "fields").read_text(), (folder / "body").read_bytes()


def test_a_stream_lasts_no_longer_than_its_caller_waits(call_to: Callable[..., Any], org: Org, tmp_path: Path) -> None:
    go = threading.Event()
    caller, _ = call_to(streaming([TASK, status("completed", True)], lambda number: number == 1 and go.wait(20)))
    message = caller.request("SendStreamingMessage", said("hello")).SerializeToString()
    try:
        # Said to the platform alone: a client of gRPC would end its call by its own clock.
        fields, body = by_curl(org, tmp_path, "SendStreamingMessage", b"\0" + len(message).to_bytes(4, "big") + message, "grpc-timeout: 500m")
    finally:
        go.set()
    assert "grpc-status: 4" in fields and "grpc-message: " in fields
    assert body.startswith(b"\0"), "what came before was told"


def refusal(ask: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as refused:
        ask()
    assert refused.value.details(), "a refusal says why"
    return refused.value.code(), reason(refused.value)


def test_refusals_have_the_code_and_the_reason_of_the_protocol(call_to: Callable[..., Any], org: Org) -> None:
    caller, agent = call_to(Hearing({"kind": "task", "id": "t-2", "contextId": "c", "status": {"state": "completed"}}))
    code = grpc.StatusCode
    assert refusal(lambda: caller.ask("GetTask", {"id": "nobody"})) == (code.NOT_FOUND, "TASK_NOT_FOUND")
    caller.ask("SendMessage", said("work"))
    assert refusal(lambda: caller.ask("CancelTask", {"id": "t-2"})) == (code.FAILED_PRECONDITION, "TASK_NOT_CANCELABLE")
    assert refusal(lambda: list(caller.stream("SubscribeToTask", {"id": "t-2"}))) == (code.FAILED_PRECONDITION, "UNSUPPORTED_OPERATION")
    assert refusal(lambda: caller.ask("GetTask", {"id": "t-2"}, {"a2a-version": "2.0"})) == (code.FAILED_PRECONDITION, "VERSION_NOT_SUPPORTED")
    assert refusal(lambda: caller.ask("GetTask", {"id": "t-2"}, {"a2a-version": "0.3"}))[1] == "VERSION_NOT_SUPPORTED"
    assert caller.ask("GetTask", {"id": "t-2"}, {"a2a-version": ""})["id"] == "t-2", "the service's name tells the generation"
    for tenant in ("", "nonsense"):
        assert refusal(lambda tenant=tenant: caller.ask("GetTask", {"id": "t-2"}, tenant=tenant))[0] == code.INVALID_ARGUMENT
    assert refusal(lambda: caller.ask("SendMessage", said("?"), tenant=str(uuid.uuid4())))[0] == code.NOT_FOUND
    assert refusal(lambda: caller.ask("ListTasks", {"pageSize": 1000}))[0] == code.INVALID_ARGUMENT
    assert refusal(lambda: caller.ask("SendMessage", {}))[0] == code.INVALID_ARGUMENT
    for token in ("", "mol_nonsense"):
        stranger = GrpcCaller(org.stage.url, token, agent.id)
        assert refusal(lambda stranger=stranger: stranger.ask("GetTask", {"id": "t-2"}))[0] == code.UNAUTHENTICATED
        assert refusal(lambda stranger=stranger: list(stranger.stream("SendStreamingMessage", said("?"))))[0] == code.UNAUTHENTICATED
        stranger.close()
    unknown = caller.channel.unary_unary("/lf.a2a.v1.A2AService/Nonsense")
    assert refusal(lambda: unknown(b"", metadata=caller.metadata(), timeout=20))[0] == code.UNIMPLEMENTED


def test_what_others_may_not_see_is_not_there(call_to: Callable[..., Any], org: Org) -> None:
    caller, agent = call_to(Hearing(KNOWN))
    caller.ask("SendMessage", said("secret"))
    other = org.resident("other")
    nosy = GrpcCaller(org.stage.url, other.token, agent.id)
    assert refusal(lambda: nosy.ask("GetTask", {"id": "t-1"})) == (grpc.StatusCode.NOT_FOUND, "TASK_NOT_FOUND")
    assert "tasks" not in nosy.ask("ListTasks")
    nosy.close()


@pytest.mark.parametrize("data", [
    b"\x08", b"\x0a\xff\xff\xff\xff\x0f", b"\x0b\x0c", b"\x00\x01", b"\xff" * 11, b"\x0d\x00", b"\x0a\x02\xff\xfe",
    b"\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", b"\x12\x02\x22\x00"], ids=lambda data: data.hex())
def test_bytes_that_are_no_message_are_refused(call_to: Callable[..., Any], data: bytes) -> None:
    caller, agent = call_to(Hearing(KNOWN))
    tenant = b"\x0a\x24" + agent.id.encode()
    for method in ("SendMessage", "GetTask"):
        assert refusal(lambda method=method: caller.raw(method, tenant + data))[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_a_message_that_goes_too_deep_is_refused(call_to: Callable[..., Any]) -> None:
    caller, agent = call_to(Hearing(KNOWN))
    value = b"\x08\x00"
    for _ in range(4000):
        inner = b"\x0a" + varint(len(value)) + value
        value = b"\x32" + varint(len(inner)) + inner
    part = b"\x22" + varint(len(value)) + value
    message = b"\x0a\x01m\x2a" + varint(len(part)) + part
    data = b"\x0a\x24" + agent.id.encode() + b"\x12" + varint(len(message)) + message
    assert refusal(lambda: caller.raw("SendMessage", data))[0] == grpc.StatusCode.INVALID_ARGUMENT


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def test_packed_messages_are_turned_down_with_what_is_taken(call_to: Callable[..., Any], org: Org, tmp_path: Path) -> None:
    caller, _ = call_to(Hearing(KNOWN))
    assert refusal(lambda: caller.ask("GetTask", {"id": "t"}, compression=grpc.Compression.Gzip))[0] == grpc.StatusCode.UNIMPLEMENTED
    fields, _ = by_curl(org, tmp_path, "GetTask", b"\1\0\0\0\0", "grpc-encoding: gzip")
    assert "grpc-status: 12" in fields and "grpc-accept-encoding: identity" in fields


def test_messages_up_to_the_bound_are_taken_and_beyond_it_refused(call_to: Callable[..., Any]) -> None:
    heard = Hearing({"message": {"role": "ROLE_AGENT", "messageId": "a", "parts": [{"text": "b" * 6_000_000}]}})
    caller, _ = call_to(heard, CARD_10)
    told = caller.ask("SendMessage", said("a" * 12_000_000), timeout=60)
    assert len(told["message"]["parts"][0]["text"]) == 6_000_000
    assert len(heard.bodies[0]["params"]["message"]["parts"][0]["text"]) == 12_000_000
    assert refusal(lambda: caller.ask("SendMessage", said("a" * 17_000_000), timeout=60))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_two_hundred_streams_share_a_connection(call_to: Callable[..., Any]) -> None:
    go = threading.Event()
    caller, _ = call_to(streaming([TASK, words("x"), status("completed", True)], lambda number: number == 1 and go.wait(60)))
    calls = [caller.stream("SendStreamingMessage", said(f"number {number}"), timeout=90) for number in range(200)]
    with concurrent.futures.ThreadPoolExecutor(200) as threads:
        firsts = list(threads.map(lambda call: next(call), calls))
        assert len(firsts) == 200
        go.set()
        ends = list(threads.map(lambda call: list(each(call))[-1], calls))
    assert all(end["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED" for end in ends)
