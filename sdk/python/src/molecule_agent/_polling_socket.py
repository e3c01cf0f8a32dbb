"""The messages of a relay over plain requests, where something on the way takes no WebSockets.

What would be messages of the WebSocket travel as parcels: bodies of requests to the platform and of its answers. A
parcel is any number of messages, each as one letter, its length as four bytes, highest first, and its bytes. Parcels of
each side are counted from 1; one that is lost or comes twice ends what carried it.
"""

from __future__ import annotations

import collections
import contextlib
import json
import re
import struct
import threading

from ._answers import read_bounded
from ._errors import PlatformError
from ._transport import Transport
from ._websocket import RefusedError

HEAD = struct.Struct(">cI")
TEXT, BINARY, CLOSE = b"t", b"b", b"c"
NAME = re.compile("[A-Za-z0-9_-]+")
MESSAGE_MAX = 64 * 1024
PARCEL_MAX = 2 * 512 * 1024
ANSWER_WITHIN = 15.0
"""Seconds for an answer, beyond those that the platform may hold a request."""
HELD_MAX = 20.0
CLOSE_WITHIN = 2.0


class PollingSocket:
    """One reader at a time; any thread may send. Refusals are those of a WebSocket."""

    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self.closed: tuple[int, str] | None = None
        self._came: collections.deque[tuple[bytes, bytes]] = collections.deque()
        self._taken = self._put = 0
        self._sending = threading.Lock()
        self._over = threading.Event()
        self._base = base
        begun = self._ask(base, b"", ANSWER_WITHIN, 201)
        try:
            name = json.loads(begun)["poll"]
        except (ValueError, RecursionError, TypeError, KeyError):
            name = None
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise RefusedError(201, begun.decode(errors="replace"))  # A login page, or whatever answers everything.
        self._base = f"{base}/{name}"

    def _ask(self, path: str, body: bytes, within: float, *expected: int) -> bytes:
        try:
            with self._transport.send(path, body, "application/octet-stream", timeout=within) as response:
                answer = read_bounded(response, PARCEL_MAX)
        except PlatformError as error:
            raise ConnectionError(str(error)) from None
        if response.status_code not in expected:
            raise RefusedError(response.status_code, answer.decode(errors="replace"))
        return answer

    def receive(self, within: float | None = None) -> bytes | str | None:
        """As a WebSocket's."""
        while not self._came:
            if self._over.is_set():
                raise ConnectionError("the connection is closed")
            self._taken += 1
            patience = HELD_MAX + ANSWER_WITHIN if within is None else within
            self._unpack(self._ask(f"{self._base}/next?number={self._taken}", b"", patience, 200, 204))
        kind, message = self._came.popleft()
        if kind == CLOSE:
            number = struct.unpack(">H", message[:2])[0] if len(message) >= 2 else 0
            self.closed = (number, message[2:].decode(errors="replace"))
            return None
        return message.decode() if kind == TEXT else message

    def _unpack(self, parcel: bytes) -> None:
        at = 0
        while at < len(parcel):
            if len(parcel) - at < HEAD.size:
                raise ConnectionError("the platform broke the protocol of parcels")
            kind, size = HEAD.unpack_from(parcel, at)
            at += HEAD.size
            if kind not in (TEXT, BINARY, CLOSE) or size > min(MESSAGE_MAX, len(parcel) - at):
                raise ConnectionError("the platform broke the protocol of parcels")
            self._came.append((kind, parcel[at:at + size]))
            at += size

    def send(self, data: bytes | str) -> None:
        kind, payload = (TEXT, data.encode()) if isinstance(data, str) else (BINARY, data)
        # One request at a time, so that they come in order.
        with self._sending:
            self._send(kind, payload, ANSWER_WITHIN)

    def _send(self, kind: bytes, payload: bytes, within: float) -> None:
        if self._over.is_set():
            raise ConnectionError("the connection is closed")
        self._put += 1
        self._ask(f"{self._base}/parcels?number={self._put}", HEAD.pack(kind, len(payload)) + payload, within, 200, 204)

    def close(self, code: int = 1000) -> None:
        """End it; the platform then answers the request of who reads."""
        if self._over.is_set() or not self._sending.acquire(timeout=CLOSE_WITHIN):
            self._over.set()
            return
        try:
            with contextlib.suppress(OSError):
                self._send(CLOSE, struct.pack(">H", code), CLOSE_WITHIN)
            self._over.set()
        finally:
            self._sending.release()
