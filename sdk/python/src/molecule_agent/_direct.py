"""Direct calls: how an agent that a peer calls without the platform knows, offline, who calls and that it may.

The platform gives a caller a JSON Web Token (RFC 7519) by its key for one target and less than a minute. Whoever is
called checks it with the platform's public key alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["CALL_TYPE", "CLOCK_BEHIND_MAX", "CallRefusedError", "Callers", "looks_like_call_token"]

log = logging.getLogger("molecule_agent")

CALL_TYPE = "molecule-call+jwt"
"""`typ` of such a token; the platform key signs other things too."""
CLOCK_BEHIND_MAX = 15
"""Seconds by which this machine's clock may be behind the platform's."""
LIFE_MAX = 45
"""Seconds for which a token may be good. Both together are the minute after which a peer that may no longer call stops."""
TOKEN_MAX_BYTES = 4096
KEYS_AGAIN_AFTER = 30.0
"""Seconds until a key that is not known may make us ask for the platform's keys again."""


class CallRefusedError(Exception):
    """A direct call proves nothing. The text says why and is fit for the caller."""


def looks_like_call_token(bearer: str) -> bool:
    return bearer.count(".") == 2 and bearer.startswith("eyJ")


class Callers:
    """Who may call `workspace_id` directly. Safe from several threads.

    `fetch_keys` gives the platform's public keys by their ids (32 bytes each); it is called when there is none yet, and
    for a key that is not known at most every 30 s. Signatures are checked by the package `cryptography`
    (the extra `direct` of this package); without it this raises ImportError.
    """

    def __init__(self, workspace_id: str, fetch_keys: Callable[[], dict[str, bytes]],
                 now: Callable[[], float] = time.time) -> None:
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError as error:
            raise ImportError("direct calls are checked with the package cryptography; the extra 'direct' of this "
                              "package brings it") from error
        self._key_of: Callable[[bytes], Any] = Ed25519PublicKey.from_public_bytes
        self._workspace_id = workspace_id
        self._fetch_keys = fetch_keys
        self._now = now
        self._keys: dict[str, bytes] = {}
        self._asked_at: float | None = None
        self._lock = threading.Lock()

    def caller_of(self, token: str) -> str:
        """The workspace that calls with `token`. Raises `CallRefusedError` for whatever does not prove one."""
        if len(token) > TOKEN_MAX_BYTES:
            raise CallRefusedError("the token is too long")
        head, _, mark = token.rpartition(".")
        first, _, second = head.partition(".")
        header, claims, signature = _members(first), _members(second), _bytes(mark)
        if header.get("alg") != "EdDSA" or header.get("typ") != CALL_TYPE:
            raise CallRefusedError("this is no token for a direct call")
        key = self._key(header.get("kid"))
        try:
            self._key_of(key).verify(signature, head.encode("ascii"))
        except Exception as error:
            # `cryptography` has one class for this and others for keys of a wrong form: none of them proves anything.
            raise CallRefusedError("the token is not signed by the platform") from error
        return self._judged(claims)

    def _judged(self, claims: dict[str, Any]) -> str:
        caller, issued, expires = claims.get("sub"), claims.get("iat"), claims.get("exp")
        if claims.get("aud") != self._workspace_id:
            raise CallRefusedError("the token is for another workspace")
        if not isinstance(caller, str) or not caller or type(issued) is not int or type(expires) is not int:
            raise CallRefusedError("the token names no caller or no time")
        now = self._now()
        if issued > now + CLOCK_BEHIND_MAX:
            raise CallRefusedError("the token was made in the future: this agent's clock is behind the platform's")
        if now >= min(expires, issued + LIFE_MAX):
            raise CallRefusedError("the token has expired, or this agent's clock is ahead of the platform's")
        return caller

    def _key(self, key_id: Any) -> bytes:
        if not isinstance(key_id, str):
            raise CallRefusedError("the token names no key")
        known = self._keys.get(key_id)
        if known is not None:
            return known  # While another thread may be asking for the keys.
        with self._lock:
            due = self._asked_at is None or time.monotonic() - self._asked_at >= KEYS_AGAIN_AFTER
            if key_id not in self._keys and due:
                self._asked_at = time.monotonic()
                try:
                    self._keys = dict(self._fetch_keys())
                except Exception as error:  # noqa: BLE001 - whatever went wrong, nothing is proved
                    log.warning("cannot learn the platform's keys (%s); a direct call is refused", error)
            key = self._keys.get(key_id)
        if key is None:
            raise CallRefusedError("the token is signed by a key that is not the platform's")
        return key


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CallRefusedError("the token is not readable") from error


def _members(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part))
    except (ValueError, RecursionError) as error:
        raise CallRefusedError("the token is not readable") from error
    if not isinstance(found, dict):
        raise CallRefusedError("the token is not readable")
    return found
