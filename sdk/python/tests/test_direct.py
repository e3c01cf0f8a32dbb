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
from molecule_agent import A2AServer
from molecule_agent._direct import Callers, CallRefusedError
from test_a2a_server import envelope, post, serve

__all__ = ["serve"]

PEER = "99999999-2222-4333-8444-555555555555"
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
