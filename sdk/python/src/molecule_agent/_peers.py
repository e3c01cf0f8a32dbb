"""The calls between peers: who they are, and messages to them, through the platform or directly."""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import requests

from . import _wire, wire_types
from ._answers import Answer, stated_reason
from ._direct import Callers
from ._errors import PlatformError
from ._messages import CALL_TIMEOUT, SHORT_TIMEOUT, MessageCalls
from ._models import PeerInfo, SharedFile
from ._transport import PeerTransport, is_http_url, never_delivered, segment

log = logging.getLogger("molecule_agent")

MAX_KNOWN_PEERS = 1024
CALL_TOKEN_MARGIN = 5
"""Seconds before its end at which the token of a direct call is not used any more: it has to arrive while it is good."""


class KnownPeer(NamedTuple):
    """Where a peer takes messages, and what it takes for a proof of who calls. Times are monotonic."""

    url: str
    good_until: float
    token: str
    token_until: float


class KnownPeers:
    """Addresses of peers for `url_lives` seconds each, the longest unrenewed forgotten first. Any thread."""

    def __init__(self, url_lives: float) -> None:
        self._url_lives = url_lives
        self._peers: dict[str, KnownPeer] = {}
        self._refusing: dict[str, None] = {}
        self._lock = threading.Lock()

    def get(self, target: str) -> KnownPeer | None:
        with self._lock:
            known = self._peers.get(target)
        return known if known and time.monotonic() < known.good_until else None

    def remember(self, target: str, url: str, token: str | None = None, token_lives: float | None = None) -> KnownPeer:
        """`token` "" is a platform's that gives none, and it is not asked again before the address is; None keeps a
        token that is known for this address."""
        now = time.monotonic()
        until = now + self._url_lives
        with self._lock:
            known = self._peers.pop(target, None)
            if token is not None:
                peer = KnownPeer(url, until, token, until if token_lives is None else now + token_lives)
            elif known and known.url == url:
                peer = known._replace(good_until=until)
            else:
                peer = KnownPeer(url, until, "", 0.0)
            while len(self._peers) >= MAX_KNOWN_PEERS:
                self._peers.pop(next(iter(self._peers)))
            self._peers[target] = peer
        return peer

    def forget(self, target: str) -> None:
        with self._lock:
            self._peers.pop(target, None)

    def refuses(self, target: str) -> bool:
        """Note that it takes no direct call; False when that was known."""
        with self._lock:
            known = target in self._refusing
            while not known and len(self._refusing) >= MAX_KNOWN_PEERS:
                self._refusing.pop(next(iter(self._refusing)))
            self._refusing[target] = None
        return not known

    def takes(self, target: str) -> None:
        """Note that it took one."""
        with self._lock:
            self._refusing.pop(target, None)


class PeerCalls(MessageCalls):
    """The part of `RemoteAgentClient` that is about peers."""

    _peers: PeerTransport
    _known: KnownPeers

    def get_peers(self) -> list[PeerInfo]:
        """The workspaces this one may talk to: siblings, children and the parent."""
        answer = self._transport.get(f"/registry/{segment(self.workspace_id)}/peers", headers=self._sender(),
                                     timeout=SHORT_TIMEOUT)
        rows = self._checked(answer, "list peers")
        peers = []
        for row in rows if isinstance(rows, list) else []:
            peer = PeerInfo.from_row(row) if isinstance(row, dict) else None
            if peer is None:
                continue
            peers.append(peer)
            if is_http_url(peer.url):
                self._known.remember(peer.id, peer.url)
        return peers

    def discover_peer(self, target: str) -> str | None:
        """The URL at which `target` takes messages directly; None when there is none."""
        known = self._known.get(target)
        if known is None:
            known = self._look_up(target)
        return known.url if known else None

    def _look_up(self, target: str) -> KnownPeer | None:
        answer = self._transport.get(f"/registry/discover/{segment(target)}", headers=self._sender(),
                                     timeout=SHORT_TIMEOUT)
        if answer.status == 404 and stated_reason(answer.details()):
            return None
        row: wire_types.Discovered | None = _wire.object_or_none(self._checked(answer, "discover peer"))
        url = _wire.text_or(row.get("url")) if row else ""
        if row is None or not is_http_url(url):
            return None
        lives = row.get("direct_token_expires_in")
        return self._known.remember(target, url, _wire.text_or(row.get("direct_token")),
                                    max(lives - CALL_TOKEN_MARGIN, 0.0) if isinstance(lives, int) else None)

    def invalidate_peer_url(self, target: str) -> None:
        """Forget the cached URL of `target`."""
        self._known.forget(target)

    def call_peer(self, target: str, message: str, prefer_direct: bool = True, *,
                  message_id: str | None = None, files: Sequence[SharedFile] = ()) -> dict[str, Any]:
        """Send `message` to a peer and return the JSON-RPC envelope of the answer.

        A message has one id however often and by whichever way it is sent. Without a `message_id` each call is a
        message of its own; give one, and keep it, to ask again after an error without having the work done twice.

        A direct call carries no credential of ours but a token of the platform's that is good for this peer alone,
        for less than a minute. The platform is asked to carry the message instead when the peer certainly did not
        take it: no connection came to be, or it refused with a 4xx or 503. A direct call that broke afterwards is
        raised, because sending the message again might run it twice. With `files`, which `upload` returned, the
        platform carries it: it lets the peer fetch them. The platform sees nothing of a direct call: it keeps it for
        nobody who is away and shows it to no person; say `prefer_direct=False` where that matters.
        """
        body = _wire.message_send(message, role="user", message_id=message_id or "", files=files)
        if prefer_direct and not files:
            reply = self._call_directly(target, body)
            if reply is not None:
                return reply
        answer = self._transport.post(f"/workspaces/{segment(target)}/a2a", body, headers=self._sender(),
                                      timeout=CALL_TIMEOUT)
        return self._envelope(answer, "call peer")

    def _call_directly(self, target: str, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            peer = self._known.get(target)
            if peer is None or time.monotonic() >= peer.token_until:
                peer = self._look_up(target)
        except (PlatformError, requests.RequestException) as error:
            log.info("cannot look up peer %s (%s); asking the platform to carry the message", target, error)
            return None
        if peer is None:
            return None
        try:
            answer = self._peers.post(peer.url, body, sender=self.workspace_id, token=peer.token,
                                      timeout=CALL_TIMEOUT)
        except requests.RequestException as error:
            self.invalidate_peer_url(target)
            if not never_delivered(error):
                raise
            log.info("peer %s cannot be reached directly; asking the platform to carry the message", target)
            return None
        if 300 <= answer.status < 500 or answer.status == 503:
            self.invalidate_peer_url(target)
            # Who is only starting, or full, takes the next one.
            news = answer.status != 503 and self._known.refuses(target)
            log.log(logging.WARNING if news else logging.INFO,
                    "peer %s refused a direct call (%d: %s); the platform carries the message instead",
                    target, answer.status, stated_reason(answer.details()) or answer.shown())
            return None
        self._known.takes(target)
        return self._peer_envelope(answer, target)

    def _peer_envelope(self, answer: Answer, target: str) -> dict[str, Any]:
        """The peer's own reply: what it says about itself is never taken for the platform's words."""
        details = answer.details()
        if not 200 <= answer.status < 300:
            raise PlatformError(f"peer {target} answered {answer.status} {stated_reason(details) or answer.shown()}",
                                status=answer.status, details=details, response=answer.response)
        if not details:
            raise PlatformError(f"peer {target} answered {answer.shown()} where a JSON object was expected",
                                status=answer.status, response=answer.response)
        return details

    def direct_callers(self) -> Callers:
        """Who may call this agent without the platform, for `A2AServer(callers=…)`. Raises ImportError without the
        package `cryptography`, which the extra `direct` brings."""
        return Callers(self.workspace_id, self._platform_keys)

    def _platform_keys(self) -> dict[str, bytes]:
        row = _wire.object_or_none(self._checked(self._transport.get("/.well-known/jwks.json", timeout=SHORT_TIMEOUT),
                                    "read the platform's keys"))
        keys: dict[str, bytes] = {}
        listed = row.get("keys") if row else None
        for key in listed if isinstance(listed, list) else []:
            if isinstance(key, dict) and key.get("kty") == "OKP" and key.get("crv") == "Ed25519":
                keys[_wire.text_or(key.get("kid"))] = base64.urlsafe_b64decode(_wire.text_or(key.get("x")) + "=")
        return keys
