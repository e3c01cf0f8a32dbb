"""The agent's own connection beside a platform that is broken or means harm: it comes again, or says why it does not."""

from __future__ import annotations

import contextlib
import json
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import WORKSPACE
from molecule_agent import (
    CredentialRejectedError,
    RelayDelivery,
    RelayRefusedError,
    RemoteAgentClient,
    ReplacedError,
    WorkspaceGoneError,
    _mux,
    _websocket,
    relay,
)
from molecule_agent._mux import ACKNOWLEDGED, CREDIT, DATA, END, GOODBYE, OPEN, RESET, MuxBrokenError, Session, frame
from scripted_relay import SECRET, WELCOME, Peer, Script, ScriptedRelay

REQUEST = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {
    "messageId": "m1", "role": "user", "parts": [{"kind": "text", "text": "hello"}]}}}).encode()
ASKED = (b"POST / HTTP/1.1\r\nHost: agent\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
         % (SECRET.encode(), len(REQUEST), REQUEST))


def wait_for(what: Callable[[], Any], seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)
    return found


class Joined:
    """An agent over its own connection to a scripted platform."""

    def __init__(self, folder: Path, *scripts: Script, token: str = "t") -> None:
        self.platform = ScriptedRelay(*scripts)
        self.client = RemoteAgentClient(WORKSPACE, self.platform.url, token_dir=folder / "agent")
        self.client.save_token(token)
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked: list[str] = []
        self.delivery = RelayDelivery(self.client, self.handle)

    def handle(self, message: Any, client: Any) -> str:
        self.asked.append(message.text)
        self.go_on.wait(20)
        return f"I heard: {message.text}"

    def run_once(self) -> int:
        return self.delivery.run_once(self.handle)

    def close(self) -> None:
        self.go_on.set()
        self.delivery.stop()
        self.client.close()
        self.platform.close()


@pytest.fixture
def join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Joined]]:
    monkeypatch.setattr(relay, "LONGEST_WAIT", 0.05)
    made: list[Joined] = []

    def one(*scripts: Script, **more: Any) -> Joined:
        made.append(Joined(tmp_path / str(len(made)), *scripts, **more))
        return made[-1]

    yield one
    for each in made:
        each.close()


def good(heard: list[bytes]) -> Script:
    """A platform that keeps the rules: asks once, and hears the answer."""
    def script(peer: Peer) -> None:
        peer.begin()
        peer.frames_out(frame(OPEN, 2), frame(DATA, 2, ASKED), frame(END, 2))
        answer = b""
        while (got := peer.frame())[0] != END:
            answer += got[2] if got[0] == DATA else b""
        heard.append(answer)
        peer.until_it_leaves()
    return script


def says(*messages: bytes) -> Script:
    """Begins as it should, and goes on with this."""
    def script(peer: Peer) -> None:
        peer.begin()
        for message in messages:
            peer.frames_out(message)
        peer.until_it_leaves()
    return script


def welcomes(welcome: Any) -> Script:
    def script(peer: Peer) -> None:
        peer.begin(welcome)
        peer.until_it_leaves()
    return script


def answers(head: bytes) -> Script:
    return lambda peer: peer.socket.sendall(head)


def raw(*parts: tuple[int, bytes, int]) -> Script:
    """WebSocket frames as they are, after the beginning."""
    def script(peer: Peer) -> None:
        peer.begin()
        for kind, payload, first in parts:
            peer.send(kind, payload, first)
        peer.until_it_leaves()
    return script


def opens(*numbers: int) -> bytes:
    return b"".join(frame(OPEN, number) for number in numbers)


BREAKS: dict[str, Script] = {
    "an acknowledgement of 3 bytes": says(frame(ACKNOWLEDGED, 0, b"123")),
    "an acknowledgement without a number": says(frame(ACKNOWLEDGED, 0)),
    "an acknowledgement of nothing that was sent": says(frame(ACKNOWLEDGED, 0, struct.pack(">Q", 1 << 40))),
    "credit of 2 bytes": says(opens(2) + frame(CREDIT, 2, b"12")),
    "credit without end": says(opens(2) + frame(CREDIT, 2, b"\xff" * 4)),
    "data without a byte": says(opens(2) + frame(DATA, 2)),
    "data of more than a frame": says(opens(2) + frame(DATA, 2, b"x" * (_mux.PAYLOAD_MAX + 1))),
    "an opening with a payload": says(frame(OPEN, 2, b"x")),
    "a type that does not exist": says(frame(99, 2, b"x")),
    "a type that does not exist, for no stream": says(frame(6, 0)),
    "half a head": says(b"\x01\x00"),
    "half a payload": says(frame(GOODBYE, 0, b"replaced")[:-3]),
    "a number that is not new": says(opens(4, 2)),
    "a number of ours": says(opens(3)),
    "a text among the frames": raw((_websocket.TEXT, b"{}", 0x80)),
    "a text that is no text": raw((_websocket.TEXT, b"\xff", 0x80)),
    "a continuation of nothing": raw((_websocket.CONTINUATION, b"x", 0x80)),
    "a kind that does not exist": raw((7, b"x", 0x80)),
    "bits that nobody agreed on": raw((_websocket.BINARY, b"", 0xC0)),
    "a ping in parts": raw((_websocket.PING, b"", 0x00)),
    "a long ping": raw((_websocket.PING, b"x" * 126, 0x80)),
    "a masked message": lambda peer: (peer.begin(), peer.socket.sendall(b"\x82\x80abcd"), peer.until_it_leaves()),
    "a welcome without a session": welcomes({"received": 0, "resumed": False}),
    "a welcome without a count": welcomes({"session": "s", "resumed": False}),
    "a welcome with a count that is none": welcomes({"session": "s", "received": "many", "resumed": False}),
    "a welcome with another's count": welcomes(WELCOME | {"received": 7}),
    "a welcome with a negative count": welcomes(WELCOME | {"received": -1}),
    "a welcome with an object for a count": welcomes(WELCOME | {"received": {}}),
    "a welcome with a list for a session": welcomes(WELCOME | {"session": []}),
    "a welcome back to somebody new": welcomes(WELCOME | {"resumed": True}),
    "a welcome that resumes a little": welcomes(WELCOME | {"resumed": "yes"}),
    "a welcome that is a list": welcomes([]),
    "a welcome that is no JSON": welcomes("{"),
    "a welcome without a bottom": welcomes("[" * 100_000),
    "an answer without a status": answers(b"HTTP/1.1 \r\n\r\n"),
    "an answer with words for a status": answers(b"HTTP/1.1 yes yes\r\n\r\n"),
    "an answer with a short status": answers(b"HTTP/1.1 1\r\n\r\n"),
    "an answer that is none": answers(b"\x00\xff\r\n\r\n"),
    "an empty answer": answers(b""),
    "an answer for somebody else": answers(b"HTTP/1.1 101 Go\r\nSec-WebSocket-Accept: x\r\n\r\n"),
    "a login page that answers 401": answers(b"HTTP/1.1 401 No\r\nContent-Length: 13\r\n\r\n<h1>Login</h1"),
    "a proxy that answers 403": answers(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
    "a proxy that answers 410": answers(b"HTTP/1.1 410 Gone\r\nContent-Length: 2\r\n\r\n{}"),
    "an answer of a list": answers(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n[]"),
    "an answer without a bottom": answers(b"HTTP/1.1 401 No\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000),
    "a goodbye that says come again": says(frame(GOODBYE, 0, b"platform_stops")),
    "a goodbye in no words": says(frame(GOODBYE, 0, b"\xff\xfe")),
    "a close without a reason": raw((_websocket.CLOSE, b"", 0x80)),
    "a close with half a reason": raw((_websocket.CLOSE, b"\x03", 0x80)),
}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_what_a_broken_platform_says_ends_a_connection_and_not_the_agent(join: Callable[..., Joined], broken: Script) -> None:
    heard: list[bytes] = []
    joined = join(broken, broken, good(heard))
    joined.run_once()
    wait_for(lambda: heard)
    assert b"I heard: hello" in heard[0] and joined.platform.begun == 3
    # Registered anew over each session, the last one included.
    wait_for(lambda: joined.delivery.wait_connected(0) and joined.run_once() == 0)


def test_a_fault_of_our_own_ends_a_connection_and_not_the_agent(join: Callable[..., Joined], monkeypatch: pytest.MonkeyPatch,
                                                                  caplog: pytest.LogCaptureFixture) -> None:
    heard: list[bytes] = []
    whole, failing = Session.incoming, [KeyError("x"), MemoryError(), RecursionError()]

    def fails(self: Session, transport: int, message: bytes) -> bool:
        if failing:
            raise failing.pop()
        return whole(self, transport, message)

    monkeypatch.setattr(Session, "incoming", fails)
    joined = join(good(heard))
    joined.run_once()
    wait_for(lambda: heard)
    assert joined.platform.begun == 4 and "unexpected trouble" in caplog.text


def test_a_platform_that_never_begins_is_left(join: Callable[..., Joined], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BEGIN_WITHIN", 0.3)
    monkeypatch.setattr(_websocket, "CONNECT_TIMEOUT", 0.3)
    heard: list[bytes] = []

    def pongs_for_ever(peer: Peer) -> None:
        peer.upgrade()
        while True:
            peer.send(_websocket.PING, b"")
            time.sleep(0.02)

    def drips(peer: Peer) -> None:
        for byte in b"HTTP/1.1 101 Switching Protocols" + b"x" * 10_000:
            peer.socket.sendall(bytes([byte]))
            time.sleep(0.02)

    joined = join(pongs_for_ever, drips, good(heard))
    joined.run_once()
    wait_for(lambda: heard)


REFUSED = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"


def refusal(status: bytes, words: dict[str, Any], at_once: bool = True) -> Script:
    text = json.dumps(words).encode()

    def script(peer: Peer) -> None:
        peer.socket.sendall(REFUSED % (status, len(text), text if at_once else b""))
        if not at_once:
            time.sleep(0.05)
            peer.socket.sendall(text)
    return script


def test_a_token_that_the_platform_refuses_is_told_and_another_one_is_taken(join: Callable[..., Joined]) -> None:
    refused = refusal(b"401 Unauthorized", {"error": "invalid workspace auth token", "code": "invalid_token"}, at_once=False)
    heard: list[bytes] = []
    joined = join(refused, refused, good(heard))
    joined.run_once()

    def told() -> bool:
        try:
            return bool(joined.run_once()) or bool(heard)
        except CredentialRejectedError as error:
            return error.code == "invalid_token"

    wait_for(told)
    wait_for(lambda: heard and joined.delivery.wait_connected(0))
    assert joined.run_once() == 0


def closes(code: int, words: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.hear()
        peer.send(_websocket.CLOSE, struct.pack(">H", code) + words)
        peer.until_it_leaves()
    return script


def test_a_revoked_token_is_told_until_the_session_goes_on_with_another_one(join: Callable[..., Joined]) -> None:
    resume, resumed = threading.Event(), threading.Event()

    def revokes(peer: Peer) -> None:
        peer.begin()
        wait_for(lambda: joined.delivery.wait_connected(0))
        peer.send(_websocket.CLOSE, struct.pack(">H", 4401) + b"the credential has ended")
        peer.until_it_leaves()

    def goes_on(peer: Peer) -> None:
        assert resume.wait(10)
        assert peer.begin({**WELCOME, "resumed": True})["session"] == WELCOME["session"]
        resumed.set()
        peer.until_it_leaves()

    joined = join(revokes, goes_on)

    def told() -> bool:
        try:
            return bool(joined.run_once())
        except CredentialRejectedError:
            return True

    def taken() -> bool:
        try:
            return joined.run_once() == 0
        except CredentialRejectedError:
            return False

    wait_for(told)
    joined.client.save_token("another")
    resume.set()
    assert resumed.wait(10)
    wait_for(taken)
    assert joined.platform.registered == 1, "the session went on"


@pytest.mark.parametrize(("last", "error"), [
    (says(frame(GOODBYE, 0, b"replaced")), ReplacedError),
    (says(frame(GOODBYE, 0, b"removed")), WorkspaceGoneError),
    (closes(1008, b"another key is pinned"), RelayRefusedError),
    (refusal(b"410 Gone", {"error": "removed", "code": "workspace_removed", "id": WORKSPACE}), WorkspaceGoneError),
], ids=["replaced", "removed", "refused", "gone"])
def test_the_end_for_good_is_told_and_not_tried_again(join: Callable[..., Joined], last: Script, error: type[Exception]) -> None:
    joined = join(last)
    with contextlib.suppress(error):  # That soon.
        joined.run_once()
    assert joined.delivery._thread is not None
    joined.delivery._thread.join(10)
    for _ in range(2):
        with pytest.raises(error):
            joined.run_once()
    assert joined.platform.begun == 1


@pytest.mark.parametrize(("last", "outcome"), [
    (says(frame(GOODBYE, 0, b"replaced")), ReplacedError), (says(frame(GOODBYE, 0, b"removed")), "removed"),
    (closes(1008, b"another key is pinned"), RelayRefusedError),
], ids=["replaced", "removed", "refused"])
def test_the_end_for_good_ends_the_agent_loop(join: Callable[..., Joined], last: Script, outcome: Any) -> None:
    joined = join(last)
    joined.client.heartbeat_interval = joined.client.state_poll_interval = 0.1
    if outcome == "removed":
        assert joined.client.run_agent_loop(joined.handle, joined.delivery) == "removed"
    else:
        with pytest.raises(outcome):
            joined.client.run_agent_loop(joined.handle, joined.delivery)


def test_a_process_beside_the_agent_is_not_heard_until_it_is_registered_nor_then(join: Callable[..., Joined]) -> None:
    heard: list[bytes] = []
    joined = join(good(heard))
    asked, go_on = threading.Event(), threading.Event()
    taken = joined.platform.registering

    def registering() -> bytes:
        asked.set()
        go_on.wait(20)
        return taken()

    joined.platform.registering = registering
    joined.run_once()
    assert asked.wait(10)
    beside = joined.delivery._server.inbound_url
    headers = {"X-Workspace-ID": "99999999-2222-4333-8444-555555555555"}
    assert requests.post(beside, data=REQUEST, headers=headers, timeout=10).status_code == 503
    go_on.set()
    wait_for(lambda: heard)
    assert b"I heard: hello" in heard[0], "what the platform asked meanwhile was kept waiting"
    assert requests.post(beside, data=REQUEST, headers=headers, timeout=10).status_code == 401
    assert joined.asked == ["hello"]


def relay_threads() -> int:
    return sum(thread.name in ("molecule-relay-request", "molecule-relay-answer") for thread in threading.enumerate())


def test_streams_that_were_dropped_count_until_their_work_has_ended(join: Callable[..., Joined]) -> None:
    """Else who opens, asks and drops gets as many threads as there are numbers."""
    refused: list[int] = []
    more = range(2 * relay.OPENED_MAX + 2, 4 * relay.OPENED_MAX, 2)

    def script(peer: Peer) -> None:
        peer.begin()
        for count in range(1, relay.OPENED_MAX + 1):
            asked = ASKED.replace(b'"m1"', b'"%02d"' % count)
            peer.frames_out(frame(OPEN, 2 * count), frame(DATA, 2 * count, asked), frame(END, 2 * count))
            wait_for(lambda: len(joined.asked) == count)
            peer.frames_out(frame(RESET, 2 * count))
        peer.frames_out(*(frame(OPEN, number) + frame(DATA, number, ASKED) for number in more))
        while True:
            kind, number, _ = peer.frame()
            if kind == RESET:
                refused.append(number)

    joined = join(script)
    joined.go_on.clear()
    joined.run_once()
    wait_for(lambda: len(refused) == len(more))
    assert refused == list(more) and relay_threads() == 2 * relay.OPENED_MAX
    joined.go_on.set()
    wait_for(lambda: relay_threads() == 0)


def test_sessions_that_come_and_go_share_the_bound_and_the_registration(join: Callable[..., Joined]) -> None:
    asked = b"".join(frame(OPEN, n) + frame(DATA, n, ASKED) + frame(END, n) for n in range(2, 2 * 40 + 2, 2))
    joined = join(says(asked + frame(GOODBYE, 0, b"platform_stops")))
    joined.go_on.clear()
    in_registration: list[int] = []

    def registering() -> bytes:
        in_registration.append(sum(thread.name == "molecule-relay-register" for thread in threading.enumerate()))
        joined.go_on.wait(5)
        return b"[]"  # Nothing that a client could read.

    joined.platform.registering = registering
    joined.run_once()
    wait_for(lambda: joined.platform.begun >= 5)
    assert relay_threads() <= 2 * relay.OPENED_MAX
    assert sum(thread.name == "molecule-relay-register" for thread in threading.enumerate()) == 1


def test_what_a_platform_never_acknowledges_is_bounded() -> None:
    session = Session(lambda stream: False)
    transport = session.attach(0)
    assert transport is not None
    with pytest.raises(MuxBrokenError, match="acknowledged"):
        for number in range(2, 4 * _mux.KEPT_FRAMES_MAX, 2):
            assert session.incoming(transport, frame(OPEN, number))


def test_many_small_pieces_wait_until_the_platform_has_taken_some() -> None:
    streams: list[_mux.Stream] = []
    session = Session(lambda stream: streams.append(stream) is None)
    transport = session.attach(0)
    assert transport is not None
    session.incoming(transport, frame(OPEN, 2) + frame(CREDIT, 2, struct.pack(">I", 1 << 20)))
    sent = 0

    def send() -> None:
        nonlocal sent
        for _ in range(_mux.KEPT_FRAMES_MAX):
            streams[0].sendall(b"x")
            sent += 1

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    taken, rounds = 0, 0
    while taken < _mux.KEPT_FRAMES_MAX:
        wait_for(lambda: sent == _mux.KEPT_FRAMES_MAX or session.room() == 0)
        assert len(session._kept) <= _mux.KEPT_FRAMES_MAX // 2
        message = session.outgoing(transport)
        taken += message.count(frame(DATA, 2, b"x"))
        rounds += 1
        assert session.incoming(transport, frame(ACKNOWLEDGED, 0, struct.pack(">Q", taken)))
    thread.join(5)
    assert not thread.is_alive() and rounds > 2
