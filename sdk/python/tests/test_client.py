"""Every method of the client against a scripted platform: what it sends, what it makes of the answer."""

from __future__ import annotations

import datetime
import email.utils
import json
import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest
import requests
from conftest import WORKSPACE
from molecule_agent import (CredentialRejectedError, CursorLostError, InboundMessage, PlatformError, RemoteAgentClient,
                            WorkspaceGoneError, client as client_module, make_idempotency_key)
from scripted_platform import Reply, Request, ScriptedPlatform

SELF = f"/workspaces/{WORKSPACE}"
PEER = "99999999-2222-4333-8444-555555555555"
REGISTER = "/registry/register"


# --- registration and the token ---


def test_first_registration_sends_no_bearer_and_keeps_the_token(platform: ScriptedPlatform,
                                                                client: RemoteAgentClient) -> None:
    platform.on("POST", REGISTER, {"status": "registered", "auth_token": "mol_first", "delivery_mode": "poll"})
    assert client.register() == "mol_first"
    sent = platform.requests[0]
    assert "Authorization" not in sent.headers
    assert sent.headers["Origin"] == platform.url
    assert sent.json() == {"id": WORKSPACE, "url": "remote://no-inbound", "delivery_mode": "poll",
                           "agent_card": {"name": "remote-agent-11111111"}}
    assert client.token_file.read_text().strip() == "mol_first"
    assert stat.S_IMODE(client.token_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(client.token_file.parent.stat().st_mode) == 0o700


def test_a_restarted_agent_presents_its_cached_token(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    client.save_token("mol_cached")
    platform.on("POST", REGISTER, {"status": "registered", "platform_inbound_secret": "s3"})
    with RemoteAgentClient(WORKSPACE, platform.url, token_dir=client.token_dir) as restarted:
        assert restarted.register() == "mol_cached"
        assert restarted.inbound_secret == "s3"
    assert platform.requests[0].headers["Authorization"] == "Bearer mol_cached"


def test_a_url_registers_push_and_delivery_mode_can_be_forced(platform: ScriptedPlatform,
                                                              client: RemoteAgentClient) -> None:
    platform.on("POST", REGISTER, {})
    client.reported_url = "http://127.0.0.1:9/"
    client.register()
    client.delivery_mode = "poll"
    client.register()
    modes = [(r.json()["url"], r.json()["delivery_mode"]) for r in platform.requests]
    assert modes == [("http://127.0.0.1:9/", "push"), ("http://127.0.0.1:9/", "poll")]


def test_a_refused_token_is_explained(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", REGISTER, Reply(401, {"error": "invalid workspace auth token", "code": "invalid_token"}))
    with pytest.raises(CredentialRejectedError, match="claimed before"):
        client.register()
    client.save_token("mol_old")
    with pytest.raises(CredentialRejectedError, match="delete the file") as caught:
        client.register()
    assert caught.value.code == "invalid_token" and caught.value.response.status_code == 401
    assert "mol_old" not in str(caught.value)


def test_netrc_cannot_replace_the_bearer(platform: ScriptedPlatform, client: RemoteAgentClient, tmp_path: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client.save_token("mol_t")
    platform.on("GET", SELF + "/state", {"status": "online"})
    client.poll_state()
    assert platform.requests[0].headers["Authorization"] == "Bearer mol_t"


def test_tenant_headers(platform: ScriptedPlatform, tmp_path: Path) -> None:
    platform.on("GET", SELF + "/state", {"status": "online"})
    with RemoteAgentClient(WORKSPACE, platform.url, token_dir=tmp_path, org_id="org-1", origin=None) as client:
        client.poll_state()
    with RemoteAgentClient(WORKSPACE, platform.url, token_dir=tmp_path, origin="https://edge.example") as client:
        client.poll_state()
    first, second = platform.requests
    assert first.headers["X-Molecule-Org-Id"] == "org-1" and "Origin" not in first.headers
    assert second.headers["Origin"] == "https://edge.example" and "X-Molecule-Org-Id" not in second.headers


def test_an_empty_or_impossible_token_is_refused(client: RemoteAgentClient) -> None:
    for bad in ("", "  \n", "two words", "line\nbreak", "ümlaut"):
        with pytest.raises(ValueError):
            client.save_token(bad)
    assert client.load_token() is None and not client.token_file.exists()


def test_a_failed_write_keeps_the_old_token_file_and_is_repeated(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    client.save_token("mol_one")
    real = os.fsync

    def broken(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    client.save_token("mol_two")
    assert client.token_file.read_text().strip() == "mol_one"
    assert client.load_token() == "mol_two"
    assert [p.name for p in client.token_dir.iterdir()] == [".auth_token"]
    monkeypatch.setattr(os, "fsync", real)
    platform.on("POST", "/registry/heartbeat", {"status": "ok"})
    client.heartbeat()
    assert client.token_file.read_text().strip() == "mol_two"


def test_the_token_file_is_private_before_it_has_content(client: RemoteAgentClient,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    real = os.open

    def watched(path: str | Path, flags: int, mode: int = 0o777, **rest: int) -> int:
        descriptor = real(path, flags, mode, **rest)
        if flags & os.O_CREAT:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", watched)
    client.save_token("mol_t")
    assert modes == [0o600]


def test_a_token_file_open_to_others_is_narrowed(client: RemoteAgentClient) -> None:
    client.token_dir.mkdir(parents=True)
    client.token_file.write_text("mol_t\n")
    client.token_file.chmod(0o644)
    assert client.load_token() == "mol_t"
    assert stat.S_IMODE(client.token_file.stat().st_mode) == 0o600


def test_ids_that_could_climb_are_refused(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    for bad in ("", "..", "a/../b", "."):
        with pytest.raises(ValueError):
            RemoteAgentClient(bad, platform.url)
    with pytest.raises(ValueError):
        client.delegate("task", "..")
    with pytest.raises(ValueError, match="http"):
        RemoteAgentClient(WORKSPACE, "ftp://x")


# --- state, heartbeat, secrets ---


def test_heartbeat_body(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", "/registry/heartbeat", {"status": "ok"})
    client.heartbeat("x" * 900, 2, 0.5, "slow")
    body = platform.requests[0].json()
    assert body.pop("current_task") == "x" * 500
    assert isinstance(body["uptime_seconds"], int)
    assert body == {"workspace_id": WORKSPACE, "active_tasks": 2, "error_rate": 0.5, "sample_error": "slow",
                    "uptime_seconds": body["uptime_seconds"]}


@pytest.mark.parametrize("status", [404, 410])
def test_a_removed_workspace_is_gone_for_heartbeats_and_an_answer_for_state(
        platform: ScriptedPlatform, client: RemoteAgentClient, status: int) -> None:
    gone = Reply(404, {"workspace_id": WORKSPACE, "status": "removed", "deleted": True}) if status == 404 else \
        Reply(410, {"error": "workspace removed", "code": "workspace_removed", "id": WORKSPACE, "removed_at": None})
    platform.on("POST", "/registry/heartbeat", gone)
    platform.on("GET", SELF + "/state", gone)
    with pytest.raises(WorkspaceGoneError):
        client.heartbeat()
    state = client.poll_state()
    assert (state.status, state.deleted, state.should_stop) == ("removed", True, True)


def test_state_and_secrets(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", SELF + "/state", {"status": "paused", "paused": True, "deleted": False}, {"status": "online"})
    platform.on("GET", SELF + "/secrets/values", {"KEY": "value"}, Reply(200, None), Reply(503, {"error": "sealed"}))
    assert client.poll_state().should_stop
    assert not client.poll_state().should_stop
    assert client.pull_secrets() == {"KEY": "value"}
    assert client.pull_secrets() == {}
    with pytest.raises(PlatformError, match="sealed") as caught:
        client.pull_secrets()
    assert caught.value.status == 503 and caught.value.transient
    assert isinstance(caught.value, requests.HTTPError)


def test_an_answer_that_is_not_json_is_named(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", SELF + "/state", Reply(200, b"<html>hello</html>"))
    with pytest.raises(PlatformError, match="platform_url"):
        client.poll_state()


def test_a_redirect_is_not_followed_with_the_token(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    client.save_token("mol_t")
    platform.on("GET", SELF + "/state", Reply(302, None, {"Location": platform.url + "/elsewhere"}))
    with pytest.raises(PlatformError, match="/elsewhere"):
        client.poll_state()
    assert len(platform.requests) == 1


# --- peers ---


def test_peers_are_read_leniently_and_seed_the_url_cache(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", f"/registry/{WORKSPACE}/peers", [
        {"id": PEER, "name": "r", "tier": None, "role": None, "status": "online", "url": "http://peer:1/",
         "agent_card": {"skills": []}},
        {"name": "no id"}, "odd", {"id": "b", "tier": 3, "agent_card": None}])
    peers = client.get_peers()
    assert [(p.id, p.role, p.tier, p.status, p.url) for p in peers] == [
        (PEER, "", 2, "online", "http://peer:1/"), ("b", "", 3, "unknown", "")]
    assert platform.requests[0].headers["X-Workspace-ID"] == WORKSPACE
    assert client.discover_peer(PEER) == "http://peer:1/"
    assert len(platform.requests) == 1


def test_discovery(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    path = f"/registry/discover/{PEER}"
    platform.on("GET", path, Reply(404, {"error": "workspace not found"}), {"url": "remote://no-inbound"},
                Reply(403, {"error": "not authorized"}), {"url": "http://peer:2/"})
    assert client.discover_peer(PEER) is None
    assert client.discover_peer(PEER) is None
    with pytest.raises(PlatformError, match="not authorized"):
        client.discover_peer(PEER)
    assert client.discover_peer(PEER) == "http://peer:2/"
    assert client.discover_peer(PEER) == "http://peer:2/"
    assert len(platform.asked("GET", path)) == 4
    client.invalidate_peer_url(PEER)
    client.discover_peer(PEER)
    assert len(platform.asked("GET", path)) == 5


def test_a_direct_call_carries_no_credential(platform: ScriptedPlatform, tmp_path: Path) -> None:
    peer = ScriptedPlatform()
    session = requests.Session()
    session.headers["Authorization"] = "Bearer of-the-session"
    session.cookies.set("molecule_session", "cookie", domain="127.0.0.1")
    try:
        with RemoteAgentClient(WORKSPACE, platform.url, token_dir=tmp_path, session=session) as client:
            client.save_token("mol_secret")
            platform.on("GET", f"/registry/discover/{PEER}", {"url": peer.url + "/a2a"})
            peer.on("POST", "/a2a", {"jsonrpc": "2.0", "result": {"parts": [{"kind": "text", "text": "hi"}]}})
            assert client.call_peer(PEER, "hello")["result"]["parts"][0]["text"] == "hi"
        sent = peer.requests[0]
        assert "Authorization" not in sent.headers and "Cookie" not in sent.headers
        assert sent.headers["X-Workspace-ID"] == WORKSPACE
        assert "mol_secret" not in json.dumps(sent.headers)
        body = sent.json()
        assert body["method"] == "message/send" and body["params"]["message"]["role"] == "user"
        assert body["params"]["message"]["parts"] == [{"kind": "text", "text": "hello"}]
        assert body["params"]["message"]["messageId"]
    finally:
        peer.close()
        session.close()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_platform_carries_what_certainly_did_not_arrive(platform: ScriptedPlatform,
                                                            client: RemoteAgentClient) -> None:
    platform.on("POST", f"/workspaces/{PEER}/a2a", {"jsonrpc": "2.0", "result": "by platform"})
    platform.on("GET", f"/registry/discover/{PEER}", {"url": f"http://127.0.0.1:{closed_port()}/"},
                {"url": platform.url + "/refuses"})
    platform.on("POST", "/refuses", Reply(401, {"error": "secret needed"}))
    assert client.call_peer(PEER, "hello")["result"] == "by platform"
    assert client.call_peer(PEER, "hello")["result"] == "by platform"
    proxied = platform.asked("POST", f"/workspaces/{PEER}/a2a")
    assert len(proxied) == 2
    assert proxied[1].json() == platform.asked("POST", "/refuses")[0].json()


@pytest.mark.parametrize("reply", [Reply(hangup=True), Reply(500, {"error": "boom"})])
def test_what_may_have_arrived_is_not_sent_twice(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                 reply: Reply) -> None:
    platform.on("GET", f"/registry/discover/{PEER}", {"url": platform.url + "/peer"})
    platform.on("POST", "/peer", reply)
    with pytest.raises(requests.RequestException):
        client.call_peer(PEER, "hello")
    assert platform.asked("POST", f"/workspaces/{PEER}/a2a") == []


# --- inbound rows and retries ---


def test_fetch_inbound_asks_for_what_it_is_told(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", SELF + "/activity", [{"id": "1"}, "odd"], {"items": [{"id": "2"}]})
    assert client.fetch_inbound(since_id="0", limit=5, peer_id=PEER, before_ts="2026-01-01T00:00:00Z",
                                order="asc", wait=1) == [{"id": "1"}]
    assert client.fetch_inbound() == [{"id": "2"}]
    assert platform.requests[0].query == {"type": "a2a_receive", "limit": "5", "since_id": "0", "peer_id": PEER,
                                          "before_ts": "2026-01-01T00:00:00Z", "order": "asc", "wait": "1"}
    assert platform.requests[1].query == {"type": "a2a_receive", "limit": "100"}


def test_410_is_a_lost_cursor_unless_the_workspace_was_removed(platform: ScriptedPlatform,
                                                               client: RemoteAgentClient) -> None:
    platform.on("GET", SELF + "/activity", Reply(410, {"error": "since_id cursor not found: it was pruned", "code": "cursor_gone"}),
                Reply(410, {"error": "workspace removed", "removed_at": None, "id": WORKSPACE}),
                Reply(410, {"error": "gone", "code": "workspace_removed"}),
                Reply(400, {"error": "bad id", "code": "invalid_since_id"}))
    with pytest.raises(CursorLostError):
        client.fetch_inbound(since_id="x")
    with pytest.raises(WorkspaceGoneError):
        client.fetch_inbound(since_id="x")
    with pytest.raises(WorkspaceGoneError):
        client.fetch_inbound()
    with pytest.raises(CursorLostError):
        client.fetch_inbound(since_id="no id")


@pytest.mark.parametrize("retry_after", ["1", "0.2", "date", "soon", None])
def test_429_is_waited_out(platform: ScriptedPlatform, client: RemoteAgentClient, retry_after: str | None,
                           monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(client.stopped, "wait", lambda seconds=None: waits.append(seconds))
    if retry_after == "date":
        retry_after = email.utils.format_datetime(
            datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=20), usegmt=True)
    headers = {"Retry-After": retry_after} if retry_after else None
    platform.on("GET", SELF + "/activity", Reply(429, {"error": "slow down"}, headers), [])
    assert client.fetch_inbound() == []
    assert len(waits) == 1
    if retry_after and retry_after[0].isdigit():
        assert 1.0 <= waits[0] <= 2.0  # never sooner than asked, and not everybody at once
    elif retry_after and "GMT" in retry_after:
        assert 18 <= waits[0] <= 25
    else:
        assert 0 < waits[0] <= 1.0


def test_429_gives_up_after_three_tries_and_never_repeats_a_post(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.stopped, "wait", lambda seconds=None: None)
    platform.on("GET", SELF + "/activity", Reply(429, {"error": "slow down"}))
    platform.on("POST", "/registry/heartbeat", Reply(429, {"error": "slow down"}))
    with pytest.raises(PlatformError) as caught:
        client.fetch_inbound()
    assert caught.value.status == 429
    with pytest.raises(PlatformError):
        client.heartbeat()
    assert len(platform.asked("GET", SELF + "/activity")) == 3
    assert len(platform.asked("POST", "/registry/heartbeat")) == 1


def test_a_very_long_retry_after_is_reported_at_once(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", SELF + "/activity", Reply(429, {"error": "slow down"}, {"Retry-After": "86400"}))
    started = time.monotonic()
    with pytest.raises(PlatformError):
        client.fetch_inbound()
    assert time.monotonic() - started < 5 and len(platform.requests) == 1


# --- replies and delegations ---


def test_replies(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", SELF + "/notify", {"status": "sent"})
    platform.on("POST", f"/workspaces/{PEER}/a2a", {"jsonrpc": "2.0", "result": {}})
    client.reply(InboundMessage("a1", "canvas_user", "", "q"), "answer")
    for _ in range(2):
        client.reply(InboundMessage("a2", "peer_agent", PEER, "q"), "answer")
    assert platform.requests[0].json() == {"message": "answer", "reply_to": "a1"}
    one, two = platform.asked("POST", f"/workspaces/{PEER}/a2a")
    body = one.json()
    assert body["id"] == "a2" and body["params"]["message"]["role"] == "agent"
    assert body["params"]["message"]["metadata"] == {"reply_to": "a2"}
    assert body == two.json()  # the same answer again is recognisable as such
    assert one.headers["X-Workspace-ID"] == one.headers["X-Source-Workspace-Id"] == WORKSPACE


def test_replies_that_cannot_be(client: RemoteAgentClient) -> None:
    for source, text in (("canvas_user", "  "), ("unknown", "x"), ("peer_agent", "x")):
        with pytest.raises(ValueError):
            client.reply(InboundMessage("a", source, "", "q"), text)


def test_delegate_speaks_the_platform_form(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", SELF + "/delegate", Reply(202, {"delegation_id": "d1", "status": "delegated"}))
    assert client.delegate("do it", PEER)["delegation_id"] == "d1"
    client.delegate("do it", PEER)
    client.delegate("do it", PEER, idempotency_key="mine")
    bodies = [r.json() for r in platform.requests]
    assert {(b["target_id"], b["task"]) for b in bodies} == {(PEER, "do it")}
    assert bodies[0]["idempotency_key"] != bodies[1]["idempotency_key"]
    assert bodies[2]["idempotency_key"] == "mine"


def test_delegate_repeats_a_lost_acceptance_under_the_same_key(platform: ScriptedPlatform,
                                                               client: RemoteAgentClient,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.stopped, "wait", lambda seconds=None: None)
    platform.on("POST", SELF + "/delegate", Reply(hangup=True), Reply(503, {"error": "starting"}),
                {"delegation_id": "d1", "idempotent_hit": True})
    assert client.delegate("do it", PEER)["delegation_id"] == "d1"
    assert len({r.json()["idempotency_key"] for r in platform.requests}) == 1 and len(platform.requests) == 3


def test_delegate_reports_a_refusal_at_once(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", SELF + "/delegate", Reply(400, {"error": "self-delegation not permitted", "code": "self"}))
    with pytest.raises(PlatformError, match="self-delegation") as caught:
        client.delegate("do it", WORKSPACE)
    assert caught.value.code == "self" and len(platform.requests) == 1


def test_work_for_several_is_one_call_under_one_key(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.stopped, "wait", lambda seconds=None: None)
    platform.on("POST", SELF + "/delegations", Reply(hangup=True), Reply(202, {"group_id": "g", "delegations": []}))
    assert client.delegate_many("do it", [PEER, (WORKSPACE, "and this")])["group_id"] == "g"
    first, second = [r.json() for r in platform.requests]
    assert first == second
    assert first["task"] == "do it" and first["targets"] == [{"target_id": PEER}, {"target_id": WORKSPACE, "task": "and this"}]
    client.delegate_many(None, [(PEER, "this")], idempotency_key="mine")
    assert platform.requests[2].json() == {"targets": [{"target_id": PEER, "task": "this"}], "idempotency_key": "mine"}
    with pytest.raises(ValueError):
        client.delegate_many("x", [".."])


def group_of(*statuses: str) -> dict[str, object]:
    rows = [{"delegation_id": f"d{i}", "status": status} for i, status in enumerate(statuses)]
    return {"group_id": "g", "total": len(rows), "ended": sum(s != "dispatched" for s in statuses), "delegations": rows}


def test_results_of_several_come_as_they_end_and_all_together(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.stopped, "wait", lambda seconds=None: None)
    group = SELF + "/delegations/groups/g"
    platform.on("GET", group, group_of("dispatched", "dispatched", "dispatched"), group_of("dispatched", "completed", "dispatched"),
                Reply(503, {"error": "starting"}), group_of("failed", "completed", "canceled"))
    for i in range(3):
        platform.on("GET", f"{SELF}/delegations/d{i}", {"delegation_id": f"d{i}", "result": f"r{i}"})
    assert [each["result"] for each in client.delegations_as_they_end("g", timeout=60)] == ["r1", "r0", "r2"]
    waits = [r.query for r in platform.requests if r.path == group]
    assert [query["ended"] for query in waits] == ["0", "0", "1", "1"] and all(query["wait"] for query in waits)
    for named in ("g", {"group_id": "g", "delegations": []}):
        assert [each["result"] for each in client.wait_for_delegations(named)] == ["r0", "r1", "r2"]
        assert [each["result"] for each in client.delegations_as_they_end(named)] == ["r0", "r1", "r2"]
    platform.on("GET", group, group_of("dispatched"))
    with pytest.raises(TimeoutError, match="goes on"):
        client.wait_for_delegations("g", timeout=0)


def test_a_delegation_is_called_off_and_a_tree_is_read_whole(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", SELF + "/delegations/d/cancel", {"delegation_id": "d", "status": "canceled"})
    for named in ("d", {"delegation_id": "d", "status": "delegated"}):
        assert client.cancel_delegation(named)["status"] == "canceled"
    for wrong in ({"group_id": "g", "delegations": []}, ["d"], None):
        with pytest.raises(TypeError, match="give a delegation_id, or a dictionary that has one, not"):
            client.cancel_delegation(wrong)
    platform.on("GET", f"/workspaces/{PEER}/tasks/t/tree", {"nodes": [{"id": "t"}, {"id": "u"}], "next": "u"}, {"nodes": [{"id": "v"}]})
    assert [node["id"] for node in client.task_tree(PEER, "t")] == ["t", "u", "v"]
    assert platform.requests[-1].query == {"after": "u"}


def test_a_task_is_asked_about_and_called_off(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    path = f"/workspaces/{PEER}/a2a"
    task = {"kind": "task", "id": "t", "status": {"state": "working"}}
    platform.on("POST", path, {"jsonrpc": "2.0", "id": "x", "result": task})
    assert client.task(PEER, "t", history=2) == task
    assert client.cancel_task(PEER, "t") == task
    platform.on("POST", path, {"jsonrpc": "2.0", "id": "x", "result": {"tasks": [task], "nextPageToken": ""}})
    assert client.tasks(PEER, contextId="c", pageSize=5)["tasks"] == [task]
    sent = [(r.json()["method"], r.json()["params"]) for r in platform.requests]
    assert sent == [("tasks/get", {"id": "t", "historyLength": 2}), ("tasks/cancel", {"id": "t"}),
                    ("tasks/list", {"contextId": "c", "pageSize": 5})]
    assert platform.requests[0].headers["X-Workspace-ID"] == WORKSPACE
    platform.on("POST", path, {"jsonrpc": "2.0", "id": "x", "code": "task_not_cancelable",
                               "error": {"code": -32002, "message": "the task is completed already"}})
    with pytest.raises(PlatformError, match="completed already") as caught:
        client.cancel_task(PEER, "t")
    assert caught.value.code == "task_not_cancelable"


def test_waiting_for_a_delegation(platform: ScriptedPlatform, client: RemoteAgentClient,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.stopped, "wait", lambda seconds=None: None)
    path = SELF + "/delegations/d1"
    platform.on("GET", path, {"status": "dispatched"}, Reply(hangup=True), Reply(503, {"error": "later"}),
                {"status": "completed", "result": "done"})
    assert client.wait_for_delegation("d1", timeout=20)["result"] == "done"
    assert client.wait_for_delegation({"delegation_id": "d1", "status": "delegated"}, timeout=20)["result"] == "done"
    assert 1 <= int(platform.requests[0].query["wait"]) <= 30
    platform.on("GET", path, {"status": "canceled", "error": "called off"})
    assert client.wait_for_delegation("d1")["error"] == "called off"
    platform.on("GET", path, {"status": "failed", "error": "no"})
    assert client.wait_for_delegation("d1")["error"] == "no"
    platform.on("GET", path, Reply(404, {"error": "delegation not found"}))
    with pytest.raises(PlatformError, match="not found"):
        client.wait_for_delegation("d1")


def test_waiting_for_a_delegation_ends(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", SELF + "/delegations/d1", {"status": "dispatched"})
    with pytest.raises(TimeoutError, match="the work goes on"):
        client.wait_for_delegation("d1", timeout=0.3)


def test_idempotency_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module.time, "time", lambda: 1_000_000.0)
    key = make_idempotency_key("task")
    assert len(key) == 64 and key == make_idempotency_key("task")
    assert key != make_idempotency_key("task", "target") != make_idempotency_key("task", "other")
    monkeypatch.setattr(client_module.time, "time", lambda: 1_000_060.0)
    assert key != make_idempotency_key("task")


# --- the current task ---


def test_working_reports_start_and_end(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", "/registry/heartbeat", {"status": "ok"})
    with client.working("outer") as work:
        with client.working("inner"):
            pass
        work.update("nearly")
    work.update("too late")
    told = [(r.json()["current_task"], r.json()["active_tasks"]) for r in platform.requests]
    assert told == [("outer", 1), ("inner", 2), ("outer", 1), ("nearly", 1), ("", 0), ("", 0)]


def test_working_survives_a_platform_that_is_away(client: RemoteAgentClient, platform: ScriptedPlatform) -> None:
    platform.on("POST", "/registry/heartbeat", Reply(503, {"error": "away"}))
    with client.working("task"):
        pass
    assert len(platform.requests) == 2


def test_beats_are_sent_one_after_the_other(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    under_way, most = 0, 0
    lock = threading.Lock()

    def slow(request: Request) -> Reply:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.02)
        with lock:
            under_way -= 1
        return Reply(200, {})

    platform.on("POST", "/registry/heartbeat", slow)

    def work(name: str) -> None:
        with client.working(name):
            pass

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert platform.requests[-1].json()["active_tasks"] == 0
