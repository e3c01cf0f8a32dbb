"""Direct calls: what proves who calls, and everything that does not."""

from __future__ import annotations

import base64
import builtins
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from conftest import WORKSPACE
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from molecule_agent import A2AServer, InboundMessage, PushDelivery, RemoteAgentClient
from molecule_agent._direct import Callers, CallRefusedError
from scripted_platform import Reply, Request, ScriptedPlatform
from test_a2a_server import envelope, post, serve

__all__ = ["serve"]

PEER = "99999999-2222-4333-8444-555555555555"
COLLEAGUE = "77777777-2222-4333-8444-555555555555"
NOW = 1_800_000_000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
HEADER = {"alg": "EdDSA", "typ": "molecule-call+jwt", "kid": "SHA256:platform"}
CLAIMS = {"iss": "SHA256:platform", "sub": PEER, "aud": WORKSPACE, "iat": NOW, "exp": NOW + 45, "jti": "1"}


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(key: Ed25519PrivateKey = KEY, header: Any = HEADER, claims: Any = CLAIMS) -> str:
    head = f"{coded(json.dumps(header).encode())}.{coded(json.dumps(claims).encode())}"
    return f"{head}.{coded(key.sign(head.encode()))}"


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class Platform:
    def __init__(self) -> None:
        self.keys = {"SHA256:platform": public(KEY)}
        self.asked = 0
        self.now = float(NOW)

    def fetch(self) -> dict[str, bytes]:
        self.asked += 1
        return self.keys

    def callers(self) -> Callers:
        return Callers(WORKSPACE, self.fetch, lambda: self.now)


def test_a_token_of_the_platform_names_who_calls() -> None:
    platform = Platform()
    callers = platform.callers()
    for now in (NOW, NOW + 44, NOW - 15):
        platform.now = now
        assert callers.caller_of(token()) == PEER
    assert platform.asked == 1, "its keys are learned once"


REFUSED = {
    "another key": lambda: token(OTHER),
    "another workspace's": lambda: token(claims={**CLAIMS, "aud": PEER}),
    "several targets": lambda: token(claims={**CLAIMS, "aud": [WORKSPACE]}),
    "nobody": lambda: token(claims={**CLAIMS, "sub": ""}),
    "no caller": lambda: token(claims={name: value for name, value in CLAIMS.items() if name != "sub"}),
    "no end": lambda: token(claims={name: value for name, value in CLAIMS.items() if name != "exp"}),
    "a time that is none": lambda: token(claims={**CLAIMS, "iat": True}),
    "a notification of the same key": lambda: token(header={**HEADER, "typ": "JWT"}),
    "no algorithm": lambda: token(header={**HEADER, "alg": "none"}),
    "an unknown key": lambda: token(header={**HEADER, "kid": "SHA256:other"}),
    "no key": lambda: token(header={"alg": "EdDSA", "typ": "molecule-call+jwt"}),
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "a changed claim": lambda: ".".join(
        [token().split(".")[0], coded(json.dumps({**CLAIMS, "sub": WORKSPACE}).encode()), token().split(".")[2]]),
    "no JSON": lambda: f"{coded(b'eyJ')}.{coded(b'[')}.{coded(b'x' * 64)}",
    "a list": lambda: token(claims=[1]),
    "depth": lambda: f"{coded(b'[' * 2500)}.{coded(b'{}')}.{coded(b'x' * 64)}",
    "other letters": lambda: "eyJ.ä.ö",
    "length": lambda: token(claims={**CLAIMS, "more": "x" * 5000}),
    "parts": lambda: token() + ".x",
}


@pytest.mark.parametrize("name", REFUSED)
def test_whatever_else_is_refused(name: str) -> None:
    with pytest.raises(CallRefusedError):
        Platform().callers().caller_of(REFUSED[name]())


@pytest.mark.parametrize("now", [NOW + 45, NOW + 3600, NOW - 16])
def test_a_token_has_its_time(now: int) -> None:
    platform = Platform()
    platform.now = now
    with pytest.raises(CallRefusedError, match="expired|behind"):
        platform.callers().caller_of(token())


def test_a_token_is_not_good_for_longer_than_any_is_made_for() -> None:
    platform = Platform()
    platform.now = NOW + 46
    with pytest.raises(CallRefusedError, match="expired"):
        platform.callers().caller_of(token(claims={**CLAIMS, "exp": NOW + 3600}))


def test_keys_that_are_not_known_ask_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = Platform()
    callers = platform.callers()
    for _ in range(50):
        with pytest.raises(CallRefusedError):
            callers.caller_of(token(header={**HEADER, "kid": "SHA256:new"}))
    assert platform.asked == 1
    # The platform has another key since, and is asked again after a while.
    platform.keys = {"SHA256:new": public(OTHER)}
    monkeypatch.setattr("molecule_agent._direct.KEYS_AGAIN_AFTER", 0.0)
    assert callers.caller_of(token(OTHER, {**HEADER, "kid": "SHA256:new"})) == PEER


def test_who_shows_a_known_key_does_not_wait_for_an_unknown_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molecule_agent._direct.KEYS_AGAIN_AFTER", 0.0)
    asking, answer = threading.Event(), threading.Event()
    slow = False

    def fetch() -> dict[str, bytes]:
        if slow:
            asking.set()
            assert answer.wait(10)
        return {"SHA256:platform": public(KEY)}

    callers = Callers(WORKSPACE, fetch, lambda: float(NOW))
    assert callers.caller_of(token()) == PEER
    slow = True

    def strange() -> None:
        with pytest.raises(CallRefusedError):
            callers.caller_of(token(header={**HEADER, "kid": "SHA256:new"}))

    stranger = threading.Thread(target=strange)
    stranger.start()
    assert asking.wait(10)
    found: list[str] = []
    friend = threading.Thread(target=lambda: found.append(callers.caller_of(token())))
    friend.start()
    friend.join(5)
    assert found == [PEER]
    answer.set()
    stranger.join(10)
    friend.join(10)


def test_a_platform_that_is_away_proves_nothing() -> None:
    def away() -> dict[str, bytes]:
        raise requests.ConnectionError("away")

    with pytest.raises(CallRefusedError, match="not the platform's"):
        Callers(WORKSPACE, away).caller_of(token())


def test_without_what_checks_signatures_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="extra 'direct'"):
        Platform().callers()


def test_a_server_hears_the_platform_and_peers_with_a_token_and_nobody_else(serve: Callable[..., A2AServer]) -> None:
    platform = Platform()
    server = serve(secret="inbound", callers=platform.callers())

    def said(bearer: str, **headers: str) -> str:
        reply = post(server, envelope(message_id=bearer[-8:]), headers={"Authorization": f"Bearer {bearer}", **headers})
        return str(reply.json()["result"]["parts"][0]["text"]) if reply.status_code == 200 else str(reply.status_code)

    assert said("inbound", **{"X-Workspace-ID": WORKSPACE}) == f"{WORKSPACE}:hi"
    # It is who the platform says, whatever it says itself.
    assert said(token(), **{"X-Workspace-ID": WORKSPACE}) == f"{PEER}:hi"
    refused = post(server, envelope(), headers={"Authorization": f"Bearer {token(OTHER)}"})
    assert refused.status_code == 401 and "not signed by the platform" in refused.json()["error"]
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert post(server, envelope()).status_code == 401
    assert said("eyJ.a.b") == "401"
    # Without callers a token is a wrong secret.
    assert post(serve(secret="inbound"), envelope(), headers={"Authorization": f"Bearer {token()}"}).status_code == 401


def of(caller: str) -> dict[str, str]:
    """Called directly."""
    return {"Authorization": f"Bearer {token(claims={**CLAIMS, 'sub': caller})}"}


def carried(sender: str) -> dict[str, str]:
    return {"Authorization": "Bearer inbound", "X-Workspace-ID": sender}


@pytest.mark.parametrize("claimed", [COLLEAGUE, "", None, 7, ["x"]])
def test_at_the_flat_endpoint_too_a_peer_is_who_the_platform_says(serve: Callable[..., A2AServer], claimed: Any) -> None:
    got: list[dict[str, Any]] = []
    server = serve(lambda payload: got.append(payload), secret="inbound", callers=Platform().callers())
    body = {"sender": claimed, "message": "hi", "activity_id": "row-1", "idempotency_key": "k"}
    assert post(server, body, "/a2a/inbound", headers={**of(PEER), "X-Workspace-ID": COLLEAGUE}).status_code == 200
    # What the platform carries stays as it was sent.
    assert post(server, body, "/a2a/inbound", headers=carried("")).status_code == 200
    assert [(payload["sender"], payload["activity_id"]) for payload in got] == [(PEER, ""), (claimed, "row-1")]


@pytest.mark.parametrize("path", ["/", "/a2a/inbound"])
def test_nobody_reads_or_plants_the_answer_of_another(serve: Callable[..., A2AServer], path: str) -> None:
    runs: list[str] = []

    def handler(payload: dict[str, Any]) -> str:
        runs.append(payload["sender"])
        return f"run {len(runs)} for {payload['sender']}"

    server = serve(handler, secret="inbound", callers=Platform().callers())

    def said(key: str, sender: str, headers: dict[str, str]) -> str:
        body = envelope(message_id=key) if path == "/" else {"sender": sender, "message": "hi", "idempotency_key": key}
        reply = post(server, body, path, headers=headers).json()["result"]
        return str(reply["parts"][0]["text"] if path == "/" else reply)

    # Each claims to be the colleague, or a person, under the key of the other.
    assert said("k", COLLEAGUE, carried(COLLEAGUE)) == f"run 1 for {COLLEAGUE}"
    assert said("k", COLLEAGUE, {**of(PEER), "X-Workspace-ID": COLLEAGUE}) == f"run 2 for {PEER}"
    assert said("k", "", of(PEER)) == f"run 2 for {PEER}", "it reads its own"
    assert said("planted", "", of(PEER)) == f"run 3 for {PEER}"
    assert said("planted", "", carried("")) == "run 4 for "
    assert said("planted", COLLEAGUE, of(COLLEAGUE)) == f"run 5 for {COLLEAGUE}"
    # One message that came directly and then through the platform is one.
    assert said("planted", COLLEAGUE, carried(COLLEAGUE)) == f"run 5 for {COLLEAGUE}"
    assert runs == [COLLEAGUE, PEER, PEER, "", COLLEAGUE]


@pytest.mark.parametrize("path", ["/", "/a2a/inbound"])
def test_what_is_done_for_a_direct_call_is_part_of_no_message(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                              path: str) -> None:
    """Else a peer that names a message of another has its own work counted, and canceled, with that one."""
    belongs: list[str | None] = []

    def note(request: Request) -> Reply:
        belongs.append(request.headers.get("X-Molecule-Activity-Id"))
        return Reply(202, {"delegation_id": "d", "status": "delegated"})

    platform.on("POST", f"/workspaces/{WORKSPACE}/delegate", note)

    def handler(message: InboundMessage, agent: Any) -> str:
        agent.delegate("more", COLLEAGUE)
        return message.source_id

    server = A2AServer(WORKSPACE, host="127.0.0.1", secret="inbound", callers=Platform().callers())
    delivery = PushDelivery(client, server, handler)
    flat = {"sender": COLLEAGUE, "message": "hi", "activity_id": "row-1"}
    try:
        for name in ("row-1", "row-2"):
            body = {**envelope(message_id=name), **flat} if path == "/" else {**flat, "idempotency_key": name}
            reply = post(server, body, path, headers={**of(PEER), "X-Molecule-Activity-Id": "row-1"})
            assert reply.status_code == 200 and PEER in reply.text and COLLEAGUE not in reply.text
        body = envelope(message_id="m") if path == "/" else {**flat, "activity_id": "row-3"}
        assert post(server, body, path, headers={**carried(COLLEAGUE), "X-Molecule-Activity-Id": "row-3"}).status_code == 200
    finally:
        delivery.stop()
    assert belongs == [None, None, "row-3"]


def test_a_peer_that_refuses_direct_calls_is_named_once(platform: ScriptedPlatform, client: RemoteAgentClient, serve: Callable[..., A2AServer],
                                                        caplog: pytest.LogCaptureFixture) -> None:
    known = Platform()
    server = serve(callers=known.callers())
    platform.on("GET", f"/registry/discover/{PEER}", lambda request: Reply(200, {
        "url": server.inbound_url, "direct_token": token(claims={**CLAIMS, "sub": WORKSPACE, "aud": WORKSPACE})}))
    platform.on("POST", f"/workspaces/{PEER}/a2a", {"result": {"parts": []}})

    def told() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]

    known.now = NOW + 120
    for _ in range(3):
        client.call_peer(PEER, "hi")
    (line,) = told()
    assert PEER in line and "401" in line and "this agent's clock is ahead of the platform's" in line
    # It is news again once it has taken one.
    known.now = NOW
    assert client.call_peer(PEER, "hi")["result"]["parts"][0]["text"] == f"{WORKSPACE}:hi"
    known.now = NOW - 120
    client.call_peer(PEER, "hi")
    assert len(told()) == 2 and "clock is behind" in told()[1]
    # One that is only starting takes the next.
    server.stop()
    server = A2AServer(WORKSPACE, host="127.0.0.1", callers=known.callers())
    server.start_in_background()
    known.now = NOW
    client.invalidate_peer_url(PEER)
    try:
        client.call_peer(PEER, "hi")
    finally:
        server.stop()
    assert len(told()) == 2 and len(platform.asked("POST", f"/workspaces/{PEER}/a2a")) == 5


def test_with_callers_and_no_secret_only_a_token_counts(serve: Callable[..., A2AServer]) -> None:
    server = serve(callers=Platform().callers())
    for path in ("/", "/a2a/inbound"):
        for headers in ({}, {"X-Workspace-ID": COLLEAGUE}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
            assert post(server, envelope(), path, headers=headers).status_code == 401
    assert post(server, envelope(), headers=of(PEER)).json()["result"]["parts"][0]["text"] == f"{PEER}:hi"


def test_a_peer_is_heard_before_the_secret_is_known(serve: Callable[..., A2AServer]) -> None:
    server = serve(secret=lambda: "", callers=Platform().callers())
    assert post(server, envelope(), headers=of(PEER)).json()["result"]["parts"][0]["text"] == f"{PEER}:hi"
    assert post(server, envelope(), headers={"X-Workspace-ID": PEER}).status_code == 503
