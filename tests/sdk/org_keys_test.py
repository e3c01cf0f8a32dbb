"""Organisation keys: an operator's credential with a scope, an end, and an end that comes at once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from held import Held, Stopwatch, bearer
from stage import Stage, wait_for

EACH_ENGINE = True
AT_ONCE = 3.0
"""Seconds, on a machine with other work to do."""


def later(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def make(stage: Stage, scope: str | None = None, **fields: Any) -> dict[str, Any]:
    return dict(stage.must("POST", "/org/tokens", ({} if scope is None else {"scope": scope}) | fields))


def ask(stage: Stage, key: dict[str, Any] | str, method: str, path: str, body: Any = None) -> requests.Response:
    text = key if isinstance(key, str) else key["auth_token"]
    return requests.request(method, stage.url + path, json=body, timeout=40, headers={"Authorization": f"Bearer {text}"})


def code(answer: requests.Response, status: int) -> str:
    assert answer.status_code == status, (answer.status_code, answer.text)
    return str(answer.json()["code"])


def last_events(stage: Stage, kind: str) -> list[dict[str, Any]]:
    return [event for event in stage.must("GET", "/events?limit=100") if event["event_type"] == kind]


@pytest.fixture(autouse=True)
def none_left(stage: Stage) -> Iterator[None]:
    yield
    for key in stage.must("GET", "/org/tokens")["tokens"]:
        stage.must("DELETE", f"/org/tokens/{key['id']}")


def test_a_key_is_shown_once_and_listed_by_what_it_is_for(stage: Stage) -> None:
    made = make(stage, "read", name="dashboards", expires_at=later(3600))
    assert set(made) == {"id", "prefix", "name", "scope", "expires_at", "auth_token", "warning"}
    assert made["auth_token"].startswith(made["prefix"]) and len(made["prefix"]) == 12
    page = stage.must("GET", "/org/tokens")
    assert page["count"] == 1
    (listed,) = page["tokens"]
    assert {name: listed[name] for name in ("id", "prefix", "name", "scope", "created_by", "expired")} == {
        "id": made["id"], "prefix": made["prefix"], "name": "dashboards", "scope": "read", "created_by": "admin-token",
        "expired": False}
    assert "last_used_at" not in listed and made["auth_token"] not in json.dumps(page)
    assert ask(stage, made, "GET", "/workspaces").ok
    assert "last_used_at" in stage.must("GET", "/org/tokens")["tokens"][0]


def test_its_text_is_nowhere_but_in_that_answer(stage: Stage) -> None:
    made = make(stage, "operate", name="nowhere")
    assert ask(stage, made, "GET", "/auth/me").ok
    stage.must("DELETE", f"/org/tokens/{made['id']}")
    secret = made["auth_token"][len(made["prefix"]):]
    assert secret not in stage.log_text()
    assert secret not in json.dumps(stage.must("GET", "/events?limit=500"))
    for file in Path(stage.data).rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_who_am_i_tells_the_scope(stage: Stage) -> None:
    assert stage.must("GET", "/auth/me")["scope"] == "admin"
    for scope in ("read", "operate", "admin"):
        made = make(stage, scope, name=f"to {scope}")
        me = ask(stage, made, "GET", "/auth/me").json()
        assert (me["scope"], me["role"], me["actor"]) == (scope, scope, f"org-token:{made['prefix']}")
        assert me["key"] == {"id": made["id"], "prefix": made["prefix"], "name": f"to {scope}"}


def test_a_key_to_read_looks_and_touches_nothing(stage: Stage) -> None:
    key, agent = make(stage, "read"), stage.external(f"seen {uuid.uuid4().hex}")["id"]
    for path in ("/workspaces", f"/workspaces/{agent}", f"/workspaces/{agent}/activity", f"/workspaces/{agent}/secrets",
                 "/events", "/metrics", "/dead-letters", "/questions", "/tickets", "/settings/secrets", "/canvas/viewport",
                 f"/registry/{agent}/peers", f"/workspaces/{agent}/tokens"):
        assert ask(stage, key, "GET", path).status_code == 200, path
    for method, path, body in (("POST", "/workspaces", {"name": "x"}), ("PATCH", f"/workspaces/{agent}", {"role": "x"}),
                               ("DELETE", f"/workspaces/{agent}?confirm=true", None), ("PUT", "/canvas/viewport", {}),
                               ("POST", f"/workspaces/{agent}/secrets", {"key": "A", "value": "b"}),
                               ("POST", f"/workspaces/{agent}/a2a", {}), ("POST", "/tickets", {"name": "x"}),
                               ("POST", f"/workspaces/{agent}/pause", {}), ("POST", "/registry/check-access", {})):
        answer = ask(stage, key, method, path, body)
        assert code(answer, 403) == "insufficient_scope", path
        assert (answer.json()["scope"], answer.json()["needed"]) == ("read", "operate")
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="operate"'


def test_a_key_to_operate_works_and_rules_nothing(stage: Stage) -> None:
    key = make(stage, "operate")
    made = ask(stage, key, "POST", "/workspaces", {"name": f"made {uuid.uuid4().hex}", "runtime": "external"})
    assert made.status_code == 201, made.text
    agent = made.json()["id"]
    assert ask(stage, key, "PATCH", f"/workspaces/{agent}", {"role": "works"}).ok
    assert ask(stage, key, "POST", f"/workspaces/{agent}/secrets", {"key": "A", "value": "b"}).ok
    said = ask(stage, key, "POST", f"/workspaces/{agent}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
        "message": {"role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": "hello"}]}}})
    assert said.status_code < 300, said.text
    assert code(ask(stage, key, "GET", f"/workspaces/{agent}/secrets/values"), 403) == "own_only"
    # What would give it a token of a workspace, and with it the values of its secrets, or a key.
    for method, path, body in (("POST", f"/workspaces/{agent}/tokens", {}), ("POST", f"/admin/workspaces/{agent}/tokens", {}),
                               ("POST", f"/workspaces/{agent}/external/rotate", {}), ("POST", "/org/tokens", {"scope": "read"}),
                               ("GET", "/org/tokens", None), ("DELETE", f"/org/tokens/{key['id']}", None),
                               ("GET", "/auth/sessions", None), ("PUT", "/settings/secrets", {"key": "A", "value": "b"}),
                               ("POST", "/admin/secrets/rotate", {}),
                               ("POST", "/registry/register", {"id": agent, "agent_card": {"name": "x"}, "delivery_mode": "poll"})):
        answer = ask(stage, key, method, path, body)
        assert code(answer, 403) == "insufficient_scope", path
        assert answer.json()["needed"] == "admin"
    # Nor what no workspace has: a directory of the machine.
    shared = {"workspace_dir": "/srv/shared", "workspace_access": "read_only"}
    for method, path, body in (("POST", "/workspaces", {"name": f"shares {uuid.uuid4().hex}", "runtime": "external", **shared}),
                               ("PATCH", f"/workspaces/{agent}", shared), ("PATCH", f"/workspaces/{agent}", {"workspace_access": "read_write"})):
        answer = ask(stage, key, method, path, body)
        assert code(answer, 403) == "insufficient_scope" and answer.json()["needed"] == "admin", body
    assert ask(stage, make(stage, "admin"), "PATCH", f"/workspaces/{agent}", shared).ok
    assert ask(stage, key, "DELETE", f"/workspaces/{agent}?confirm=true").ok


def test_a_key_reads_no_secrets_of_receivers_that_people_set(stage: Stage) -> None:
    agent = stage.external(f"pushes {uuid.uuid4().hex}")["id"]
    receiver = {"id": "c1", "url": "http://127.0.0.1:9/hook/in-the-path", "token": "the-token-of-the-hook",
                "authentication": {"schemes": ["Bearer"], "credentials": "the-credentials-of-the-hook"}}
    task = stage.must("POST", f"/a2a/{agent}", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
        "message": {"role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": "hello"}]},
        "configuration": {"blocking": False, "pushNotificationConfig": receiver}}})["result"]["id"]
    hidden = ("in-the-path", receiver["token"], "the-credentials-of-the-hook")
    listed = f"/a2a/{agent}/tasks/{task}/pushNotificationConfigs"
    def seen_by(key: dict[str, Any], *, rpc: bool) -> Iterator[str]:
        for path in (listed, f"{listed}/c1"):
            answer = ask(stage, key, "GET", path)
            assert answer.ok, answer.text
            yield answer.text
        if rpc:
            yield ask(stage, key, "POST", f"/a2a/{agent}", {
                "jsonrpc": "2.0", "id": 1, "method": "tasks/pushNotificationConfig/get", "params": {"id": task}}).text
    for scope in ("read", "operate"):
        for text in seen_by(make(stage, scope), rpc=scope == "operate"):
            assert "http://127.0.0.1:9/" in text and not any(secret in text for secret in hidden), text
    for text in seen_by(make(stage, "admin"), rpc=True):
        assert all(secret in text for secret in hidden), text


def test_what_is_asked_by_post_a_key_to_read_asks_by_get(stage: Stage) -> None:
    key, agent = make(stage, "read"), stage.external(f"asked {uuid.uuid4().hex}")["id"]
    task = stage.must("POST", f"/a2a/{agent}", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
        "message": {"role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": "hello"}]},
        "configuration": {"blocking": False}}})["result"]["id"]
    for path, method, params in ((f"/a2a/{agent}", "tasks/get", {"id": task}), (f"/a2a/{agent}", "tasks/list", {}),
                                 (f"/workspaces/{agent}/mcp", "tools/list", {})):
        answer = ask(stage, key, "POST", path, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        assert answer.status_code == 403 and answer.json()["needed"] == "operate", method
    for path in (f"/a2a/{agent}/tasks", f"/a2a/{agent}/tasks/{task}", f"/a2a/{agent}/tasks/{task}/pushNotificationConfigs",
                 f"/a2a/{agent}/extendedAgentCard", f"/registry/{agent}/peers"):
        assert ask(stage, key, "GET", path).status_code == 200, path


def test_the_log_and_the_feed_say_which_key_did_it(stage: Stage) -> None:
    key = make(stage, "operate")
    by, before = f"org-token:{key['prefix']}", stage.must("GET", "/events?limit=1")[0]["seq"]
    agent = ask(stage, key, "POST", "/workspaces", {"name": f"made {uuid.uuid4().hex}", "runtime": "external"}).json()["id"]
    assert ask(stage, key, "PATCH", f"/workspaces/{agent}", {"role": "works"}).ok
    assert ask(stage, key, "PATCH", "/canvas/places", {"places": [{"id": agent, "x": 7, "y": 8}]}).ok
    assert ask(stage, key, "POST", f"/workspaces/{agent}/secrets", {"key": "A", "value": "b"}).ok
    assert ask(stage, key, "DELETE", f"/workspaces/{agent}/secrets/A").ok
    assert ask(stage, key, "POST", f"/workspaces/{agent}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
        "message": {"role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": "hello"}]}}}).ok
    assert ask(stage, key, "POST", f"/workspaces/{agent}/pause").ok
    assert ask(stage, key, "POST", f"/workspaces/{agent}/resume").ok
    ticket = ask(stage, key, "POST", "/tickets", {"name": "laptop"}).json()["id"]
    assert ask(stage, key, "DELETE", f"/tickets/{ticket}").ok
    row = next(row for row in stage.rows(agent) if row["type"] == "a2a_receive")
    assert row["summary"].startswith(f"message/send by {by} → made ") and row["source_id"] is None
    assert ask(stage, key, "DELETE", f"/workspaces/{agent}?confirm=true").ok
    told = [event for event in stage.must("GET", "/events?limit=100") if event["seq"] > before]
    who = {(event["event_type"], event["payload"].get("by")) for event in told}
    assert {kind for kind, name in who if name == by} == {
        "WORKSPACE_PROVISIONING", "WORKSPACE_UPDATED", "SECRET_CHANGED", "USER_MESSAGE", "WORKSPACE_PAUSED", "WORKSPACE_AWAITING_AGENT",
        "TICKET_MADE", "TICKET_REVOKED", "WORKSPACE_REMOVED"}
    # A person's are told without.
    other = stage.external(f"by hand {uuid.uuid4().hex}")["id"]
    stage.must("PATCH", f"/workspaces/{other}", {"role": "works"})
    assert all("by" not in event["payload"] for event in stage.must("GET", f"/events/{other}"))


def test_the_log_says_which_key_handed_work_over_and_which_spoke_for_an_agent(stage: Stage) -> None:
    key, all_of_it = make(stage, "operate"), make(stage, "admin")
    before = stage.must("GET", "/events?limit=1")[0]["seq"]
    lead = stage.external(f"lead {uuid.uuid4().hex}")["id"]
    worker = stage.external(f"worker {uuid.uuid4().hex}", parent=lead)["id"]
    work = {"target_id": worker, "task": "count"}
    handed = ask(stage, key, "POST", f"/workspaces/{lead}/delegate", work).json()["delegation_id"]
    assert ask(stage, key, "POST", f"/workspaces/{lead}/delegations", {"targets": [work]}).ok
    assert ask(stage, key, "POST", f"/workspaces/{lead}/delegations/{handed}/cancel").ok
    task = ask(stage, key, "POST", f"/a2a/{worker}", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
        "message": {"role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": "hello"}]},
        "configuration": {"blocking": False}}}).json()["result"]["id"]
    assert "result" in ask(stage, key, "POST", f"/a2a/{worker}", {"jsonrpc": "2.0", "id": 1, "method": "tasks/cancel",
                                                                 "params": {"id": task}}).json()
    noted = str(uuid.uuid4())
    assert ask(stage, all_of_it, "POST", f"/workspaces/{lead}/delegations/record", {**work, "delegation_id": noted}).ok
    assert ask(stage, all_of_it, "POST", f"/workspaces/{lead}/delegations/{noted}/update", {"status": "completed"}).ok
    assert ask(stage, all_of_it, "POST", f"/workspaces/{lead}/notify", {"message": "hello"}).ok
    assert ask(stage, all_of_it, "POST", f"/workspaces/{lead}/activity", {"activity_type": "agent_log", "summary": "looks"}).ok
    # The same by hand, and by the agent itself, is told without.
    other = stage.must("POST", f"/workspaces/{lead}/delegate", {**work, "task": "read"})["delegation_id"]
    stage.must("POST", f"/workspaces/{lead}/delegations/{other}/cancel")
    stage.must("POST", f"/workspaces/{lead}/notify", {"message": "by hand"})
    told = [event for event in stage.must("GET", "/events?limit=200") if event["seq"] > before]

    def done_by(who: dict[str, Any]) -> set[tuple[str, str]]:
        return {(event["event_type"], event["payload"].get("delegation_id", "")) for event in told
                if event["payload"].get("by") == f"org-token:{who['prefix']}" and event["event_type"] != "ORG_KEY_MADE"}

    assert {kind for kind, _ in done_by(key)} == {"DELEGATION_SENT", "DELEGATION_FAILED", "USER_MESSAGE", "A2A_RESPONSE", "ACTIVITY_LOGGED"}
    assert {("DELEGATION_SENT", handed), ("DELEGATION_FAILED", handed)} <= done_by(key)
    assert done_by(all_of_it) == {("DELEGATION_SENT", noted), ("DELEGATION_COMPLETE", noted), ("AGENT_MESSAGE", ""), ("ACTIVITY_LOGGED", "")}
    assert other not in {which for who in (key, all_of_it) for _, which in done_by(who)}


def test_a_key_without_a_scope_operates(stage: Stage) -> None:
    assert make(stage, name="as clients made them before scopes")["scope"] == "operate"
    assert stage.ask("POST", "/org/tokens").json()["scope"] == "operate", "without a body"


def test_a_key_to_rule_makes_keys_that_say_who_made_them(stage: Stage) -> None:
    first = make(stage, "admin", name="first")
    second = ask(stage, first, "POST", "/org/tokens", {"scope": "admin", "name": "second"}).json()
    listed = {key["name"]: key["created_by"] for key in ask(stage, second, "GET", "/org/tokens").json()["tokens"]}
    assert listed == {"first": "admin-token", "second": f"org-token:{first['prefix']}"}
    assert ask(stage, second, "DELETE", f"/org/tokens/{first['id']}").json() == {"revoked": first["id"]}
    assert code(ask(stage, first, "GET", "/workspaces"), 401) == "invalid_admin_token"
    # The last of them may go: the operator's own credential is none of these.
    assert ask(stage, second, "DELETE", f"/org/tokens/{second['id']}").ok, "also by itself"
    assert stage.must("GET", "/org/tokens")["tokens"] == []
    (made, *_), (ended, *_) = last_events(stage, "ORG_KEY_MADE"), last_events(stage, "ORG_KEY_REVOKED")
    assert (made["payload"]["prefix"], made["payload"]["by"]) == (second["prefix"], f"org-token:{first['prefix']}")
    assert (ended["payload"]["key_id"], ended["payload"]["by"]) == (second["id"], f"org-token:{second['prefix']}")


def test_a_key_makes_none_that_outlives_it(stage: Stage) -> None:
    maker = make(stage, "admin", expires_at=later(600))
    assert code(ask(stage, maker, "POST", "/org/tokens", {"scope": "admin", "expires_at": later(900)}), 403) == "key_outlives_maker"
    assert ask(stage, maker, "POST", "/org/tokens", {"scope": "admin"}).json()["expires_at"] == maker["expires_at"]


def test_the_tickets_of_a_key_end_with_it(stage: Stage) -> None:
    brief, revoked, other = make(stage, "operate", expires_at=later(600)), make(stage, "operate"), make(stage, "operate")
    week = {"name": f"laptop {uuid.uuid4().hex}", "expires_in": 7 * 24 * 3600}
    assert ask(stage, brief, "POST", "/tickets", week).json()["expires_at"] == brief["expires_at"]
    sooner = ask(stage, brief, "POST", "/tickets", week | {"expires_in": 60}).json()
    assert sooner["expires_at"] < brief["expires_at"]
    ended, by_other, by_hand = (ask(stage, key, "POST", "/tickets", week).json() for key in (revoked, other, (stage.data / "admin_token").read_text().strip()))
    assert ended["expires_at"] > brief["expires_at"]
    for key in (brief, revoked):
        stage.must("DELETE", f"/org/tokens/{key['id']}")
    states = {ticket["id"]: ticket["state"] for ticket in stage.must("GET", "/tickets")["tickets"]}
    assert (states[ended["id"]], states[by_other["id"]], states[by_hand["id"]]) == ("revoked", "open", "open")
    told = {event["payload"]["ticket_id"] for event in last_events(stage, "TICKET_REVOKED")}
    assert {sooner["id"], ended["id"]} <= told and not {by_other["id"], by_hand["id"]} & told
    for ticket in (by_other, by_hand):
        stage.must("DELETE", f"/tickets/{ticket['id']}")


def test_where_the_data_is_only_who_may_everything_is_told(stage: Stage) -> None:
    assert stage.must("GET", "/auth/me")["claim_command"].startswith("molecule admin claim --data ")
    assert "claim_command" in ask(stage, make(stage, "admin"), "GET", "/auth/me").json()
    for scope in ("read", "operate"):
        me = ask(stage, make(stage, scope), "GET", "/auth/me")
        assert "claim_command" not in me.json() and str(stage.data) not in me.text


@pytest.mark.parametrize(("body", "status", "wanted"), [
    ({"scope": "god"}, 400, None), ({"scope": 1}, 400, None), ({"scope": ""}, 400, None), ({"scope": "READ"}, 400, None),
    ({"expires_at": "2001-01-01T00:00:00Z"}, 400, "expiry_past"), ({"expires_at": "soon"}, 400, None),
    ({"expires_at": -1}, 400, None), ({"name": "x" * 101}, 400, "label_too_long"), ({"name": "x" * 100_000}, 413, "body_too_large"),
    ({"name": "two\nlines"}, 400, "invalid_label"), ({"name": "\u202eback"}, 400, "invalid_label"), ({"name": 7}, 400, None),
    ([], 400, None), ("read", 400, None)])
def test_what_cannot_be_makes_no_key(stage: Stage, body: Any, status: int, wanted: str | None) -> None:
    answer = stage.ask("POST", "/org/tokens", body)
    assert code(answer, status) == (wanted or answer.json()["code"])
    assert stage.must("GET", "/org/tokens")["count"] == 0


@pytest.mark.parametrize("id_", ["nonsense", "c0ffee00-0000-4000-8000-000000000000", "x" * 2000], ids=["no id", "unknown", "long"])
def test_what_is_no_key_is_not_revoked(stage: Stage, id_: str) -> None:
    assert code(stage.ask("DELETE", f"/org/tokens/{id_}"), 404) == "key_not_found"


def test_a_key_of_another_platform_is_nothing_here(stage: Stage, tmp_path: Path) -> None:
    other = Stage(tmp_path)
    other.start()
    try:
        foreign = make(other, "admin")
        assert ask(other, foreign, "GET", "/workspaces").ok
        assert code(ask(stage, foreign, "GET", "/workspaces"), 401) == "invalid_admin_token"
        assert code(stage.ask("DELETE", f"/org/tokens/{foreign['id']}"), 404) == "key_not_found"
    finally:
        other.close()


def holds(stage: Stage, key: dict[str, Any], agent: str) -> tuple[Held, Held, Held]:
    stream, socket, poll = Held(stage.url), Held(stage.url), Held(stage.url)
    stream.stream(agent, bearer(key["auth_token"]))
    socket.socket(bearer(key["auth_token"]))
    poll.poll(f"/workspaces/{agent}/activity?type=error&since_secs=60&wait=25", bearer(key["auth_token"]))
    return stream, socket, poll


def all_end(held: tuple[Held, Held, Held], wanted: str) -> None:
    stream, socket, poll = held
    watch = Stopwatch()
    assert socket.close_code() == (4401, "the credential of this connection has ended")
    assert stream.rest().endswith(b"0\r\n\r\n")
    status, body = poll.answer()
    assert (status, json.loads(body)["code"]) == (401, wanted)
    assert watch.seconds < AT_ONCE
    for each in held:
        each.vanish()


def test_a_revoked_key_holds_nothing_open(stage: Stage) -> None:
    agent = stage.external(f"followed {uuid.uuid4().hex}")["id"]
    key, kept = make(stage, "read"), make(stage, "read")
    with Held(stage.url) as bystander:
        bystander.socket(bearer(kept["auth_token"]))
        held = holds(stage, key, agent)
        stage.must("DELETE", f"/org/tokens/{key['id']}")
        all_end(held, "invalid_token")
        stage.must("PATCH", f"/workspaces/{agent}", {"role": "still here"})
        bystander.hear(b"still here")
    assert code(ask(stage, key, "GET", "/workspaces"), 401) == "invalid_admin_token"


def test_a_key_that_expires_takes_along_what_it_holds(stage: Stage) -> None:
    agent = stage.external(f"followed {uuid.uuid4().hex}")["id"]
    key = make(stage, "read", expires_at=later(3))
    held = holds(stage, key, agent)
    wait_for("the key to expire", lambda: stage.must("GET", "/org/tokens")["tokens"][0]["expired"])
    all_end(held, "token_expired")
    assert code(ask(stage, key, "GET", "/workspaces"), 401) == "token_expired"


def test_a_socket_takes_a_key_as_browsers_bring_it(stage: Stage) -> None:
    key = make(stage, "read")
    with Held(stage.url) as held:
        held.socket(f"Sec-WebSocket-Protocol: molecule-ws, molecule-auth.{key['auth_token'].encode().hex()}")
        stage.must("DELETE", f"/org/tokens/{key['id']}")
        assert held.close_code()[0] == 4401


def test_keys_last_over_a_restart_and_those_that_ended_do_not_come_back(stage: Stage) -> None:
    kept, ended = make(stage, "operate"), make(stage, "operate")
    stage.must("DELETE", f"/org/tokens/{ended['id']}")
    stage.stop()
    stage.start()
    assert ask(stage, kept, "GET", "/auth/me").json()["scope"] == "operate"
    assert code(ask(stage, ended, "GET", "/auth/me"), 401) == "invalid_admin_token"


def test_more_keys_than_may_be_are_refused(stage: Stage) -> None:
    """The stage counts no requests, so only the bound itself is met."""
    brief = make(stage, "read", name="brief", expires_at=later(2))
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: stage.ask("POST", "/org/tokens", {"scope": "read", "name": f"key {n}"}), range(520)))
    assert sorted({answer.status_code for answer in made}) == [200, 429]
    assert sum(answer.status_code == 200 for answer in made) in (499, 500)
    # The brief one made room, at once or now.
    wait_for("a key to expire", lambda: stage.ask("POST", "/org/tokens", {"scope": "read"}).ok
             or brief["id"] not in [key["id"] for key in stage.must("GET", "/org/tokens")["tokens"]])
    assert brief["id"] in [event["payload"]["key_id"] for event in last_events(stage, "ORG_KEY_REVOKED")]
    assert {answer.json()["code"] for answer in made if answer.status_code == 429} == {"too_many_keys"}
    assert stage.must("GET", "/org/tokens")["count"] == 500


def test_one_credential_makes_only_so_many_in_a_minute(tmp_path: Path) -> None:
    counted = Stage(tmp_path, environment={"RATE_LIMIT": "600"})
    counted.start()
    try:
        answers = [counted.ask("POST", "/org/tokens", {"scope": "read"}) for _ in range(31)]
        assert [answer.status_code for answer in answers] == [200] * 30 + [429]
        assert code(answers[-1], 429) == "rate_limited" and int(answers[-1].headers["Retry-After"]) > 0
    finally:
        counted.close()


def registration(workspace_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": workspace_id, "agent_card": {"name": "who?"}, "delivery_mode": "poll", **fields}


def nobody(stage: Stage, path: str, body: Any) -> requests.Response:
    return requests.post(stage.url + path, json=body, timeout=40)


@pytest.mark.parametrize("scope", ["read", "operate"])
def test_what_a_lesser_key_sees_registers_nothing(stage: Stage, scope: str) -> None:
    before, tried = stage.external(f"waits before {scope}"), stage.external(f"claimed before {scope}")
    # Whoever holds an id that nobody else sees may claim it.
    assert nobody(stage, "/registry/register", registration(tried["id"])).status_code == 200
    key = make(stage, scope)
    after = stage.external(f"waits after {scope}")
    assert {before["id"], after["id"]} <= {each["id"] for each in ask(stage, key, "GET", "/workspaces").json()}
    for waiting in (before, after):
        assert code(nobody(stage, "/registry/register", registration(waiting["id"])), 401) == "workspace_token_required"
        token = waiting["connection"]["auth_token"]
        assert ask(stage, token, "POST", "/registry/register", registration(waiting["id"])).status_code == 200
    # Once there is none, ids are a secret again.
    stage.must("DELETE", f"/org/tokens/{key['id']}")
    later_one = stage.external(f"waits later {scope}")
    assert nobody(stage, "/registry/register", registration(later_one["id"])).status_code == 200


def test_a_lesser_key_does_not_speak_for_an_agent(stage: Stage) -> None:
    made = stage.external("spoken for")
    token = made["connection"]["auth_token"]
    assert ask(stage, token, "POST", "/registry/register", registration(made["id"], delivery_mode="push",
                                                                        url="http://127.0.0.1:9/a2a")).status_code == 200
    key = make(stage, "operate")
    moved = {"workspace_id": made["id"], "url": "http://127.0.0.1:10/elsewhere", "agent_card": {"name": "taken"}}
    assert code(ask(stage, key, "POST", "/registry/update-card", moved), 403) == "insufficient_scope"
    beat = {"workspace_id": made["id"], "active_tasks": 0, "current_task": ""}
    assert "platform_inbound_secret" in ask(stage, token, "POST", "/registry/heartbeat", beat).json()
    assert code(ask(stage, key, "POST", "/registry/heartbeat", beat | {"current_task": "faked"}), 403) == "insufficient_scope"
    assert ask(stage, make(stage, "admin"), "POST", "/registry/heartbeat", beat).ok
    here = f"/workspaces/{made['id']}"
    for path, body in (("/notify", {"message": "yes, it is safe"}), ("/activity", {"activity_type": "agent_log", "summary": "forged"}),
                       ("/delegations/record", {"target_id": made["id"], "task": "x", "delegation_id": str(uuid.uuid4())}),
                       (f"/delegations/{uuid.uuid4()}/update", {"status": "completed", "response_preview": "forged"})):
        assert code(ask(stage, key, "POST", here + path, body), 403) == "insufficient_scope", path
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "send_message_to_user", "arguments": {"message": "forged"}}}
    said = requests.post(f"{stage.url}{here}/mcp", json=call, timeout=20, headers={
        "Authorization": f"Bearer {key['auth_token']}", "Accept": "application/json, text/event-stream"})
    assert "result" not in said.json() and not [row for row in stage.rows(made["id"]) if "forged" in str(row)]
    assert code(ask(stage, make(stage, "read"), "GET", here + "/mcp/stream"), 403) == "insufficient_scope"
    assert stage.workspace(made["id"])["url"] == "http://127.0.0.1:9/a2a"
