"""Somebody who sits at a terminal of an agent, with a WebSocket of their own: they decide when they read."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import time
from typing import Any

from held import Held, bearer
from stage import Stage


def admin(stage: Stage) -> str:
    return bearer((stage.data / "admin_token").read_text().strip())


class Seat(Held):
    """One WebSocket to `/workspaces/{id}/terminal`; what came over it is in `output`, `errors` and `words`."""

    def __init__(self, stage: Stage, workspace: str, *headers: str, query: str = "", start: dict[str, Any] | None = None) -> None:
        super().__init__(stage.url)
        self._stage = stage
        self.output = b""
        self.errors = b""
        self.words: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.closed: tuple[int, str] | None = None
        self._streams = bool(start) and start.get("terminal") is False
        self._told = start is not None
        self.taken = 0
        key = base64.b64encode(os.urandom(16)).decode()
        path = f"/workspaces/{workspace}/terminal" + ("?start=later" if self._told else "") + query
        self.ask(path, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 f"Sec-WebSocket-Key: {key}", *(headers or (admin(stage),)))
        head = self.until(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.refusal = {}
        if self.status != 101:
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            self.refusal = json.loads(self.bytes(length))
        elif start is not None:
            self.word(type="start", **start)

    def message(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        if len(payload) < 126:
            head = bytes([0x80 | opcode, 0x80 | len(payload)])
        elif len(payload) < 65536:
            head = bytes([0x80 | opcode, 0xFE]) + len(payload).to_bytes(2, "big")
        else:
            head = bytes([0x80 | opcode, 0xFF]) + len(payload).to_bytes(8, "big")
        spread = (mask * (len(payload) // 4 + 1))[:len(payload)]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(spread, "big")).to_bytes(len(payload), "big")
        self.send(head + mask + masked)

    def word(self, **members: Any) -> None:
        self.message(1, json.dumps(members).encode())

    def type(self, text: str | bytes) -> None:
        self.message(2, text.encode() if isinstance(text, str) else text)

    def step(self) -> None:
        """Takes one frame."""
        opcode, payload = self.frame()
        if opcode == 2:
            if self._streams and payload[0] == 2:
                self.errors += payload[1:]
            else:
                self.output += payload[1:] if self._streams else payload
        elif opcode == 1 and self._told:
            self.words.append(json.loads(payload))
        elif opcode == 1:
            self.texts.append(payload.decode())
        elif opcode == 8:
            self.closed = int.from_bytes(payload[:2], "big"), payload[2:].decode()
            with contextlib.suppress(OSError):  # Who is shown out is not always waited for.
                self.message(8, payload[:2])
        elif opcode == 9:
            self.message(10, payload)

    def hear(self, what: str | bytes, seconds: float = 20) -> None:
        wanted = what.encode() if isinstance(what, str) else what
        until = time.monotonic() + seconds
        while wanted not in self.output:
            assert self.closed is None and time.monotonic() < until, (wanted, self.output[-2000:], self.words[-3:], self.closed)
            self.step()

    def end(self, seconds: float = 20) -> dict[str, Any]:
        """Reads to the close; the last word that was said."""
        until = time.monotonic() + seconds
        while self.closed is None:
            assert time.monotonic() < until, self.output[-2000:]
            self.step()
        return self.words[-1] if self.words else {}

    def leave(self) -> None:
        self._socket.close()
