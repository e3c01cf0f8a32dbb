"""Bad input: a 4xx with a machine-readable code and a sentence, and nothing changed."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import requests
from loops import Agents
from molecule_agent import RemoteAgentClient
from stage import Stage

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client(agents: Agents) -> RemoteAgentClient:
    return agents.client("asker")


def as_agent(stage: Stage, client: RemoteAgentClient, method: str, path: str, body: Any = None,
             raw: bytes | None = None, **headers: str) -> requests.Response:
    data = raw if raw is not None else None if body is None else json.dumps(body).encode()
    return requests.request(method, stage.url + path.replace("SELF", client.workspace_id), data=data, timeout=30,
                            headers={"Authorization": f"Bearer {client.load_token()}",
                                     "Content-Type": "application/json", **headers})


def refused(answer: requests.Response, *statuses: int) -> dict[str, Any]:
    """Check the form of a refusal and return its object."""
    assert answer.status_code in (statuses or range(400, 500)), f"{answer.status_code} {answer.text}"
    body = answer.json()
    assert isinstance(body["error"], str) and len(body["error"]) > 3
    assert isinstance(body["code"], str) and body["code"] == body["code"].lower() and " " not in body["code"]
    return dict(body)


POSTS = ["/registry/register", "/registry/heartbeat", "/registry/update-card", "/workspaces/SELF/a2a",
         "/workspaces/SELF/delegate", "/workspaces/SELF/notify", "/workspaces/SELF/activity",
         "/workspaces/SELF/secrets"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"null", b"{\"a\":}", b"\xff\xfe", b"{\"a\":1}{", b"[" * 5000,
                                 b'{"id":1,"id":2,' + b'"x":' * 3 + b"}"])
def test_bodies_that_are_not_what_is_expected(stage: Stage, client: RemoteAgentClient, path: str, raw: bytes) -> None:
    before = len(stage.rows(client.workspace_id))
    refused(as_agent(stage, client, "POST", path, raw=raw), 400, 413, 422)
    assert len(stage.rows(client.workspace_id)) == before


@pytest.mark.parametrize(("path", "body"), [
    ("/registry/register", {"id": 7, "url": "", "agent_card": {}}),
    ("/registry/register", {"id": "not-a-uuid", "url": "", "agent_card": {}}),
    ("/registry/register", {"id": "SELF", "url": 7, "agent_card": {}}),
    ("/registry/register", {"id": "SELF", "agent_card": {}, "delivery_mode": "pigeon"}),
    ("/registry/register", {"id": "SELF", "agent_card": {}, "delivery_mode": "push"}),
    ("/registry/heartbeat", {}), ("/registry/heartbeat", {"workspace_id": 7}),
    ("/registry/heartbeat", {"workspace_id": "SELF", "active_tasks": "two"}),
    ("/registry/heartbeat", {"workspace_id": "SELF", "uptime_seconds": 1.5}),
    ("/registry/heartbeat", {"workspace_id": "SELF", "current_task": ["list"]}),
    ("/workspaces/SELF/delegate", {"target_id": UNKNOWN}), ("/workspaces/SELF/delegate", {"task": "x"}),
    ("/workspaces/SELF/delegate", {"target_id": 7, "task": "x"}),
    ("/workspaces/SELF/notify", {}), ("/workspaces/SELF/notify", {"message": ""}),
    ("/workspaces/SELF/notify", {"message": 7}),
    ("/workspaces/SELF/notify", {"message": "x", "reply_to": "not-an-id"}),
    ("/workspaces/SELF/activity", {}), ("/workspaces/SELF/activity", {"activity_type": "party"}),
    ("/workspaces/SELF/activity", {"activity_type": "error", "duration_ms": "long"}),
    ("/workspaces/SELF/secrets", {"key": "", "value": "x"}), ("/workspaces/SELF/secrets", {"key": "K", "value": ""}),
    ("/workspaces/SELF/secrets", {"key": 7, "value": "x"})])
def test_fields_that_are_missing_or_of_the_wrong_kind(stage: Stage, client: RemoteAgentClient, path: str,
                                                      body: dict[str, Any]) -> None:
    filled = {name: client.workspace_id if value == "SELF" else value for name, value in body.items()}
    before = stage.workspace(client.workspace_id)
    refused(as_agent(stage, client, "POST", path, filled), 400, 422)
    after = stage.workspace(client.workspace_id)
    for key in ("url", "agent_card", "status", "current_task", "active_tasks", "delivery_mode"):
        assert before[key] == after[key]


@pytest.mark.parametrize("url", [
    "ftp://example.com/", "http://", "not a url", "http://169.254.169.254/latest", "http://10.0.0.1/", "http://192.168.1.1/",
    "http://172.16.0.1/", "http://100.64.0.1/", "http://[::1]/", "http://[fe80::1]/", "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a00:1]/", "http://0.0.0.0/", "http://224.0.0.1/", "http://2130706433/", "http://0x0a000001/",
    "http://user:pw@example.com/", "http://127.0.0.2.nip.invalid/"])
def test_an_address_that_points_inward_is_refused(stage: Stage, client: RemoteAgentClient, url: str) -> None:
    refused(as_agent(stage, client, "POST", "/registry/register", {
        "id": client.workspace_id, "url": url, "agent_card": {"name": "x"}, "delivery_mode": "push"}), 400, 422)
    assert stage.workspace(client.workspace_id)["url"] == ""


@pytest.mark.parametrize("path", ["/workspaces/nope", "/workspaces/nope/state", "/workspaces/nope/activity",
                                  "/workspaces/nope/delegations", "/registry/nope/peers", "/registry/discover/nope",
                                  "/workspaces/nope/secrets/values"])
def test_ids_that_are_none(stage: Stage, client: RemoteAgentClient, path: str) -> None:
    refused(as_agent(stage, client, "GET", path), 400, 403, 404)
    refused(stage.ask("GET", path), 400, 403, 404)


@pytest.mark.parametrize("path", [f"/workspaces/{UNKNOWN}", f"/workspaces/{UNKNOWN}/secrets", f"/registry/{UNKNOWN}/peers"])
def test_unknown_ids(stage: Stage, client: RemoteAgentClient, path: str) -> None:
    refused(stage.ask("GET", path), 404)
    # To a token of another workspace an unknown id and a foreign one look the same.
    refused(as_agent(stage, client, "GET", path), 401, 403, 404)


@pytest.mark.parametrize("query", ["since_secs=0", "since_secs=soon", "since_id=nope", "peer_id=nope", "before_ts=noon",
                                   "source=sky", "order=up", "wait=31", "wait=-1", "wait=x"])
def test_feed_questions_that_make_no_sense(stage: Stage, client: RemoteAgentClient, query: str) -> None:
    refused(as_agent(stage, client, "GET", f"/workspaces/SELF/activity?{query}"), 400)


def test_fields_that_are_too_long(stage: Stage, client: RemoteAgentClient) -> None:
    refused(stage.ask("POST", "/workspaces", {"name": "n" * 256, "runtime": "external"}), 400, 413)
    refused(stage.ask("POST", "/workspaces", {"name": "ok", "role": "r" * 1001, "runtime": "external"}), 400, 413)
    refused(as_agent(stage, client, "POST", "/workspaces/SELF/activity", {
        "activity_type": "error", "summary": "s" * 100_000}), 400, 413)
    refused(as_agent(stage, client, "POST", "/workspaces/SELF/delegate", {
        "target_id": UNKNOWN, "task": "t", "idempotency_key": "k" * 1000}), 400, 403, 404)


def test_names_that_are_refused(stage: Stage) -> None:
    count = len(stage.must("GET", "/workspaces"))
    for name in ("", "a\nb", "a{b", "a|b", "a>b", "*", 7, None):
        refused(stage.ask("POST", "/workspaces", {"name": name, "runtime": "external"}), 400, 422)
    assert len(stage.must("GET", "/workspaces")) == count


def test_a_parent_that_would_make_a_cycle(stage: Stage, agents: Agents) -> None:
    top = agents.client("top")
    middle = agents.client("middle", top.workspace_id)
    bottom = agents.client("bottom", middle.workspace_id)
    for child, parent in ((top, bottom), (top, top), (middle, bottom)):
        refused(stage.ask("PATCH", f"/workspaces/{child.workspace_id}", {"parent_id": parent.workspace_id}), 400, 409, 422)
    refused(stage.ask("PATCH", f"/workspaces/{top.workspace_id}", {"parent_id": UNKNOWN}), 400, 404, 422)
    refused(stage.ask("PATCH", f"/workspaces/{top.workspace_id}", {"tier": "three"}), 400, 422)
    assert stage.workspace(top.workspace_id)["parent_id"] is None
    assert stage.workspace(middle.workspace_id)["parent_id"] == top.workspace_id


def test_unknown_a2a_methods(stage: Stage, client: RemoteAgentClient) -> None:
    for method in ("tasks/explode", "", 7):
        answer = stage.ask("POST", f"/workspaces/{client.workspace_id}/a2a", {
            "jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": {"parts": [{"text": "x"}]}}})
        assert 400 <= answer.status_code < 500 and answer.json()["error"], answer.text
    got: list[str] = []
    from molecule_agent import PollDelivery
    PollDelivery(client, interval=0.1).run_once(lambda m, c: got.append(m.text))
    assert got == []


def test_a_body_that_is_too_large(stage: Stage, client: RemoteAgentClient) -> None:
    refused(as_agent(stage, client, "POST", "/registry/heartbeat", raw=b'{"workspace_id":"' + b"x" * (8 << 20) + b'"}'), 413)
    refused(as_agent(stage, client, "POST", "/workspaces/SELF/a2a", raw=b'{"x":"' + b"x" * (17 << 20) + b'"}'), 413)


# --- credentials ---


# Few enough that the limit on refused credentials, which answers 429, stays out of the picture.
@pytest.mark.parametrize("authorization", [None, "Bearer ", "Bearer mol_wrong", "Basic bW9sOm1vbA=="])
def test_every_door_is_closed_without_a_credential(stage: Stage, client: RemoteAgentClient,
                                                   authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    own = f"/workspaces/{client.workspace_id}"
    for method, path in (("GET", "/workspaces"), ("GET", own + "/state"), ("GET", own + "/activity"),
                         ("GET", own + "/secrets/values"), ("GET", own + "/tokens"), ("POST", own + "/a2a"),
                         ("POST", own + "/notify"), ("POST", own + "/delegate"), ("DELETE", own),
                         ("POST", "/registry/heartbeat"), ("GET", f"/registry/{client.workspace_id}/peers")):
        answer = requests.request(method, stage.url + path, headers=headers, timeout=10,
                                  json={"workspace_id": client.workspace_id} if method == "POST" else None)
        assert answer.status_code == 401 and answer.json()["code"], f"{method} {path}: {answer.status_code} {answer.text}"


def test_the_token_of_another_opens_nothing(stage: Stage, agents: Agents, client: RemoteAgentClient) -> None:
    other = agents.client("other")
    own = f"/workspaces/{client.workspace_id}"
    for method, path, body in (("GET", own + "/activity", None), ("GET", own + "/secrets/values", None),
                               ("GET", own + "/tokens", None), ("POST", own + "/notify", {"message": "x"}),
                               ("POST", "/registry/heartbeat", {"workspace_id": client.workspace_id}),
                               ("POST", "/registry/register", {"id": client.workspace_id, "agent_card": {"name": "mine"}}),
                               ("GET", "/workspaces", None), ("DELETE", own, None)):
        refused(as_agent(stage, other, method, path, body), 401, 403)
    assert stage.workspace(client.workspace_id)["agent_card"]["name"] != "mine"


def test_a_claimed_identity_counts_for_nothing(stage: Stage, agents: Agents, client: RemoteAgentClient) -> None:
    other = agents.client("impostor")
    answer = as_agent(stage, other, "POST", "/workspaces/SELF/a2a", {"jsonrpc": "2.0"}, **{
        "X-Workspace-ID": client.workspace_id})
    refused(answer, 400, 401, 403)


# --- framing ---


def raw_exchange(stage: Stage, request: bytes) -> bytes:
    host, port = stage.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        admin = f"Bearer {(stage.data / 'admin_token').read_text().strip()}".encode()
        connection.sendall(request.replace(b"HOST", f"{host}:{port}".encode()).replace(b"ADMIN", admin))
        received = b""
        while True:
            try:
                chunk = connection.recv(65536)
            except ConnectionResetError:
                return received
            if not chunk:
                return received
            received += chunk


@pytest.mark.parametrize("head", [
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nContent-Length: +2\r\n\r\n{}",
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0x2\r\n\r\n{}",
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nContent-Length : 2\r\n\r\n{}",
    b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: HOST\r\n folded: x\r\n\r\n", b"GET /healthz\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nX: a\x00b\r\n\r\n", b"GET /hea lthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"POST /registry/heartbeat HTTP/1.1\r\nHost: HOST\r\nAuthorization: ADMIN\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"])
def test_framing_that_could_be_read_two_ways_is_refused(stage: Stage, head: bytes) -> None:
    # A second request behind the first must never be answered: it could be somebody's smuggled one.
    answer = raw_exchange(stage, head + b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ", b"HTTP/1.1 505 ")), answer[:200]
    assert b"connection: close" in answer.lower()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert stage.must("GET", "/healthz")


def test_a_foreign_host_or_origin_is_refused(stage: Stage) -> None:
    refused(stage.ask("GET", "/workspaces", headers={"Host": "evil.example"}), 400, 403, 421)
    refused(stage.ask("POST", "/workspaces", {"name": "x", "runtime": "external"},
                      headers={"Origin": "http://evil.example"}), 403)


def quota(answer: requests.Response) -> list[str | None]:
    return [answer.headers.get(f"X-RateLimit-{name}") for name in ("Limit", "Remaining", "Reset")]


def test_every_answer_tells_how_much_is_left(stage: Stage, client: RemoteAgentClient) -> None:
    first = as_agent(stage, client, "GET", "/workspaces/SELF")
    second = as_agent(stage, client, "POST", "/registry/heartbeat", {"workspace_id": client.workspace_id})
    limit, remaining, reset = (int(text or -1) for text in quota(first))
    assert limit == 60000 and 0 < remaining < limit and 0 < reset <= 60
    assert quota(second)[0] == str(limit)
    # The window may have begun anew in between.
    assert int(quota(second)[1] or -1) in (remaining - 1, limit - 1)
    assert quota(requests.get(f"{stage.url}/workspaces", timeout=10))[0] == "1000000", "refused, and counted by address"


def test_the_dev_profile_says_that_nothing_is_counted(tmp_path: Path) -> None:
    dev = Stage(tmp_path, "--dev")
    dev.start()
    try:
        for answer in (requests.get(f"{dev.url}/workspaces", timeout=10), dev.ask("GET", "/workspaces"),
                       dev.ask("GET", "/workspaces/nonsense"),
                       requests.get(f"{dev.url}/workspaces", headers={"Authorization": "Bearer wrong"}, timeout=10)):
            assert quota(answer) == ["unlimited", None, None], answer.text
    finally:
        dev.close()
