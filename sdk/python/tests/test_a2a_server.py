"""The agent's own endpoint over real sockets: both A2A dialects, the flat endpoint, and everything that is refused."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from conftest import WORKSPACE
from molecule_agent import A2AServer, InboundMessage, PushDelivery, RemoteAgentClient, a2a_server, extract_text
from scripted_platform import ScriptedPlatform

PEER = "99999999-2222-4333-8444-555555555555"


def echo(payload: dict[str, Any]) -> str:
    return f"{payload['sender']}:{payload['message']}"


@pytest.fixture
def serve() -> Iterator[Callable[..., A2AServer]]:
    servers: list[A2AServer] = []

    def start(handler: Any = echo, **options: Any) -> A2AServer:
        server = A2AServer(WORKSPACE, message_handler=handler, host="127.0.0.1", **options)
        servers.append(server)
        server.start_in_background()
        return server

    yield start
    for server in servers:
        server.stop()


def envelope(text: str = "hi", method: str = "message/send", message_id: str = "m1", **more: Any) -> dict[str, Any]:
    part = {"text": text} if method == "SendMessage" else {"kind": "text", "text": text}
    return {"jsonrpc": "2.0", "id": 7, "method": method,
            "params": {"message": {"messageId": message_id, "role": "user", "parts": [part], **more}}}


def post(server: A2AServer, body: Any, path: str = "/", **options: Any) -> requests.Response:
    return requests.post(f"http://127.0.0.1:{server.port}{path}", json=body, timeout=10, **options)


def test_message_send_in_the_form_of_0_3(serve: Callable[..., A2AServer]) -> None:
    reply = post(serve(), envelope(contextId="c1"), headers={"X-Workspace-ID": PEER}).json()
    assert reply["id"] == 7
    result = reply["result"]
    assert (result["kind"], result["role"], result["contextId"]) == ("message", "agent", "c1")
    assert result["parts"] == [{"kind": "text", "text": f"{PEER}:hi"}]


def test_send_message_in_the_form_of_1_0(serve: Callable[..., A2AServer]) -> None:
    reply = post(serve(), envelope(method="SendMessage")).json()
    message = reply["result"]["message"]
    assert message["role"] == "ROLE_AGENT" and message["parts"] == [{"text": ":hi"}] and message["messageId"]


def test_an_async_handler_and_one_that_answers_with_a_task(serve: Callable[..., A2AServer]) -> None:
    async def later(payload: dict[str, Any]) -> str:
        return payload["message"].upper()

    task = {"kind": "task", "id": "t", "status": {"state": "completed"}, "artifacts": [{"parts": [{"text": "art"}]}]}
    assert extract_text(post(serve(later), envelope()).json()) == "HI"
    assert post(serve(lambda payload: task), envelope()).json()["result"] == task


def test_remembered_answers_are_bounded_in_bytes(serve: Callable[..., A2AServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(a2a_server, "REMEMBERED_BYTES", 10_000)
    ran: list[str] = []

    def handle(payload: dict[str, Any]) -> str:
        ran.append(payload["idempotency_key"])
        return "x" * int(payload["message"])

    server = serve(handle)
    for name, size in (("m1", "6000"), ("m2", "3000"), ("m2", "3000"), ("m1", "6000")):
        post(server, envelope(size, message_id=name))
    assert ran == ["m1", "m2"], "both fit"
    post(server, envelope("4000", message_id="m3"))
    post(server, envelope("3000", message_id="m2"))
    post(server, envelope("6000", message_id="m1"))
    assert ran == ["m1", "m2", "m3", "m1"], "the oldest made room"
    # The newest is kept, however long, until there is a newer one.
    for name in ("m4", "m4", "m5", "m4"):
        post(server, envelope("20000", message_id=name))
    assert ran[4:] == ["m4", "m5", "m4"]


def test_the_registered_path_and_the_root_are_served(serve: Callable[..., A2AServer]) -> None:
    server = serve(inbound_url="https://tunnel.example/agents/x")
    assert post(server, envelope(), "/agents/x").status_code == 200
    assert post(server, envelope(message_id="m2"), "/").status_code == 200
    assert post(server, envelope(), "/agents").status_code == 404


def test_the_card_serves_both_kinds_of_client(serve: Callable[..., A2AServer]) -> None:
    server = serve(agent_card={"name": "n", "skills": ["sum", {"id": "x", "name": "X"}]})
    for path in ("/.well-known/agent-card.json", "/.well-known/agent.json"):
        card = requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=10).json()
        assert card["url"] == server.inbound_url and card["supportedInterfaces"][0]["url"] == server.inbound_url
        assert card["skills"][0] == {"id": "sum", "name": "sum", "description": "sum", "tags": []}
        assert {"name", "description", "version", "capabilities", "defaultInputModes"} <= card.keys()


def test_the_flat_endpoint(serve: Callable[..., A2AServer]) -> None:
    server = serve(lambda payload: payload["task_id"])
    reply = post(server, {"task_id": "t9", "message": "m"}, "/a2a/inbound")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok", "result": "t9"})
    for body in (b"", b"{}", b"[]", b"{"):
        bad = requests.post(f"http://127.0.0.1:{server.port}/a2a/inbound", data=body, timeout=10)
        assert bad.status_code == 400 and bad.json()["error"]


@pytest.mark.parametrize(("body", "code"), [
    (b"{", -32700), (b"\xff", -32700), (b"[" * 100_000, -32700), (b"[]", -32600), (b"{}", -32600),
    (b'{"jsonrpc":"1.0","method":"message/send"}', -32600), (b'{"jsonrpc":"2.0","id":{},"method":"x"}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"tasks/explode"}', -32601),
    (b'{"jsonrpc":"2.0","id":1,"method":"message/send"}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"messageId":"m","parts":[]}}}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"messageId":"m","parts":["x"]}}}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"parts":[{"text":"x"}]}}}', -32602)])
def test_bad_requests_get_json_rpc_errors(serve: Callable[..., A2AServer], body: bytes, code: int) -> None:
    ran: list[Any] = []
    server = serve(ran.append)
    reply = requests.post(server.inbound_url, data=body, timeout=10)
    assert reply.status_code == 200 and reply.json()["error"]["code"] == code and ran == []


def test_what_a_handler_raises_stays_here(serve: Callable[..., A2AServer], caplog: pytest.LogCaptureFixture) -> None:
    def broken(payload: dict[str, Any]) -> str:
        raise RuntimeError("password is hunter2")

    server = serve(broken)
    rpc, flat = post(server, envelope()), post(server, {"message": "x"}, "/a2a/inbound")
    assert rpc.json()["error"]["code"] == -32603 and flat.status_code == 500
    assert "hunter2" not in rpc.text + flat.text
    reference = rpc.json()["error"]["message"].rsplit(" ", 1)[1]
    assert reference in caplog.text and "hunter2" in caplog.text


def test_two_servers_in_one_process_keep_apart(serve: Callable[..., A2AServer]) -> None:
    one, two = serve(lambda payload: "one"), serve(lambda payload: "two")
    assert extract_text(post(one, envelope()).json()) == "one"
    assert extract_text(post(two, envelope()).json()) == "two"


def test_the_secret_is_demanded(serve: Callable[..., A2AServer]) -> None:
    known = {"secret": "s3cret"}
    server = serve(secret=lambda: known["secret"])
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s3cret"}):
        assert post(server, envelope(message_id="m2"), headers=headers).status_code == 401
    assert post(server, envelope(message_id="m3"), headers={"Authorization": "bearer s3cret"}).status_code == 200


def unknown() -> str:
    raise FileNotFoundError("the file that holds it")


@pytest.mark.parametrize("secret", [lambda: "", lambda: None, unknown], ids=["empty", "none", "raises"])
@pytest.mark.parametrize("path", ["/", "/a2a/inbound"])
def test_nobody_is_heard_until_the_secret_is_known(serve: Callable[..., A2AServer], monkeypatch: pytest.MonkeyPatch,
                                                   secret: Any, path: str) -> None:
    monkeypatch.setattr(a2a_server, "SECRET_WAIT", 0.05)
    ran: list[Any] = []
    server = serve(ran.append, secret=secret)
    for headers in ({}, {"X-Workspace-ID": PEER}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"},
                    {"Authorization": "Bearer s3cret", "X-Workspace-ID": PEER}):
        reply = post(server, envelope(), path, headers=headers)
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert ran == []


def test_who_shows_a_secret_waits_for_the_registration_under_way(serve: Callable[..., A2AServer]) -> None:
    """The platform calls as soon as it has registered the agent, which may not have read the answer yet."""
    known = {"secret": ""}
    asked = threading.Event()

    def secret() -> str:
        asked.set()
        return known["secret"]

    server = serve(secret=secret)
    replies: list[requests.Response] = []
    calls = [threading.Thread(target=lambda shown=shown: replies.append(
        post(server, envelope(), headers={"Authorization": f"Bearer {shown}"}))) for shown in ("s3cret", "wrong")]
    for call in calls:
        call.start()
    assert asked.wait(10)
    known["secret"] = "s3cret"
    for call in calls:
        call.join(10)
    assert sorted(reply.status_code for reply in replies) == [200, 401]


class Near(a2a_server._Listener):
    """Says that it is bound to every address, and is not."""

    is_near = False


def test_who_serves_everybody_is_told(serve: Callable[..., A2AServer], monkeypatch: pytest.MonkeyPatch,
                                      caplog: pytest.LogCaptureFixture) -> None:
    serve()
    assert caplog.text == "", "only this machine reaches it"
    monkeypatch.setattr(a2a_server, "_Listener", Near)
    for options in ({"secret": "s3cret"}, {"secret": lambda: ""}, {"callers": object()}, {}):
        serve(**options)
        assert ("without a secret" in caplog.text) == (not options)


def raw(server: A2AServer, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            if not chunk:
                break
            received += chunk
        return received


@pytest.mark.parametrize(("headers", "status"), [
    (b"", b"411"), (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"400"), (b"Content-Length: -1\r\n", b"400"),
    (b"Content-Length: 99999999999999999999999\r\n", b"413"), (b"Content-Length: 2000\r\n", b"413"),
    (b"Transfer-Encoding: chunked\r\n", b"411")])
def test_bodies_that_are_not_read(serve: Callable[..., A2AServer], headers: bytes, status: bytes) -> None:
    server = serve(max_body_bytes=1000)
    answer = raw(server, b"POST / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
    assert answer.split(b" ")[1] == status and b"connection: close" in answer.lower()


def test_wrong_paths_and_methods(serve: Callable[..., A2AServer]) -> None:
    server = serve()
    assert post(server, envelope(), "/nowhere").status_code == 404
    assert requests.get(server.inbound_url, timeout=10).status_code == 405
    assert requests.get(server.inbound_url + "nowhere", timeout=10).status_code == 404


def test_more_connections_than_allowed_are_told_to_wait(serve: Callable[..., A2AServer]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def slow(payload: dict[str, Any]) -> str:
        inside.set()
        assert leave.wait(10)
        return "done"

    server = serve(slow, max_connections=1)
    replies: list[requests.Response] = []
    first = threading.Thread(target=lambda: replies.append(post(server, envelope())))
    first.start()
    assert inside.wait(10)
    busy = post(server, envelope(message_id="m2"))
    assert busy.status_code == 503 and busy.headers["Retry-After"] == "5"
    leave.set()
    first.join()
    assert extract_text(replies[0].json()) == "done"


def test_a_message_that_comes_again_runs_once(serve: Callable[..., A2AServer]) -> None:
    runs: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def slow(payload: dict[str, Any]) -> str:
        runs.append(payload["idempotency_key"])
        inside.set()
        assert leave.wait(10)
        return f"run {len(runs)}"

    server = serve(slow)
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(extract_text(post(server, envelope()).json())))
               for _ in range(3)]
    for thread in threads:
        thread.start()
    assert inside.wait(10)
    leave.set()
    for thread in threads:
        thread.join()
    assert texts == ["run 1"] * 3
    assert extract_text(post(server, envelope()).json()) == "run 1"
    # Another sender may use the same message id for another message.
    assert extract_text(post(server, envelope(), headers={"X-Workspace-ID": PEER}).json()) == "run 2"
    assert runs == ["m1", "m1"]


def test_a_failed_run_may_be_tried_again(serve: Callable[..., A2AServer]) -> None:
    runs: list[int] = []

    def flaky(payload: dict[str, Any]) -> str:
        runs.append(1)
        if len(runs) == 1:
            raise RuntimeError("first")
        return "second"

    server = serve(flaky)
    assert "error" in post(server, envelope()).json()
    assert extract_text(post(server, envelope()).json()) == "second"


@pytest.mark.parametrize("fails", [False, True], ids=["answered", "failed"])
def test_who_comes_for_a_long_run_is_told_that_it_goes_on_and_then_how_it_ended(
        serve: Callable[..., A2AServer], monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    monkeypatch.setattr(a2a_server, "DUPLICATE_WAIT", 0.05)
    runs: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def slow(payload: dict[str, Any]) -> str:
        runs.append(payload["idempotency_key"])
        inside.set()
        assert leave.wait(10)
        if fails:
            raise RuntimeError("in the end")
        return f"run {len(runs)}"

    server = serve(slow)
    first = threading.Thread(target=lambda: post(server, envelope()))
    first.start()
    assert inside.wait(10)
    for _ in range(3):
        told = post(server, envelope())
        assert (told.status_code, told.headers["X-Molecule-At-Work"]) == (503, "true")
        assert "Retry-After" not in told.headers, "other messages need not wait for this one"
        assert "at work" in told.json()["error"]["message"]
    leave.set()
    first.join()
    ended = post(server, envelope())
    assert ended.status_code == 200 and runs == ["m1"]
    if fails:
        assert "log has the reason" in ended.json()["error"]["message"]
        assert "error" in post(server, envelope()).json() and runs == ["m1", "m1"], "then it may be tried again"
    else:
        assert extract_text(ended.json()) == "run 1"


def test_a_platform_that_may_end_before_the_run_does_is_told_at_once(serve: Callable[..., A2AServer]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def slow(payload: dict[str, Any]) -> str:
        inside.set()
        assert leave.wait(20)
        return "done"

    server = serve(slow)
    first = threading.Thread(target=lambda: post(server, envelope()))
    first.start()
    assert inside.wait(10)
    told = post(server, envelope(), headers={"Prefer": "wait=0"})
    assert (told.status_code, told.headers["X-Molecule-At-Work"]) == (503, "true")
    leave.set()
    first.join()
    assert extract_text(post(server, envelope(), headers={"Prefer": "wait=0"}).json()) == "done"


def test_push_delivery(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    got: list[InboundMessage] = []

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> str:
        got.append(message)
        return "answer"

    server = A2AServer(WORKSPACE, host="127.0.0.1")
    delivery = PushDelivery(client, server)
    try:
        assert post(server, envelope()).status_code == 503
        assert delivery.run_once(handler) == 0
        assert extract_text(post(server, envelope(message_id="m2")).json()) == "answer"
        post(server, envelope(message_id="m3"), headers={"X-Workspace-ID": PEER, "X-Molecule-Activity-Id": "a3"})
    finally:
        delivery.stop()
    assert [(m.activity_id, m.source, m.source_id, m.text) for m in got] == [
        ("m2", "canvas_user", "", "hi"), ("a3", "peer_agent", PEER, "hi")]
    with pytest.raises(requests.ConnectionError):
        post(server, envelope())


def test_an_agent_that_comes_back_before_its_platform_hears_nobody(
        platform: ScriptedPlatform, client: RemoteAgentClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(a2a_server, "SECRET_WAIT", 0.05)
    platform.on("POST", "/registry/register", {"status": "registered", "platform_inbound_secret": "s3cret"})
    server = A2AServer(WORKSPACE, host="127.0.0.1", secret=lambda: client.inbound_secret)
    delivery = PushDelivery(client, server, lambda message, agent: f"for {message.source_id}")
    shown = {"Authorization": "Bearer s3cret", "X-Workspace-ID": PEER}
    try:
        for headers in ({"X-Workspace-ID": PEER}, shown):
            assert post(server, envelope(), headers=headers).status_code == 503
        client.register()
        assert post(server, envelope(), headers={"X-Workspace-ID": PEER}).status_code == 401
        assert extract_text(post(server, envelope(), headers=shown).json()) == f"for {PEER}"
    finally:
        delivery.stop()


def test_the_agent_loop_with_push_delivery(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    client.heartbeat_interval = client.state_poll_interval = 0.05
    platform.on("POST", "/registry/heartbeat", {"status": "ok"})
    platform.on("GET", f"/workspaces/{WORKSPACE}/state", {"status": "online"})
    server = A2AServer(WORKSPACE, host="127.0.0.1")
    delivery = PushDelivery(client, server, lambda message, agent: message.text.upper())
    loop = threading.Thread(target=client.run_agent_loop, args=(lambda m, c: None, delivery))
    loop.start()
    assert extract_text(post(server, envelope()).json()) == "HI"
    client.stop()
    loop.join(10)
    assert not loop.is_alive()


def test_bodies_are_json_with_every_letter(serve: Callable[..., A2AServer]) -> None:
    reply = post(serve(), envelope("grüße 漢字 \U0001f642"))
    assert json.loads(reply.content)["result"]["parts"][0]["text"] == ":grüße 漢字 \U0001f642"
