"""A platform at the other end of an agent's own connection, which says whatever its script says: bytes, not manners."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from molecule_agent._mux import HEAD, frame
from molecule_agent._websocket import BINARY, CLOSE, GUID, PING, PONG, TEXT

SECRET = "shown-by-the-platform"
WELCOME = {"session": "s", "received": 0, "resumed": False, "keep_seconds": 60}


class Peer:
    """One connection that an agent has opened. `frames` gives what it sends, frame by frame."""

    def __init__(self, connection: socket.socket, key: str) -> None:
        self.socket = connection
        self.number = 0
        self.key = key
        self._rest = bytearray()
        self._frames: list[tuple[int, int, bytes]] = []

    def upgrade(self) -> None:
        accept = base64.b64encode(hashlib.sha1((self.key + GUID).encode()).digest()).decode()
        self.socket.sendall((f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())

    def send(self, kind: int, payload: bytes, first: int = 0x80) -> None:
        size = len(payload)
        head = bytes([first | kind]) + (bytes([size]) if size < 126 else struct.pack(">BH", 126, size)
                                        if size < 1 << 16 else struct.pack(">BQ", 127, size))
        self.socket.sendall(head + payload)

    def say(self, words: Any) -> None:
        self.send(TEXT, (words if isinstance(words, str) else json.dumps(words)).encode())

    def frames_out(self, *frames: bytes) -> None:
        self.send(BINARY, b"".join(frames))

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            part = self.socket.recv(64 * 1024)
            if not part:
                raise ConnectionError("the agent left")
            self._rest += part
        part = bytes(self._rest[:size])
        del self._rest[:size]
        return part

    def hear(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(self._exactly(2 if size == 126 else 8), "big")
        mask = self._exactly(4)
        payload = self._exactly(size)
        long_mask = (mask * (size // 4 + 1))[:size]
        return first & 0x0F, (int.from_bytes(payload, "big") ^ int.from_bytes(long_mask, "big")).to_bytes(size, "big")

    def begin(self, welcome: Any = WELCOME) -> dict[str, Any]:
        """The whole beginning; what the agent said first."""
        self.upgrade()
        hello: dict[str, Any] = json.loads(self.hear()[1])
        self.say({"version": 1, "nonce": "n", "platform_key": "k", "signature": "s"})
        self.hear()
        self.say(welcome)
        return hello

    def frame(self) -> tuple[int, int, bytes]:
        while not self._frames:
            kind, message = self.hear()
            if kind == CLOSE:
                raise ConnectionError("the agent closed")
            if kind == PING:
                self.send(PONG, message)
            at = 0
            while kind == BINARY and at < len(message):
                what, number, size = HEAD.unpack_from(message, at)
                self._frames.append((what, number, message[at + HEAD.size:at + HEAD.size + size]))
                at += HEAD.size + size
        return self._frames.pop(0)

    def until_it_leaves(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.frame()


Script = Callable[[Peer], object]


class ScriptedRelay:
    """Each connection is served by the next script; the last one stays. Registrations are taken, other calls too."""

    def __init__(self, *scripts: Script) -> None:
        self.begun = 0
        self.registered = 0
        self.registering: Callable[[], bytes] = lambda: b'{"status": "registered", "platform_inbound_secret": "%s"}' % SECRET.encode()
        self._scripts = list(scripts)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            came = b""
            while b"\r\n\r\n" not in came:
                part = connection.recv(4096)
                if not part:
                    return
                came += part
            head, _, rest = came.partition(b"\r\n\r\n")
            told = {name.lower(): value.strip() for name, _, value in
                    (line.partition(":") for line in head.decode().split("\r\n")[1:])}
            if "upgrade" not in told:
                while len(rest) < int(told.get("content-length", "0")):
                    part = connection.recv(4096)
                    if not part:
                        return
                    rest += part
                self.registered += b"/registry/register" in head
                body = self.registering()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                                   b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                return
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            peer = Peer(connection, told["sec-websocket-key"])
            self.begun += 1
            peer.number = self.begun
            script(peer)


def opened(number: int, text: bytes) -> bytes:
    return frame(1, number) + frame(2, number, text)
