"""A WebSocket (RFC 6455) as a client, with what a relay needs of it: whole messages, pings, the reason of the end."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import socket
import ssl
import struct
import threading
import time
import urllib.parse
from collections.abc import Mapping

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MESSAGE_MAX = 256 * 1024
HEAD_MAX = 16 * 1024
REFUSAL_MAX = 64 * 1024
CONTROL_MAX = 125
CONNECT_TIMEOUT = 10.0
"""Also for the whole answer to the request for a WebSocket, however slowly it drips."""
CLOSE_TIMEOUT = 1.0
PING_EVERY = 10.0
SILENT_AFTER = 25.0
"""Seconds without a byte, pongs included, after which the connection counts as lost."""
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class RefusedError(ConnectionError):
    """The server answered with something else than a WebSocket."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"the WebSocket was refused with status {status}")
        self.status = status
        self.body = body


class UnreachedError(ConnectionError):
    """Nobody answers at the address at all."""


class WebSocket:
    """One reader at a time; any thread may send."""

    def __init__(self, url: str, headers: Mapping[str, str], verify: bool | str = True) -> None:
        place = urllib.parse.urlsplit(url)
        secure = place.scheme in ("https", "wss")
        host = place.hostname or ""
        try:
            self._socket = socket.create_connection((host, place.port or (443 if secure else 80)), CONNECT_TIMEOUT)
        except OSError as error:
            raise UnreachedError(str(error)) from error
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                self._socket = trusted(verify).wrap_socket(self._socket, server_hostname=host)
            self._rest = self._shake_hands(place, headers)
        except BaseException:
            self._socket.close()
            raise
        self._sending = threading.Lock()
        self._heard = time.monotonic()
        self._until: float | None = None
        self.closed: tuple[int, str] | None = None

    def _shake_hands(self, place: urllib.parse.SplitResult, headers: Mapping[str, str]) -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {place.path or '/'} HTTP/1.1", f"Host: {place.netloc.rpartition('@')[2]}", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
                 *(f"{name}: {value}" for name, value in headers.items())]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header of the request would break it")
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        until = time.monotonic() + CONNECT_TIMEOUT
        head, rest = self._head(until)
        first, *fields = head.decode("latin-1").split("\r\n")
        told = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        version, _, said = first.partition(" ")
        status = int(said[:3]) if version == "HTTP/1.1" and said[:3].isascii() and said[:3].isdigit() else 0
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if status != 101:
            raise RefusedError(status, self._refusal(rest, told.get("content-length", ""), until))
        if told.get("sec-websocket-accept") != accept:
            raise RefusedError(status, "")
        return rest

    def _head(self, until: float) -> tuple[bytes, bytes]:
        head = b""
        while b"\r\n\r\n" not in head:
            if len(head) > HEAD_MAX or not (part := self._before(until)):
                raise RefusedError(0, "")
            head += part
        head, _, rest = head.partition(b"\r\n\r\n")
        return head, rest

    def _refusal(self, came: bytes, length: str, until: float) -> str:
        """The body of a refusal, or as much of it as came in time."""
        size = min(int(length), REFUSAL_MAX) if length.isascii() and length.isdigit() and len(length) < 10 else 0
        with contextlib.suppress(OSError):
            while len(came) < size and (part := self._before(until)):
                came += part
        return came.decode(errors="replace")

    def _before(self, until: float) -> bytes:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the platform is too slow to answer")
        self._socket.settimeout(left)
        return self._socket.recv(4096)

    def send(self, data: bytes | str) -> None:
        kind, payload = (TEXT, data.encode()) if isinstance(data, str) else (BINARY, data)
        self._send(kind, payload)

    def _send(self, kind: int, payload: bytes) -> None:
        data = masked_frame(kind, payload)
        with self._sending:
            self._socket.sendall(data)

    def receive(self, within: float | None = None) -> bytes | str | None:
        """The next message; None after an orderly end. Raises ConnectionError when the connection is lost or the message
        is not there `within` seconds."""
        self._until = None if within is None else time.monotonic() + within
        message, kind = b"", 0
        while True:
            first, second = self._exactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self._exactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._exactly(8))
            code, last = first & 0x0F, bool(first & 0x80)
            control = code in (CLOSE, PING, PONG)
            fits = last and size <= CONTROL_MAX if control else size + len(message) <= MESSAGE_MAX
            # A message begins with its kind and goes on without one.
            known = control or (code == CONTINUATION) == bool(kind) and code in (CONTINUATION, TEXT, BINARY)
            if not fits or not known or (first & 0x70) or (second & 0x80):
                raise ConnectionError("the platform broke the WebSocket protocol")
            payload = self._exactly(size)
            if code == PING:
                self._send(PONG, payload)
            elif code == CLOSE:
                number = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 0
                self.closed = (number, payload[2:].decode(errors="replace"))
                with contextlib.suppress(OSError):
                    self._send(CLOSE, payload[:2])
                return None
            elif not control:
                kind = code or kind
                message += payload
                if last:
                    return message.decode() if kind == TEXT else message

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            part = self._some()
            self._rest += part
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def _some(self) -> bytes:
        while True:
            left = PING_EVERY if self._until is None else min(PING_EVERY, self._until - time.monotonic())
            if left <= 0:
                raise ConnectionError("the platform is too slow to begin")
            self._socket.settimeout(left)
            try:
                part = self._socket.recv(64 * 1024)
            except TimeoutError:
                if time.monotonic() - self._heard > SILENT_AFTER:
                    raise ConnectionError("nothing was heard of the platform") from None
                self._send(PING, b"")
                continue
            if not part:
                raise ConnectionError("the connection is lost")
            self._heard = time.monotonic()
            return part

    def close(self, code: int = 1000) -> None:
        """End it at once; a reader finds it lost."""
        # Who sends may be stuck in it.
        if self._sending.acquire(timeout=CLOSE_TIMEOUT):
            with contextlib.suppress(OSError):
                self._socket.settimeout(CLOSE_TIMEOUT)
                self._socket.sendall(masked_frame(CLOSE, struct.pack(">H", code)))
            self._sending.release()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def masked_frame(kind: int, payload: bytes) -> bytes:
    size = len(payload)
    if size <= CONTROL_MAX:
        head = struct.pack(">BB", 0x80 | kind, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", 0x80 | kind, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | kind, 0x80 | 127, size)
    mask = os.urandom(4)
    masked = int.from_bytes(payload, "little") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return head + mask + masked.to_bytes(size, "little")


def trusted(verify: bool | str) -> ssl.SSLContext:
    """What `requests` would trust with the same setting."""
    bundle = verify if isinstance(verify, str) else os.environ.get("REQUESTS_CA_BUNDLE") or None
    context = ssl.create_default_context(cafile=bundle)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
