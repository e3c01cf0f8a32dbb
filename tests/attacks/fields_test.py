"""Every field of every body with values it cannot have: a refusal that names the field, and nothing changed."""

from __future__ import annotations

import json
import socket
import uuid
from typing import Any

import pytest
from attackers import Org, PushAgents, Resident, answer_bytes, message, refused

HUGE = [2**63, 2**64, -(2**63) - 1, 10**400, 1e308]
WRONG: dict[str, list[Any]] = {
    "text": [True, 0, -1, 1.5, [], ["a"], {}, {"a": 1}, *HUGE, "x" * 300_000],
    "id": ["", "x", "../x", "' OR 1=1 --", True, 7, 1.5, [], {}, *HUGE, "x" * 5000, "00000000-0000-0000-0000-00000000000g"],
    "whole": ["", "7", True, 1.5, [], {}, *HUGE],
    "share": ["", "0.5", True, -1, 1.5, [], {}, *HUGE],
    "flag": ["", "true", 0, 1, [], {}],
    "object": ["", "x", True, 7, 1.5, [1], *HUGE[:2]],
    "list": ["", "x", True, 7, {}, {"a": 1}]}


UNSEEN = ["admin\u202etxt.exe", "a\u2066b", "a\u2028b", "a\u2029b", "a\x9b31mb", "a\x85b"]
"""Text that a person reads as something else: it turns the direction, breaks the line or drives a terminal."""


def either(kind: str, *less: Any) -> list[Any]:
    """What is wrong for this kind, without the values that this one field takes."""
    return [value for value in WRONG[kind] if not any(value is one or (value == one and type(value) is type(one))
                                                      for one in less)]


ROUTES: list[tuple[str, str, dict[str, Any], dict[str, list[Any]]]] = [
    ("POST", "/workspaces", {"name": "w", "runtime": "external"}, {
        "name": [*WRONG["text"], None, "", " ", "a\nb", "a\rb", "a{", "a|b", "\x1b[31m", "x" * 256, *UNSEEN],
        "role": [*WRONG["text"], *UNSEEN, "a\nb", "<b>", "x" * 1001], "runtime": [*WRONG["text"], "a\nb"], "model": WRONG["text"],
        "template": [*WRONG["text"], "../x", "/etc", "a/../../b", "a\\b"], "tier": [*WRONG["whole"], -1, 5],
        "external": WRONG["flag"], "url": [*WRONG["text"], "x"], "parent_id": WRONG["id"],
        "workspace_dir": [*WRONG["text"], "relative", "/etc/x", "/srv/../etc", "/proc", "/./usr/x", "a\nb"],
        "workspace_access": [*WRONG["text"], "all", "read_only"], "budget_limit": [*WRONG["whole"], -1],
        "max_concurrent_tasks": WRONG["whole"], "canvas": [*WRONG["object"], {"x": "a", "y": 1}, {"x": 1}, {"x": 1e300, "y": 0}],
        "secrets": [*WRONG["object"], {"a": 1}, {"K": ""}, {"K": None}, {"K": "v" * 70_000}, {"PATH": "/x"}, {"a b": "v"}],
        "delivery_mode": [*WRONG["text"], "pigeon"], "initial_memories": WRONG["list"]}),
    ("PATCH", "/workspaces/SELF", {}, {
        "name": [*either("text"), "", " ", "a\nb", "x" * 256], "role": [*WRONG["text"], "a\nb"], "tier": [*WRONG["whole"], 0, 5],
        "parent_id": [*WRONG["id"], "SELF", "CHILD"], "runtime": [*WRONG["text"], ""], "workspace_dir": [True, 7, [], {}, "x", "/etc"],
        "collapsed": WRONG["flag"], "workspace_access": [True, 7, "all"], "x": [*WRONG["whole"][:3], [], {}, 1, 1e300]}),
    ("POST", "/registry/register", {"id": "SELF", "agent_card": {"name": "n"}, "delivery_mode": "poll"}, {
        "id": [*WRONG["id"], None], "url": WRONG["text"], "agent_card": [*WRONG["object"], None, []],
        "delivery_mode": [*WRONG["text"], "pigeon"], "kind": [*WRONG["text"], "king"]}),
    ("POST", "/registry/heartbeat", {"workspace_id": "SELF"}, {
        "workspace_id": [*WRONG["id"], None], "error_rate": WRONG["share"], "sample_error": WRONG["text"],
        "active_tasks": [*WRONG["whole"], -1], "uptime_seconds": [*WRONG["whole"], -1], "current_task": WRONG["text"],
        "task": WRONG["text"], "monthly_spend": WRONG["whole"], "runtime_state": WRONG["text"],
        "runtime_metadata": [*WRONG["object"], {"capabilities": 7}]}),
    ("POST", "/registry/update-card", {"workspace_id": "SELF", "agent_card": {"name": "n"}}, {
        "workspace_id": [*WRONG["id"], None], "agent_card": [*WRONG["object"], None, []], "url": [*WRONG["text"], "x"]}),
    ("POST", "/registry/check-access", {"caller_id": "SELF", "target_id": "CHILD"}, {
        "caller_id": [*WRONG["id"], None], "target_id": [*WRONG["id"], None]}),
    ("POST", "/workspaces/SELF/secrets", {"key": "K", "value": "v"}, {
        "key": [*WRONG["text"], None, "", " ", "a b", "a=b", "PATH", "LD_PRELOAD", "x" * 129], "value": [*WRONG["text"], None, ""]}),
    ("PUT", "/settings/secrets", {"key": "K", "value": "v"}, {
        "key": [*WRONG["text"], None, "", "a\nb"], "value": [*WRONG["text"], None, ""]}),
    ("PUT", "/workspaces/SELF/model", {"model": "m"}, {"model": [*WRONG["text"], None]}),
    ("POST", "/workspaces/SELF/activity", {"activity_type": "agent_log"}, {
        "activity_type": [*WRONG["text"], None, "", "party"], "method": WRONG["text"], "summary": WRONG["text"],
        "target_id": WRONG["id"], "source_id": [*WRONG["id"], "CHILD"], "status": WRONG["text"], "error_detail": WRONG["text"],
        "duration_ms": WRONG["whole"]}),
    ("POST", "/workspaces/SELF/notify", {"message": "hi"}, {
        "message": [*either("text", "x" * 300_000), None, ""], "attachments": [*WRONG["list"], [1], [{}], [{"uri": "", "name": ""}]],
        "reply_to": [*either("id", "")]}),
    ("POST", "/workspaces/SELF/delegate", {"target_id": "CHILD", "task": "t"}, {
        "target_id": [*WRONG["id"], None, "SELF"], "task": [*WRONG["text"], None, ""], "idempotency_key": [*WRONG["text"], ""]}),
    ("POST", "/workspaces/SELF/delegations/record", {"target_id": "CHILD", "task": "t", "delegation_id": str(uuid.uuid4())}, {
        "target_id": [*WRONG["id"], None], "task": [*WRONG["text"], None, ""], "delegation_id": [*WRONG["id"], None],
        "idempotency_key": [*WRONG["text"], ""]}),
    ("POST", "/workspaces/SELF/tokens", {}, {
        "label": WRONG["text"], "expires_at": ["", "soon", 7, True, [], {}, "2020-13-45T00:00:00Z", "1999-01-01T00:00:00Z"]}),
    ("POST", "/workspaces/SELF/a2a", message("x"), {
        "jsonrpc": [*WRONG["text"], None, "1.0"], "id": [True, 1.5, [], {}, 10**400, 1e308, "x" * 300], "method": [*WRONG["text"], None, "", "tasks/explode"],
        "params": [*WRONG["object"], None, {}, {"message": 7}, {"message": {}}, {"message": {"parts": []}},
                   {"message": {"parts": [7]}}, {"message": {"parts": [{"kind": "text", "text": 7}]}},
                   {"message": {"messageId": "m" * 257, "parts": [{"text": "x"}]}}]})]


@pytest.fixture(scope="module")
def pair(org: Org) -> tuple[Resident, Resident]:
    top = org.resident("top")
    child = org.resident("child", top.id)
    assert top.register().status_code == 200 and child.register().status_code == 200
    return top, child


def standing(org: Org, top: Resident) -> Any:
    """All that a refused request could have changed."""
    return [org.ask("GET", path).json() for path in (
        "/events?limit=1", f"/workspaces/{top.id}/activity?limit=5", f"/workspaces/{top.id}/secrets",
        f"/workspaces/{top.id}/tokens", f"/workspaces/{top.id}/delegations")]


@pytest.mark.parametrize(("method", "path", "base", "fields"), ROUTES, ids=[f"{r[0]} {r[1]}" for r in ROUTES])
def test_a_field_with_a_value_it_cannot_have(org: Org, pair: tuple[Resident, Resident], method: str, path: str,
                                             base: dict[str, Any], fields: dict[str, list[Any]]) -> None:
    top, child = pair

    def filled(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("SELF", top.id).replace("CHILD", child.id))

    before = standing(org, top)
    for name, values in fields.items():
        for value in values:
            answer = org.ask(method, filled(path), {**filled(base), name: filled(value)})
            shown = f"{name}={str(value)[:60]!r}: {answer.status_code} {answer.text[:200]}"
            assert 400 <= answer.status_code < 500, shown
            said = refused(answer)
            assert len(answer.content) < 2000, shown
            assert said["code"] != "bad_request", f"no code of its own for {shown}"
    after = standing(org, top)
    before[3]["tokens"] = [t["id"] for t in before[3]["tokens"]]
    after[3]["tokens"] = [t["id"] for t in after[3]["tokens"]]
    assert before == after


@pytest.mark.parametrize("rpc_id", ["12345678901234567890123", "-9223372036854775809", "7"])
def test_numbers_are_passed_on_and_given_back_as_they_came(org: Org, push_agents: PushAgents, rpc_id: str) -> None:
    came: list[bytes] = []

    def keep(connection: socket.socket, head: bytes, body: bytes) -> None:
        came.append(body)
        connection.sendall(answer_bytes(f'{{"jsonrpc":"2.0","id":{rpc_id},"result":{{"kind":"message","n":[1E400,-1e999,0.10]}}}}'))

    agent = org.resident("counting")
    assert agent.register(url=push_agents.start(keep), delivery_mode="push").status_code == 200
    peer = org.resident("asking", agent.id)
    assert peer.register().status_code == 200
    for token in (None, peer.token):
        sent = json.dumps(message("count"))[:-2].replace('"id": 1,', f'"id": {rpc_id},')
        raw = (sent + ',"more":[1E400,12345678901234567890123,1.50]}}').encode()
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", raw=raw, token=token)
        assert answer.status_code == 200, answer.text
        assert f'"id":{rpc_id},' in answer.text and "[1E400,-1e999,0.10]" in answer.text
        assert b"[1E400,12345678901234567890123,1.50]" in came[-1]
        row = agent.ask("GET", "/workspaces/SELF/activity?limit=1").text
        assert "[1E400,12345678901234567890123,1.50]" in row and "[1E400,-1e999,0.10]" in row


BODIES = [b"", b"{", b"[]", b"null", b"7", b'"x"', b"{}x", b'{"a":}', b"{'a':1}", b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"a":"\xc3"}',
          b'{"a":"\\ud800"}', b'{"a":"\x01"}', b"[" * 100_000, b'{"a":' * 70 + b"1" + b"}" * 70, b'{"a":01}',
          b'{"a":NaN}', b"<xml/>", b"a=b&c=d", b'{"a":[' + b"0," * 120_000 + b"0]}"]


@pytest.mark.parametrize(("method", "path"), sorted({(r[0], r[1]) for r in ROUTES}))
def test_a_body_that_is_not_an_object_of_fields(org: Org, pair: tuple[Resident, Resident], method: str, path: str) -> None:
    top, _ = pair
    before = standing(org, top)
    for raw in BODIES:
        if path.endswith("/tokens") and raw == b"":
            continue  # A token without a label needs no body.
        refused(org.ask(method, path.replace("SELF", top.id), raw=raw), 400, 413)
    assert standing(org, top)[0] == before[0]


@pytest.mark.parametrize("query", [
    "limit=x", "limit=1.5", "limit=99999999999999999999", "since_secs=-5", "since_secs=x", "since_id=x", "since_id=%00",
    "before_ts=x", "before_ts=9999-99-99T00:00:00Z", "wait=-1", "wait=31", "wait=x", "order=up", "source=x", "peer_id=x",
    "type=%ff%00", "limit=%", "a=" + "x" * 9000])
def test_a_question_that_makes_no_sense(org: Org, pair: tuple[Resident, Resident], query: str) -> None:
    refused(org.ask("GET", f"/workspaces/{pair[0].id}/activity?{query}"), 400, 414)
