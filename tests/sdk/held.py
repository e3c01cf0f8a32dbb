"""What a client holds open: a long poll, an event stream, a WebSocket, or a connection that says nothing.

Plain sockets, so that a test decides about every byte, also about not reading and about leaving without a word.
"""

from __future__ import annotations

import base64
import os
import socket
import struct
import time
import urllib.parse
from types import TracebackType

PATIENCE = 10.0


class Held:
    """One connection. Every wait is bounded by `PATIENCE`."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        assert parts.hostname is not None and parts.port is not None
        self._host = parts.netloc
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        self._seen = b""

    def __enter__(self) -> Held:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def vanish(self) -> None:
        """Leave without a goodbye: the other side finds the connection reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def send(self, text: bytes) -> None:
        self._socket.sendall(text)

    def ask(self, path: str, *headers: str) -> None:
        lines = [f"GET {path} HTTP/1.1", f"Host: {self._host}", *headers]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def until(self, mark: bytes) -> bytes:
        """Everything up to and including `mark`; what is behind it stays."""
        while mark not in self._seen:
            more = self._socket.recv(65536)
            assert more, f"the connection ended before {mark!r}: {self._seen[-500:]!r}"
            self._seen += more
        found, _, self._seen = self._seen.partition(mark)
        return found + mark

    def answer(self) -> tuple[int, bytes]:
        """Status and body of an answer with a length."""
        head = self.until(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        return int(head.split()[1]), self.bytes(length)

    def bytes(self, count: int) -> bytes:
        while len(self._seen) < count:
            more = self._socket.recv(65536)
            assert more, f"the connection ended after {self._seen!r}"
            self._seen += more
        found, self._seen = self._seen[:count], self._seen[count:]
        return found

    def rest(self) -> bytes:
        """Everything until the other side ends."""
        while more := self._socket.recv(65536):
            self._seen += more
        found, self._seen = self._seen, b""
        return found

    # --- the three kinds ---

    def poll(self, path: str, credential: str) -> None:
        """Asks, and makes sure that the platform holds the question: it waits, and has not answered."""
        self.ask(path, credential)
        self._socket.settimeout(0.3)
        try:
            early = self._socket.recv(65536)
        except TimeoutError:
            early = b""
        self._socket.settimeout(PATIENCE)
        assert early == b"", f"answered at once: {early[:500]!r}"

    def stream(self, workspace_id: str, credential: str) -> None:
        self.ask(f"/workspaces/{workspace_id}/events/stream", credential, "Accept: text/event-stream")
        head = self.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        self.until(b": connected\n\n\r\n")

    def socket(self, *headers: str) -> None:
        """Opens `/ws` and reads its first frame."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.ask("/ws", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 f"Sec-WebSocket-Key: {key}", *headers)
        head = self.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        opcode, payload = self.frame()
        assert opcode == 1 and b'"HELLO"' in payload, payload

    def frame(self) -> tuple[int, bytes]:
        first, size = self.bytes(2)
        if size == 126:
            size = int.from_bytes(self.bytes(2), "big")
        elif size == 127:
            size = int.from_bytes(self.bytes(8), "big")
        return first & 15, self.bytes(size)

    def hear(self, what: bytes) -> None:
        """Reads events until one has these bytes in it."""
        opcode, payload = self.frame()
        while what not in payload:
            assert opcode == 1, (opcode, payload)
            opcode, payload = self.frame()

    def close_code(self) -> tuple[int, str]:
        """Code and reason of the close frame, after whatever events come before it; answers it."""
        opcode, payload = self.frame()
        while opcode != 8:
            opcode, payload = self.frame()
        mask = os.urandom(4)
        self.send(bytes([0x88, 0x82]) + mask + bytes(byte ^ mask[i] for i, byte in enumerate(payload[:2])))
        return int.from_bytes(payload[:2], "big"), payload[2:].decode()


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


class Stopwatch:
    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started
