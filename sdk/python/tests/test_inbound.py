"""Polling: which rows become messages, in which order, and when the cursor may move."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import WORKSPACE
from molecule_agent import InboundMessage, InboundSource, PollDelivery, RemoteAgentClient, extract_text
from scripted_platform import Reply, Request, ScriptedPlatform

SELF = f"/workspaces/{WORKSPACE}"
ACTIVITY = SELF + "/activity"
NOTIFY = SELF + "/notify"
PEER = "99999999-2222-4333-8444-555555555555"


def row(number: int, text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"id": f"row-{number}", "seq": number, "activity_type": "a2a_receive", "method": "message/send",
            "source_id": None, "created_at": f"2026-01-01T00:00:{number:02d}Z",
            "request_body": {"params": {"message": {"parts": [{"kind": "text", "text": text}]}}}, **more}


def collect(into: list[str]) -> Any:
    return lambda message, client: into.append(message.text)


# --- rows to messages ---


@pytest.mark.parametrize(("part", "text"), [
    ({"kind": "text", "text": "a"}, "a"), ({"type": "text", "text": "b"}, "b"), ({"text": "c"}, "c"),
    ({"kind": "data", "data": {"x": 1}}, '{"x":1}'), ({"kind": "file", "file": {"uri": "u"}}, "sum")])
def test_the_text_of_platform_rows(part: dict[str, Any], text: str) -> None:
    for body in ({"params": {"message": {"parts": [part]}}}, {"params": {"parts": [part]}}, {"parts": [part]}):
        message = InboundMessage.from_row({"id": "1", "request_body": body, "summary": "sum"})
        assert message is not None and message.text == text


@pytest.mark.parametrize(("fields", "source", "source_id"), [
    ({"source_id": None}, "canvas_user", ""),
    ({"source_id": "user"}, "canvas_user", ""),
    ({"source_id": PEER}, "peer_agent", PEER),
    ({"source_id": PEER, "source": "peer_agent"}, "peer_agent", PEER),
    ({"source_id": None, "data": {"source": "user"}}, "canvas_user", ""),
    ({"source_id": None, "data": {"source": "peer_agent", "source_id": PEER}}, "peer_agent", PEER),
    ({"source_id": None, "data": {"source": "system"}}, "unknown", "")])
def test_the_sender_of_a_row(fields: dict[str, Any], source: str, source_id: str) -> None:
    message = InboundMessage.from_row({"id": "1", **fields})
    assert message is not None
    assert message.source == source and isinstance(message.source, InboundSource)
    assert message.source_id == source_id


def test_a_continued_task_is_recognised() -> None:
    named = {"taskId": "t1", "contextId": "c1", "parts": [{"kind": "text", "text": "x"}]}
    for told, expected in ((named, ("t1", "c1")), ({"parts": []}, ("", "row-1"))):
        message = InboundMessage.from_row({"id": "row-1", "request_body": {"params": {"message": told}}})
        assert message is not None and (message.task_id, message.context_id) == expected
        pushed = InboundMessage.from_request({"id": 1, "activity_id": "row-1", "params": {"message": told}}, "")
        assert (pushed.task_id, pushed.context_id) == expected


def test_the_data_object_names_the_peer() -> None:
    message = InboundMessage.from_row({"id": "1", "data": {
        "source": "peer_agent", "source_id": PEER, "text": "t", "peer_name": "pm", "peer_role": "lead",
        "agent_card_url": "http://p/card"}})
    assert message is not None
    assert (message.text, message.peer_name, message.peer_role, message.agent_card_url) == (
        "t", "pm", "lead", "http://p/card")
    assert InboundMessage.from_row({"source_id": PEER}) is None


@pytest.mark.parametrize("answer", [
    {"jsonrpc": "2.0", "result": {"kind": "message", "parts": [{"kind": "text", "text": "hi"}]}},
    {"result": {"message": {"parts": [{"text": "hi"}]}}},
    {"result": {"task": {"status": {"state": "TASK_STATE_COMPLETED"}, "artifacts": [{"parts": [{"text": "hi"}]}]}}},
    {"result": {"kind": "task", "status": {"state": "completed", "message": {"parts": [{"type": "text",
                                                                                     "text": "hi"}]}}}},
    {"result": {"status": "completed", "artifacts": [{"parts": [{"kind": "text", "text": "h"},
                                                                {"kind": "text", "text": "i"}]}]}},
    {"status": "ok", "result": "hi"}, "hi"])
def test_the_text_of_answers(answer: Any) -> None:
    assert extract_text(answer) == "hi"


def test_answers_without_text() -> None:
    nested: Any = {}
    for _ in range(100):
        nested = {"result": nested}
    for answer in ({}, None, 7, {"status": "completed"}, {"result": {"parts": [None, 3]}}, nested):
        assert extract_text(answer) == ""


# --- order, skipping, cursor ---


def test_oldest_first_whatever_order_comes(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(3, "c"), row(2, "b"), row(1, "a")], [])
    got: list[str] = []
    delivery = PollDelivery(client, interval=2)
    assert delivery.run_once(collect(got)) == 3
    assert got == ["a", "b", "c"] and delivery.cursor == "row-3"
    delivery.run_once(collect(got))
    first, second = (r.query for r in platform.requests)
    assert first["order"] == "asc" and first["wait"] == "2" and int(first["since_secs"]) >= 600
    assert "since_id" not in first
    assert second["since_id"] == "row-3" and "since_secs" not in second


def test_rows_without_seq_are_ordered_by_time(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    rows = [row(2, "b"), row(1, "a")]
    for r in rows:
        del r["seq"]
    platform.on("GET", ACTIVITY, rows)
    got: list[str] = []
    PollDelivery(client, interval=0.1).run_once(collect(got))
    assert got == ["a", "b"]
    assert "wait" not in platform.requests[0].query


def test_own_rows_and_results_are_skipped_but_passed(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [
        row(1, method="notify"), row(2, source_id=WORKSPACE), row(3, data={"source": "self", "text": "me"}),
        row(4, method="delegate_result", source_id=PEER, response_body={"text": "done", "delegation_id": "d"})])
    got: list[str] = []
    results: list[str] = []
    delivery = PollDelivery(client, on_result=lambda r, c: results.append(r["response_body"]["delegation_id"]))
    assert delivery.run_once(collect(got)) == 0
    assert got == [] and results == ["d"] and delivery.cursor == "row-4"


def test_a_row_that_comes_again_is_handled_once(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(1)], [row(1), row(2)])
    got: list[str] = []
    delivery = PollDelivery(client)
    assert delivery.run_once(collect(got)) + delivery.run_once(collect(got)) == 2
    assert len(got) == 2


def test_the_cursor_file_is_private_and_moves_row_by_row(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                         tmp_path: Path) -> None:
    file = tmp_path / "deep" / "cursor"
    platform.on("GET", ACTIVITY, [row(1), row(2)])
    seen: list[str] = []

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> None:
        seen.append(file.read_text().strip() if file.exists() else "")

    PollDelivery(client, cursor_file=file).run_once(handler)
    assert seen == ["", "row-1"] and file.read_text().strip() == "row-2"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PollDelivery(client, cursor_file=str(file)).cursor == "row-2"
    assert [p.name for p in file.parent.iterdir()] == ["cursor"]


def test_a_crash_in_the_handler_leaves_the_cursor_before_the_row(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                                 tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    platform.on("GET", ACTIVITY, [row(1), row(2)])

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> None:
        if message.activity_id == "row-2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PollDelivery(client, cursor_file=file).run_once(handler)
    assert PollDelivery(client, cursor_file=file).cursor == "row-1"


def test_a_lost_cursor_starts_a_fresh_window_without_repeats(platform: ScriptedPlatform,
                                                             client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(1)], Reply(410, {"error": "since_id cursor not found: pruned", "code": "cursor_gone"}), [row(1), row(2)])
    got: list[str] = []
    delivery = PollDelivery(client)
    assert [delivery.run_once(collect(got)) for _ in range(3)] == [1, 0, 1]
    assert "since_secs" in platform.requests[2].query


# --- answers ---


def test_answers_go_back(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(1, "one"), row(2, "two", source_id=PEER), row(3, "  ")])
    platform.on("POST", NOTIFY, {"status": "sent"})
    platform.on("POST", f"/workspaces/{PEER}/a2a", {"result": {}})

    async def later(message: InboundMessage, agent: RemoteAgentClient) -> str | None:
        await asyncio.sleep(0)
        return message.text.upper()

    assert PollDelivery(client).run_once(later) == 3
    assert [r.json() for r in platform.asked("POST", NOTIFY)] == [{"message": "ONE", "reply_to": "row-1"}]
    sent = platform.asked("POST", f"/workspaces/{PEER}/a2a")[0].json()
    assert sent["id"] == "row-2" and extract_text(sent["params"]["message"]) == "TWO"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_a_handler_sends_says_which_message_it_belongs_to(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                               asynchronous: bool) -> None:
    platform.on("GET", ACTIVITY, Reply(200, [row(1)]))
    sent: list[str | None] = []

    def note(request: Request) -> Reply:
        sent.append(request.headers.get("X-Molecule-Activity-Id"))
        return Reply(202, {"delegation_id": "d", "status": "delegated"})

    platform.on("POST", SELF + "/delegate", note)

    def plain(message: InboundMessage, agent: Any) -> None:
        agent.delegate("t", PEER)

    async def later(message: InboundMessage, agent: Any) -> None:
        await asyncio.sleep(0)
        agent.delegate("t", PEER)

    PollDelivery(client).run_once(later if asynchronous else plain)
    client.delegate("t", PEER)
    assert sent == ["row-1", None]


def test_an_answer_that_cannot_be_delivered_is_kept_not_computed_again(platform: ScriptedPlatform,
                                                                      client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(1, "one"), row(2, "two")], [row(2, "two")])
    platform.on("POST", NOTIFY, Reply(503, {"error": "later"}), Reply(hangup=True), {"status": "sent"})
    ran: list[str] = []

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> str:
        ran.append(message.text)
        return message.text

    delivery = PollDelivery(client)
    assert delivery.run_once(handler) == 1 and delivery.cursor is None
    assert delivery.run_once(handler) == 0 and delivery.cursor is None
    assert delivery.run_once(handler) == 1 and delivery.cursor == "row-2"
    assert ran == ["one", "two"]
    assert [r.json()["message"] for r in platform.asked("POST", NOTIFY)] == ["one", "one", "one", "two"]


def test_an_answer_that_is_refused_for_good_does_not_block_the_inbox(platform: ScriptedPlatform,
                                                                     client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(1), row(2)])
    platform.on("POST", NOTIFY, Reply(400, {"error": "too long"}), {"status": "sent"})
    delivery = PollDelivery(client)
    assert delivery.run_once(lambda m, c: "x") == 2 and delivery.cursor == "row-2"


@pytest.mark.parametrize(("status", "code"), [
    (502, "agent_error"), (500, "agent_error"), (502, "agent_failed"), (502, "bad_response"), (502, "undeliverable"),
    (502, "response_too_large"), (401, "agent_error")])
def test_a_peer_that_fails_at_our_answer_does_not_block_the_inbox(platform: ScriptedPlatform,
                                                                  client: RemoteAgentClient, status: int,
                                                                  code: str) -> None:
    platform.on("GET", ACTIVITY, [row(1, source_id=PEER), row(2)], [])
    platform.on("POST", f"/workspaces/{PEER}/a2a", Reply(status, {"error": "boom", "code": code}))
    platform.on("POST", NOTIFY, {"status": "sent"})
    delivery = PollDelivery(client)
    assert delivery.run_once(lambda message, agent: "done") == 2 and delivery.cursor == "row-2"
    assert len(platform.asked("POST", f"/workspaces/{PEER}/a2a")) == 1
    assert [r.json()["message"] for r in platform.asked("POST", NOTIFY)] == ["done"]


def test_a_failing_handler_is_answered_and_recorded_without_its_words(platform: ScriptedPlatform,
                                                                      client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(1), row(2)])
    platform.on("POST", NOTIFY, {"status": "sent"})
    platform.on("POST", ACTIVITY, {"status": "logged"})

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> str:
        raise RuntimeError("password is hunter2")

    delivery = PollDelivery(client)
    assert delivery.run_once(handler) == 2 and delivery.cursor == "row-2"
    told = platform.asked("POST", NOTIFY)[0].json()
    assert "row-1" in told["message"] and told["failed"] is True
    recorded = platform.asked("POST", ACTIVITY)[0].json()
    assert recorded["activity_type"] == "error" and recorded["error_detail"] == "RuntimeError"
    assert "hunter2" not in json.dumps([r.body.decode() for r in platform.requests])


def test_an_answer_is_handed_over_but_not_answered(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    body = {"params": {"message": {"role": "agent", "parts": [{"text": "done"}], "metadata": {"reply_to": "x"}}}}
    platform.on("GET", ACTIVITY, [row(1, source_id=PEER, request_body=body)])
    got: list[bool] = []

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> str:
        got.append(message.is_answer)
        return "thanks"

    delivery = PollDelivery(client)
    assert delivery.run_once(handler) == 1 and got == [True] and delivery.cursor == "row-1"
    assert [r for r in platform.requests if r.method == "POST"] == []


def test_a_failure_told_to_a_peer_is_marked(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(1, source_id=PEER)])
    platform.on("POST", ACTIVITY, {"status": "logged"})
    platform.on("POST", f"/workspaces/{PEER}/a2a", {"status": "recorded"})

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> str:
        raise KeyError("secret")

    PollDelivery(client).run_once(handler)
    sent = platform.asked("POST", f"/workspaces/{PEER}/a2a")[0].json()["params"]["message"]
    assert sent["metadata"] == {"reply_to": "row-1", "failed": True}


def test_an_async_handler_inside_a_running_loop_is_an_error(client: RemoteAgentClient) -> None:
    from molecule_agent.inbound import run_handler

    async def handler(message: InboundMessage, agent: RemoteAgentClient) -> str | None:
        return "x"

    async def inside() -> None:
        with pytest.raises(RuntimeError, match="running event loop"):
            run_handler(handler, InboundMessage("1", "canvas_user", "", "t"), client)

    asyncio.run(inside())
    assert run_handler(handler, InboundMessage("1", "canvas_user", "", "t"), client) == "x"


# --- the loops ---


def alive(platform: ScriptedPlatform, state: Any = None) -> None:
    platform.on("POST", "/registry/heartbeat", {"status": "ok"})
    platform.on("GET", SELF + "/state", state or {"status": "online", "paused": False})


def test_heartbeats_go_on_while_a_handler_works(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    client.heartbeat_interval = client.state_poll_interval = 0.05
    alive(platform)
    platform.on("GET", ACTIVITY, [row(1)], [])
    beats: list[int] = []

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> None:
        before = len(platform.asked("POST", "/registry/heartbeat"))
        deadline = time.monotonic() + 10
        while len(platform.asked("POST", "/registry/heartbeat")) < before + 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        beats.append(len(platform.asked("POST", "/registry/heartbeat")) - before)

    assert client.run_agent_loop(handler, PollDelivery(client, interval=0.05), max_iterations=2) == "max_iterations"
    assert beats and beats[0] >= 3


def test_the_loop_reports_what_the_supplier_says(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    alive(platform)
    calls: list[int] = []

    def supplier() -> dict[str, Any]:
        calls.append(1)
        if len(calls) == 1:
            return {"current_task": "idle here", "active_tasks": 0}
        raise RuntimeError("supplier broke")

    client.heartbeat_interval = 0.01
    assert client.run_heartbeat_loop(max_iterations=2, task_supplier=supplier) == "max_iterations"
    assert [r.json()["current_task"] for r in platform.asked("POST", "/registry/heartbeat")] == ["idle here", ""]


REMOVED = Reply(404, {"workspace_id": WORKSPACE, "status": "removed", "deleted": True})
GONE = Reply(410, {"error": "workspace removed", "code": "workspace_removed", "id": WORKSPACE, "removed_at": None})


@pytest.mark.parametrize("reply", [REMOVED, GONE])
def test_a_removed_workspace_ends_both_loops(platform: ScriptedPlatform, client: RemoteAgentClient, reply: Any,
                                             caplog: pytest.LogCaptureFixture) -> None:
    alive(platform, reply)
    assert client.run_heartbeat_loop() == "removed"
    assert client.run_agent_loop(lambda m, c: None) == "removed"
    assert "was removed on the platform" in caplog.messages[-1]


def test_a_pause_ends_the_heartbeat_loop(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    alive(platform, {"status": "paused", "paused": True})
    assert client.run_heartbeat_loop() == "paused"


def test_removal_is_noticed_while_the_loop_runs(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    client.heartbeat_interval = client.state_poll_interval = 0.05
    alive(platform)
    platform.on("POST", "/registry/heartbeat", {"status": "ok"}, {"status": "ok"}, GONE)
    platform.on("GET", ACTIVITY, [])
    assert client.run_agent_loop(lambda m, c: None, PollDelivery(client, interval=0.05)) == "removed"


def test_a_refused_token_ends_the_loop_with_its_reason(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    from molecule_agent import CredentialRejectedError

    client.heartbeat_interval = client.state_poll_interval = 0.02
    refused = Reply(401, {"error": "invalid workspace auth token", "code": "invalid_token"})
    for method, path in (("POST", "/registry/heartbeat"), ("GET", SELF + "/state"), ("GET", ACTIVITY)):
        platform.on(method, path, refused)
    with pytest.raises(CredentialRejectedError, match="3 times in a row"):
        client.run_agent_loop(lambda m, c: None, PollDelivery(client, interval=0.02))
    with pytest.raises(CredentialRejectedError, match="3 times in a row"):
        client.run_heartbeat_loop()


def test_a_removed_workspace_whose_token_is_revoked_counts_as_removed(platform: ScriptedPlatform,
                                                                      client: RemoteAgentClient) -> None:
    platform.on("POST", "/registry/heartbeat", Reply(401, {"error": "invalid", "code": "invalid_token"}))
    platform.on("GET", SELF + "/state", REMOVED)
    assert client.run_heartbeat_loop() == "removed"


def test_the_loop_survives_an_outage(platform: ScriptedPlatform, client: RemoteAgentClient,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molecule_agent._loops.backoff", lambda attempt, most=0.0: 0.0)
    client.heartbeat_interval = client.state_poll_interval = 0.05
    alive(platform)
    platform.on("POST", "/registry/heartbeat", Reply(hangup=True), Reply(503, {"error": "x"}), {"status": "ok"})
    platform.on("GET", ACTIVITY, Reply(hangup=True), Reply(500, {"error": "x"}), [row(1)], [])
    got: list[str] = []
    client.run_agent_loop(collect(got), PollDelivery(client, interval=0.02), max_iterations=4)
    assert got == ["hello"]


def test_stop_ends_the_loop(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    alive(platform)
    platform.on("GET", ACTIVITY, [row(1)])

    def handler(message: InboundMessage, agent: RemoteAgentClient) -> None:
        agent.stop()

    assert client.run_agent_loop(handler) == "stopped"
    assert client.run_heartbeat_loop() == "stopped"
    assert (client.token_dir / "inbox_cursor").read_text().strip() == "row-1"


def test_a_message_that_arrives_in_a_long_poll_is_handled_at_once(platform: ScriptedPlatform,
                                                                  client: RemoteAgentClient) -> None:
    alive(platform)
    arrived = threading.Event()

    def held(request: Request) -> Reply:
        assert arrived.wait(10)
        return Reply(200, [row(1)] if "since_id" not in request.query else [])

    platform.on("GET", ACTIVITY, held)
    got: list[str] = []
    threading.Timer(0.2, arrived.set).start()
    started = time.monotonic()
    client.run_agent_loop(collect(got), max_iterations=1)
    assert got == ["hello"] and time.monotonic() - started < 3
