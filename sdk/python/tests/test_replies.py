"""Replies to a message in hand: to one that came by a call the first is what the call returns, once and at once."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from conftest import WORKSPACE
from molecule_agent import A2AServer, InboundMessage, PollDelivery, PushDelivery, RemoteAgentClient, SharedFile
from scripted_platform import Reply, Request, ScriptedPlatform
from test_a2a_server import PEER, envelope, post

SELF = f"/workspaces/{WORKSPACE}"
NOTIFY, TASKS, TO_PEER = SELF + "/notify", SELF + "/a2a", f"/workspaces/{PEER}/a2a"
FILE = SharedFile("platform-pending:w/f", "a.txt", "text/plain", 3)
OLD_PART = {"kind": "file", "file": {"uri": FILE.uri, "name": "a.txt", "mimeType": "text/plain", "size": 3}}
NEW_PART = {"url": FILE.uri, "filename": "a.txt", "mediaType": "text/plain"}
Started = Callable[..., A2AServer]


@pytest.fixture
def pushed(platform: ScriptedPlatform, client: RemoteAgentClient) -> Iterator[Started]:
    """An agent that is pushed to, with this handler. The platform has recorded whatever came to it."""
    platform.on("POST", NOTIFY, {"status": "sent"})
    platform.on("POST", TO_PEER, {"status": "recorded"})
    platform.on("POST", TASKS, {"result": {"status": {"state": "completed"}}})
    made: list[PushDelivery] = []

    def start(handler: Any, **options: Any) -> A2AServer:
        server = A2AServer(WORKSPACE, host="127.0.0.1", **options)
        made.append(PushDelivery(client, server, handler))
        return server

    yield start
    for delivery in made:
        delivery.stop()


def message(reply: requests.Response) -> dict[str, Any]:
    result: dict[str, Any] = reply.json()["result"]
    return dict(result.get("message", result))


def notices(platform: ScriptedPlatform) -> list[dict[str, Any]]:
    return [request.json() for request in platform.asked("POST", NOTIFY)]


def eventually(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def replying(text: str = "Here it is.", **options: Any) -> Callable[[InboundMessage, Any], None]:
    return lambda message, agent: agent.reply(message, text, **options)


@pytest.mark.parametrize("sender", [{}, {"X-Workspace-ID": PEER}])
def test_a_reply_is_the_answer_of_the_call(platform: ScriptedPlatform, pushed: Started, sender: dict[str, str]) -> None:
    server = pushed(replying(files=[FILE]))
    old = message(post(server, envelope(contextId="c"), headers=sender))
    assert (old["kind"], old["role"], old["contextId"]) == ("message", "agent", "c")
    assert old["parts"] == [{"kind": "text", "text": "Here it is."}, OLD_PART]
    new = message(post(server, envelope(method="SendMessage", message_id="m2"), headers=sender))
    assert new["role"] == "ROLE_AGENT" and new["parts"] == [{"text": "Here it is."}, NEW_PART]
    assert platform.requests == [], "it is said once"


def test_at_the_flat_endpoint_too(pushed: Started) -> None:
    def flat(handler: Any, key: str) -> requests.Response:
        return post(pushed(handler), {"message": "hi", "idempotency_key": key}, "/a2a/inbound")

    assert flat(replying(), "").json() == {"status": "ok", "result": "Here it is."}
    assert flat(replying(files=[FILE]), "k").json()["result"]["parts"] == [{"kind": "text", "text": "Here it is."}, OLD_PART]
    failed = flat(replying("cannot", failed=True), "k")
    assert (failed.status_code, failed.json()) == (500, {"error": "cannot"})


def test_a_failure_is_no_result(pushed: Started) -> None:
    server = pushed(replying("cannot", failed=True))
    assert post(server, envelope()).json()["error"] == {"code": -32603, "message": "cannot"}
    server = pushed(replying("cannot", failed=True, files=[FILE]))
    task = post(server, envelope(contextId="c")).json()["result"]
    assert (task["kind"], task["contextId"], task["status"]["state"]) == ("task", "c", "failed")
    assert task["status"]["message"]["parts"] == [{"kind": "text", "text": "cannot"}, OLD_PART]
    new = post(server, envelope(method="SendMessage", message_id="m2")).json()["result"]["task"]
    assert new["status"]["state"] == "TASK_STATE_FAILED" and new["id"] and new["contextId"]
    assert new["status"]["message"]["parts"] == [{"text": "cannot"}, NEW_PART]


def test_it_goes_back_while_the_handler_goes_on(platform: ScriptedPlatform, pushed: Started) -> None:
    heard, ended = threading.Event(), threading.Event()

    def handler(message: InboundMessage, agent: Any) -> None:
        agent.reply(message, "Here it is.")
        assert heard.wait(10)
        ended.set()

    server = pushed(handler)
    with requests.Session() as session:  # Which would keep the connection.
        for name in ("m1", "m1"):
            # The second is the same message again, while its handler goes on.
            answer = session.post(server.inbound_url, json=envelope(message_id=name), timeout=10)
            assert message(answer)["parts"][0]["text"] == "Here it is." and not ended.is_set()
        assert answer.headers.get("Connection") != "keep-alive"
        heard.set()
        assert ended.wait(10)
    assert notices(platform) == []


def in_a_thread(message: InboundMessage, agent: Any) -> None:
    thread = threading.Thread(target=agent.reply, args=(message, "Here it is."))
    thread.start()
    thread.join()


def in_a_pool(message: InboundMessage, agent: Any) -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(agent.reply, message, "Here it is.").result()


async def in_a_coroutine(message: InboundMessage, agent: Any) -> None:
    async def later() -> None:
        await asyncio.sleep(0)
        agent.reply(message, "Here it is.")

    await asyncio.gather(later(), asyncio.to_thread(lambda: None))


def to_a_copy(message: InboundMessage, agent: Any) -> None:
    agent.reply(dataclasses.replace(message, text="tidied"), "Here it is.")


@pytest.mark.parametrize("handler", [in_a_thread, in_a_pool, in_a_coroutine, to_a_copy])
def test_from_wherever_it_is_said(platform: ScriptedPlatform, pushed: Started, handler: Any) -> None:
    assert message(post(pushed(handler), envelope()))["parts"] == [{"kind": "text", "text": "Here it is."}]
    assert platform.requests == []


def test_what_is_said_afterwards_follows_as_a_message(platform: ScriptedPlatform, pushed: Started) -> None:
    answers: list[requests.Response] = []

    def handler(message: InboundMessage, agent: Any) -> str:
        for text in ("first", "first", "second", "second"):
            agent.reply(message, text)
        return {"again": " first ", "more": "third"}[message.text]

    server = pushed(handler, max_connections=1)
    answer = post(server, envelope("again"), headers={"X-Molecule-Activity-Id": "a1"})
    assert message(answer)["parts"] == [{"kind": "text", "text": "first"}]

    def more() -> bool:
        answers.append(post(server, envelope("more", message_id="m2"),
                            headers={"X-Molecule-Activity-Id": "a2", "X-Workspace-ID": PEER}))
        return answers[-1].status_code == 200

    eventually(more)  # Until the handler has ended nobody else is heard.
    assert notices(platform) == [{"message": "second", "reply_to": "a1"}]
    assert message(answers[-1])["parts"] == [{"kind": "text", "text": "first"}]
    eventually(lambda: len(platform.asked("POST", TO_PEER)) == 2)
    sent = [request.json()["params"]["message"] for request in platform.asked("POST", TO_PEER)]
    assert [(each["parts"][0]["text"], each["metadata"]) for each in sent] == [
        ("second", {"reply_to": "a2"}), ("third", {"reply_to": "a2"})]
    assert len(notices(platform)) == 1


@pytest.mark.parametrize("sender", [{}, {"X-Workspace-ID": PEER}])
def test_it_waits_until_the_platform_has_the_answer(platform: ScriptedPlatform, pushed: Started, sender: dict[str, str]) -> None:
    """The platform would take a later word that overtakes the answer for the answer."""
    seen: list[str] = []
    states = iter(["working", "", "submitted", "completed"])
    done = threading.Event()

    def standing(request: Request) -> Reply:
        seen.append(next(states))
        assert request.json()["params"] == {"id": "a1"}
        return Reply(200, {"result": {"status": {"state": seen[-1]}}}) if seen[-1] else Reply(hangup=True)

    def note(request: Request) -> Reply:
        seen.append("word")
        return Reply(200, {"status": "sent"})

    platform.on("POST", TASKS, standing)
    platform.on("POST", NOTIFY, note)
    platform.on("POST", TO_PEER, note)

    def handler(message: InboundMessage, agent: Any) -> None:
        agent.reply(message, "first")
        agent.reply(message, "second")
        agent.reply(message, "third")
        done.set()

    post(pushed(handler), envelope(), headers={"X-Molecule-Activity-Id": "a1", **sender})
    assert done.wait(20)
    assert seen == ["working", "", "submitted", "completed", "word", "word"]


def test_a_reply_after_the_handler_is_a_message(platform: ScriptedPlatform, client: RemoteAgentClient, pushed: Started) -> None:
    got: list[InboundMessage] = []

    def handler(message: InboundMessage, agent: Any) -> str:
        got.append(message)
        return "returned"

    answer = post(pushed(handler), envelope(), headers={"X-Molecule-Activity-Id": "a1"})
    assert message(answer)["parts"][0]["text"] == "returned"
    client.reply(got[0], "later")
    assert notices(platform) == [{"message": "later", "reply_to": "a1"}]


def test_who_fails_after_the_answer_says_so(platform: ScriptedPlatform, pushed: Started) -> None:
    told = threading.Event()

    def handler(message: InboundMessage, agent: Any) -> str:
        agent.reply(message, "Here it is.")
        raise RuntimeError("password is hunter2")

    def note(request: Request) -> Reply:
        told.set()
        return Reply(200, {"status": "recorded"})

    platform.on("POST", TO_PEER, Reply(503, {"error": "later"}), note)
    answer = post(pushed(handler), envelope(), headers={"X-Molecule-Activity-Id": "a1", "X-Workspace-ID": PEER})
    assert message(answer)["parts"][0]["text"] == "Here it is."
    assert told.wait(20)
    sent = platform.asked("POST", TO_PEER)[-1].json()["params"]["message"]
    assert sent["metadata"] == {"reply_to": "a1", "failed": True} and "a1" in sent["parts"][0]["text"]
    assert "hunter2" not in json.dumps([request.body.decode() for request in platform.requests])


def test_nothing_follows_an_answer_to_an_answer(platform: ScriptedPlatform, pushed: Started) -> None:
    def handler(message: InboundMessage, agent: Any) -> str:
        agent.reply(message, "thanks")
        return "and again"

    server = pushed(handler, max_connections=1)
    body = envelope()
    body["params"]["message"]["role"] = "agent"
    assert message(post(server, body, headers={"X-Workspace-ID": PEER}))["parts"][0]["text"] == "thanks"
    # Until the handler has ended nobody else is heard.
    eventually(lambda: post(server, body, headers={"X-Workspace-ID": PEER}).status_code == 200)
    assert platform.requests == [], "two agents would answer each other for ever"


def test_each_gets_the_answer_to_its_own(pushed: Started) -> None:
    """Two messages of one name, of different senders, in hand together."""
    together = threading.Barrier(2)

    def handler(message: InboundMessage, agent: Any) -> None:
        together.wait(10)
        agent.reply(message, f"for {message.source_id}")

    server = pushed(handler)
    other = "77777777-2222-4333-8444-555555555555"
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(post, server, envelope(), headers={"X-Workspace-ID": who}) for who in (PEER, other)]
        assert [message(each.result())["parts"][0]["text"] for each in asked] == [f"for {PEER}", f"for {other}"]


def test_who_asked_for_another_message_gets_no_answer_to_this(platform: ScriptedPlatform, pushed: Started) -> None:
    def handler(message: InboundMessage, agent: Any) -> str:
        agent.reply(InboundMessage("a9", "canvas_user", "", "another"), "that one")
        return "this one"

    answer = post(pushed(handler), envelope(), headers={"X-Molecule-Activity-Id": "a1"})
    assert message(answer)["parts"][0]["text"] == "this one"
    assert notices(platform) == [{"message": "that one", "reply_to": "a9"}]


def test_what_cannot_be_a_reply_leaves_the_call_open(pushed: Started) -> None:
    def handler(message: InboundMessage, agent: Any) -> str:
        with pytest.raises(ValueError):
            agent.reply(message, "  ")
        return "returned"

    assert message(post(pushed(handler), envelope()))["parts"][0]["text"] == "returned"


def test_the_bound_on_connections_is_one_on_handlers(pushed: Started) -> None:
    """Also of those that have answered and go on."""
    go_on = threading.Event()
    running: list[str] = []

    def handler(message: InboundMessage, agent: Any) -> None:
        running.append(message.text)
        agent.reply(message, "Here it is.")
        assert go_on.wait(10)

    server = pushed(handler, max_connections=2)
    try:
        for name in ("m1", "m2"):
            assert post(server, envelope(message_id=name)).status_code == 200
        assert post(server, envelope(message_id="m3")).status_code == 503 and len(running) == 2
    finally:
        go_on.set()


def test_a_polled_message_is_answered_once_too(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    rows = [{"id": f"row-{n}", "request_body": {"params": {"message": {"parts": [{"text": "hi"}]}}}} for n in (1, 2)]
    platform.on("GET", SELF + "/activity", rows)
    platform.on("POST", NOTIFY, {"status": "sent"})
    delivery = PollDelivery(client)

    def handler(message: InboundMessage, agent: Any) -> str:
        agent.reply(message, "Here it is.", files=[FILE])
        return "Here it is." if message.activity_id == "row-1" else "and more"

    assert delivery.run_once(handler) == 2 and delivery.cursor == "row-2"
    assert [(each["message"], each["reply_to"], len(each.get("attachments", []))) for each in notices(platform)] == [
        ("Here it is.", "row-1", 1), ("Here it is.", "row-2", 1), ("and more", "row-2", 0)]
