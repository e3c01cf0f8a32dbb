"""An agent that joins by a ticket as any program could: with a key of its own and what the ticket says."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import uuid
import zlib
from typing import Any

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_of(text: str) -> str:
    """The six characters that check the rest: CRC-32 in base 62."""
    left, found = zlib.crc32(text.encode()), ""
    for _ in range(6):
        left, digit = divmod(left, 62)
        found = LETTERS[digit] + found
    return found


def statement(*parts: str) -> bytes:
    return "".join(f"{len(part)}:{part}" for part in parts).encode()


class Ticket:
    """What the one line says."""

    def __init__(self, text: str) -> None:
        assert text.startswith("mjt_") and check_of(text[:-6]) == text[-6:], text[:8]
        data = decoded(text[4:-6])
        assert data[0] == 1
        self.text = text
        self.id = str(uuid.UUID(bytes=data[1:17]))
        self.secret = data[17:49]
        self.key_digest = data[49:81]
        self.platform_url = data[81:].decode()

    @property
    def fingerprint(self) -> str:
        return "SHA256:" + encoded(self.key_digest)

    def altered(self, *, secret: bytes | None = None, key_digest: bytes | None = None, url: str | None = None) -> Ticket:
        """Another of the same id, with a check that fits."""
        data = (b"\x01" + uuid.UUID(self.id).bytes + (secret or self.secret) + (key_digest or self.key_digest)
                + (self.platform_url if url is None else url).encode())
        body = "mjt_" + encoded(data)
        return Ticket(body + check_of(body))


class JoiningAgent:
    """A key, and what it can do with tickets."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self._attempts = itertools.count()
        self.public_key = encoded(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def fingerprint(self) -> str:
        return "SHA256:" + encoded(hashlib.sha256(decoded(self.public_key)).digest())

    def proof(self, ticket: Ticket, attempt: int = 0) -> str:
        return encoded(self._key.sign(statement("molecule ticket proof 1", ticket.id, str(attempt))))

    def body(self, ticket: Ticket, **fields: Any) -> dict[str, Any]:
        attempt = next(self._attempts)
        return {"ticket": ticket.text, "agent_key": self.public_key, "attempt": attempt, "proof": self.proof(ticket, attempt),
                **fields}

    def redeem(self, ticket: Ticket, url: str = "", **fields: Any) -> requests.Response:
        return requests.post((url or ticket.platform_url) + "/tickets/redeem", data=json.dumps(self.body(ticket, **fields)),
                             headers={"Content-Type": "application/json"}, timeout=20)

    def joins(self, ticket: Ticket, url: str = "", **fields: Any) -> dict[str, Any]:
        """The answer, once it is sure that it is of the platform which the ticket names."""
        answer = self.redeem(ticket, url, **fields)
        assert answer.status_code == 201, answer.text
        said: dict[str, Any] = answer.json()
        assert self.believes(ticket, said), said
        return said

    def believes(self, ticket: Ticket, answer: dict[str, Any]) -> bool:
        key = decoded(answer["platform_key"])
        if hashlib.sha256(key).digest() != ticket.key_digest:
            return False
        words = statement("molecule ticket answer 1", ticket.id, self.public_key, answer["workspace_id"])
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(decoded(answer["signature"]), words)
        except InvalidSignature:
            return False
        return True
