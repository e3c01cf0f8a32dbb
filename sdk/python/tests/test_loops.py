"""What ends an agent's loop and what does not: pauses, outages, and answers that are not the platform's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import WORKSPACE
from molecule_agent import (CredentialRejectedError, ForeignAnswerError, InboundMessage, PlatformError, PollDelivery,
                            RemoteAgentClient, WorkspaceGoneError)
from scripted_platform import Reply, ScriptedPlatform

SELF = f"/workspaces/{WORKSPACE}"
ACTIVITY, STATE, BEAT, NOTIFY = SELF + "/activity", SELF + "/state", "/registry/heartbeat", SELF + "/notify"
REMOVED = Reply(404, {"workspace_id": WORKSPACE, "status": "removed", "deleted": True})
REFUSED = Reply(401, {"error": "invalid workspace auth token", "code": "invalid_token"})
HTML = {"Content-Type": "text/html"}
OTHERS = "99999999-2222-4333-8444-555555555555"

FOREIGN = [
    Reply(404, b"404 page not found\n", HTML), Reply(404, b"", HTML), Reply(404, {"message": "no Route matched"}),
    Reply(404, {"error": "there is nothing at this path", "code": "not_found"}), Reply(404, {"error": "Not Found"}),
    Reply(404, {"workspace_id": OTHERS, "deleted": True}), Reply(404, {"deleted": True}),
    Reply(401, b"<html>log in</html>", HTML), Reply(401, {"error": "Unauthorized"}), Reply(403, b"Forbidden", HTML),
    Reply(403, {"error": "blocked by policy"}), Reply(407, b"", HTML), Reply(410, b"<html>gone</html>", HTML),
    Reply(410, {"error": "Gone"}), Reply(410, {"code": "workspace_removed", "error": "x", "id": OTHERS}),
    Reply(200, b"<html>Welcome to the hotel</html>", HTML), Reply(200, {"portal": "hotel"}), Reply(200, b"", HTML),
    Reply(302, None, {"Location": "http://login.example/"}), Reply(502, b"<html>bad gateway</html>", HTML),
    Reply(503, {"error": "draining", "code": "draining"}), Reply(hangup=True)]


def row(number: int) -> dict[str, Any]:
    return {"id": f"row-{number}", "seq": number, "method": "message/send", "source_id": None,
            "request_body": {"params": {"message": {"parts": [{"text": f"text {number}"}]}}}}


class Loop:
    """An agent loop in a thread of its own."""

    def __init__(self, client: RemoteAgentClient) -> None:
        self.client = client
        self.heard: list[str] = []
        self.outcome: str | BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        def handler(message: InboundMessage, client: RemoteAgentClient) -> str:
            self.heard.append(message.text)
            return "answer"

        try:
            self.outcome = self.client.run_agent_loop(handler, PollDelivery(self.client, interval=0.02))
        except BaseException as error:
            self.outcome = error

    def ended(self, seconds: float = 15) -> str | BaseException | None:
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the loop goes on"
        return self.outcome

    @property
    def running(self) -> bool:
        return self._thread.is_alive()


@pytest.fixture
def loop(client: RemoteAgentClient) -> Iterator[Loop]:
    client.heartbeat_interval = client.state_poll_interval = 0.05
    made = Loop(client)
    yield made
    client.stop()
    made._thread.join(15)


def wait_for(fact: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def alive(platform: ScriptedPlatform, state: Any = None) -> None:
    platform.on("POST", BEAT, {"status": "ok"})
    platform.on("GET", STATE, state or {"status": "online", "paused": False})
    platform.on("GET", ACTIVITY, [])
    platform.on("POST", NOTIFY, {"status": "sent"})


# --- pauses ---


def test_a_pause_is_waited_out_and_said(platform: ScriptedPlatform, loop: Loop,
                                        caplog: pytest.LogCaptureFixture) -> None:
    alive(platform, {"status": "paused", "paused": True})
    platform.on("GET", ACTIVITY, [row(1)], [])
    platform.on("POST", "/registry/register", {"status": "registered"})
    loop.client.register()
    loop.start()
    before = len(platform.asked("POST", BEAT))
    wait_for(lambda: len(platform.asked("POST", BEAT)) > before + 2)
    # Nothing is taken, and the agent can be seen to live.
    assert loop.running and platform.asked("GET", ACTIVITY) == []
    platform.on("GET", STATE, {"status": "online", "paused": False})
    wait_for(lambda: platform.asked("POST", NOTIFY))
    assert loop.heard == ["text 1"]
    assert len(platform.asked("POST", "/registry/register")) == 2  # its address and card stand again
    platform.on("GET", STATE, REMOVED)
    assert loop.ended() == "removed"
    assert len([m for m in caplog.messages if "is paused" in m]) == 1
    assert len([m for m in caplog.messages if "was resumed after" in m]) == 1
    assert "was removed on the platform" in caplog.messages[-1]


@pytest.mark.parametrize("status", ["provisioning", "awaiting_agent", "online", "degraded", "offline", "hibernating",
                                    "hibernated", "failed", "a status of later versions"])
def test_no_other_status_stops_the_work(platform: ScriptedPlatform, loop: Loop, status: str) -> None:
    alive(platform, {"status": status, "paused": False, "deleted": False})
    platform.on("GET", ACTIVITY, [row(1)], [])
    loop.start()
    wait_for(lambda: loop.heard)
    assert loop.running


@pytest.mark.parametrize("end", ["stop", "removed", "refused"])
def test_a_pause_can_end_the_loop_in_every_way(platform: ScriptedPlatform, loop: Loop, end: str) -> None:
    alive(platform, {"status": "paused", "paused": True})
    loop.start()
    wait_for(lambda: platform.asked("POST", BEAT))
    if end == "stop":
        loop.client.stop()
        assert loop.ended() == "stopped"
    elif end == "removed":
        platform.on("GET", STATE, REMOVED)
        assert loop.ended() == "removed"
    else:
        platform.on("POST", BEAT, REFUSED)
        platform.on("GET", STATE, REFUSED)
        assert isinstance(loop.ended(), CredentialRejectedError)


# --- what is not the platform's word ---


@pytest.mark.parametrize("reply", FOREIGN)
def test_nothing_on_the_way_ends_the_loop(platform: ScriptedPlatform, loop: Loop, reply: Reply,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molecule_agent._awake.FIRST_BACKOFF", 0.02)
    alive(platform)
    for method, path in (("POST", BEAT), ("GET", STATE), ("GET", ACTIVITY)):
        platform.on(method, path, reply)
    loop.start()
    wait_for(lambda: len(platform.asked("POST", BEAT)) > 4 and platform.asked("GET", ACTIVITY))
    assert loop.running and loop.outcome is None
    alive(platform)
    platform.on("GET", ACTIVITY, [row(1)], [])
    wait_for(lambda: loop.heard)


@pytest.mark.parametrize("reply", [reply for reply in FOREIGN if OTHERS not in str(reply.body)])
def test_nothing_on_the_way_loses_an_answer(platform: ScriptedPlatform, client: RemoteAgentClient,
                                            reply: Reply) -> None:
    platform.on("GET", ACTIVITY, [row(1)], [])
    platform.on("POST", NOTIFY, reply, {"status": "sent"})
    delivery = PollDelivery(client)
    assert delivery.run_once(lambda m, c: "kept") == 1 and delivery.cursor is None
    delivery.run_once(lambda m, c: "not asked again")
    assert delivery.cursor == "row-1"
    assert [r.json()["message"] for r in platform.asked("POST", NOTIFY)] == ["kept", "kept"]


def test_an_answer_refused_without_a_code_is_given_up_at_last(platform: ScriptedPlatform,
                                                              client: RemoteAgentClient) -> None:
    platform.on("GET", ACTIVITY, [row(1)], [])
    platform.on("POST", NOTIFY, Reply(403, {"error": "blocked"}))
    delivery = PollDelivery(client)
    for _ in range(20):
        delivery.run_once(lambda m, c: "x")
    assert delivery.cursor == "row-1" and len(platform.asked("POST", NOTIFY)) == 8


@pytest.mark.parametrize("reply", [r for r in FOREIGN if not r.hangup and r.status != 503])
def test_calls_tell_who_answered(platform: ScriptedPlatform, client: RemoteAgentClient, reply: Reply) -> None:
    for method, path in (("POST", BEAT), ("GET", STATE), ("GET", ACTIVITY), ("POST", "/registry/register")):
        platform.on(method, path, reply)
    calls: list[Callable[[], object]] = [client.poll_state, lambda: client.fetch_inbound(since_id="x")]
    if reply.status != 200:
        calls += [client.heartbeat, client.register]
    for call in calls:
        with pytest.raises(PlatformError) as caught:
            call()
        assert not isinstance(caught.value, CredentialRejectedError)
        assert not (isinstance(caught.value, WorkspaceGoneError) and reply.body == {"error": "Gone"})


def test_what_answered_is_shown_but_not_at_length(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    page = b"<html><title>Welcome to the hotel</title>\x1b[31m" + b"x" * 5000
    platform.on("GET", STATE, Reply(404, page, HTML))
    with pytest.raises(ForeignAnswerError, match="Welcome to the hotel") as caught:
        client.poll_state()
    assert "text/html" in str(caught.value) and "\x1b" not in str(caught.value) and len(str(caught.value)) < 400
    assert caught.value.transient


@pytest.mark.parametrize("reply", [
    REFUSED, Reply(401, {"error": "x", "code": "token_expired"}), Reply(401, {"error": "invalid workspace auth token"}),
    Reply(403, {"error": "the token belongs to another workspace", "code": "token_workspace_mismatch"})])
def test_a_token_the_platform_refuses_ends_the_loop(platform: ScriptedPlatform, loop: Loop, reply: Reply,
                                                    caplog: pytest.LogCaptureFixture) -> None:
    alive(platform)
    platform.on("POST", BEAT, reply)
    platform.on("GET", STATE, reply)
    loop.start()
    assert isinstance(loop.ended(), CredentialRejectedError)
    assert "revoked or replaced" in caplog.messages[-1]


def test_a_removed_peer_does_not_end_the_loop(platform: ScriptedPlatform, loop: Loop) -> None:
    alive(platform)
    gone = Reply(410, {"error": "workspace removed", "code": "workspace_removed", "id": OTHERS, "removed_at": None})
    platform.on("GET", ACTIVITY, gone, [row(1)], [])
    loop.start()
    wait_for(lambda: loop.heard)
    assert loop.running


# --- outages ---


def test_an_outage_is_said_once_at_each_end(platform: ScriptedPlatform, loop: Loop, caplog: pytest.LogCaptureFixture,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molecule_agent._awake.FIRST_BACKOFF", 0.02)
    caplog.set_level("WARNING", "molecule_agent")
    alive(platform)
    for method, path in (("POST", BEAT), ("GET", STATE)):
        platform.on(method, path, Reply(500, {"error": "boom", "code": "internal"}))
    loop.start()
    wait_for(lambda: len(platform.asked("POST", BEAT)) > 5)
    platform.on("GET", STATE, {"status": "online"})
    platform.on("POST", BEAT, {"status": "ok"})
    wait_for(lambda: any("answers again" in m for m in caplog.messages))
    # Both requests of the first look failed; every later failure is no news.
    assert len([m for m in caplog.messages if "failed, going on" in m]) <= 2
    assert len([m for m in caplog.messages if "answers again" in m]) == 1


def test_a_platform_that_starts_later_is_waited_for(tmp_path: Path) -> None:
    platform = ScriptedPlatform()
    port = int(platform.url.rpartition(":")[2])
    platform.close()
    with RemoteAgentClient(WORKSPACE, platform.url, token_dir=tmp_path) as client:
        client.save_token("mol_t")
        client.heartbeat_interval = client.state_poll_interval = 0.05
        loop = Loop(client)

        def start() -> None:
            client.register(patience=30)
            loop._run()

        loop._thread = threading.Thread(target=start, daemon=True)
        loop.start()
        time.sleep(0.2)
        later = ScriptedPlatform(port)
        try:
            alive(later)
            later.on("POST", "/registry/register", {"status": "registered"})
            later.on("GET", ACTIVITY, [row(1)], [])
            wait_for(lambda: loop.heard)
        finally:
            client.stop()
            loop._thread.join(15)
            later.close()
    assert loop.outcome == "stopped"


def test_patience_does_not_outlast_a_refusal_or_a_stop(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", "/registry/register", REFUSED)
    with pytest.raises(CredentialRejectedError):
        client.register(patience=60)
    platform.on("POST", "/registry/register", Reply(502, b"", HTML))
    threading.Timer(0.2, client.stop).start()
    started = time.monotonic()
    with pytest.raises(ForeignAnswerError):
        client.register(patience=60)
    assert time.monotonic() - started < 10


def test_the_heartbeat_loop_survives_the_same_weather(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molecule_agent._awake.FIRST_BACKOFF", 0.01)
    client.heartbeat_interval = 0.02
    platform.on("POST", BEAT, *FOREIGN, {"status": "ok"})
    platform.on("GET", STATE, *FOREIGN, {"status": "paused", "paused": True})
    assert client.run_heartbeat_loop() == "paused"
    assert len(platform.asked("GET", STATE)) > len([r for r in FOREIGN if r.status != 200])


