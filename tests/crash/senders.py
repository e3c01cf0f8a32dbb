"""Senders that never give up: each message is sent until it is acknowledged, each stream read until it ends, and resumed
behind its last event when it was cut."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from typing import Any

from agents import LOST
from ledger import Ledger
from plane import Plane

ASK_SECONDS = 15.0
TAKEN_WITHIN = 300.0
"""Seconds for a message to be acknowledged: an agent that sleeps says nothing in a stream, for minutes."""
LATER = (429, 503)


class Cut(Exception):
    """The sender itself hangs up."""


def envelope(message: str, text: str, method: str = "message/send") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message, "method": method,
            "params": {"message": {"role": "user", "messageId": message, "parts": [{"kind": "text", "text": text}]}}}


class Streams:
    """What was heard in each stream: the numbered events as they came, byte for byte."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.heard: dict[str, list[tuple[int, bytes]]] = {}
        self.resumed = 0

    def read(self, bearer: str, workspace: str, message: str, text: str, behind: int, cut_after: int = 0,
             began: Any = None) -> list[tuple[int, bytes]]:
        """The numbered events behind a number, until the end. Raises what breaks it, with what came until then kept."""
        came: list[tuple[int, bytes]] = self.heard.setdefault(message, []) if began else []
        connection = http.client.HTTPConnection("127.0.0.1", self._plane.port, timeout=ASK_SECONDS)
        try:
            head = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json", "Last-Event-ID": str(behind)}
            connection.request("POST", f"/workspaces/{workspace}/a2a", json.dumps(envelope(message, text, "message/stream")),
                               head if behind else {name: value for name, value in head.items() if name != "Last-Event-ID"})
            answer = connection.getresponse()
            if answer.status != 200 or "event-stream" not in (answer.getheader("Content-Type") or ""):
                raise Unstreamed(answer.status, answer.read())
            number, lines = 0, b""
            while line := answer.readline():
                if line == b"\n":
                    if number:
                        came.append((number, lines))
                    if lines and began:
                        began()
                    number, lines = 0, b""
                    if cut_after and len(came) >= cut_after:
                        raise Cut
                elif line.startswith(b"id: "):
                    number = int(line[4:])
                elif not line.startswith(b":"):
                    lines += line
            if answer.length or answer.chunk_left:
                raise ConnectionError("the stream broke off")
            return came
        finally:
            connection.close()


class Unstreamed(Exception):
    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {body[:300]!r}")
        self.status = status


class Sender(threading.Thread):
    """One sender to one target: the next message is sent once the one before is acknowledged, as send or as stream."""

    def __init__(self, name: str, plane: Plane, ledger: Ledger, streams: Streams, bearer: str, workspace: str, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self._plane, self._ledger, self._streams = plane, ledger, streams
        self._bearer, self._workspace = bearer, workspace
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self.sent: list[str] = []
        self.wrong: list[str] = []
        self.start()

    def stop(self) -> None:
        self._over.set()

    def run(self) -> None:
        while not self._over.is_set() and not self.wrong:
            message = f"{self.name}-{len(self.sent)}"
            text = f"say {message} {'word ' * self._chance.randrange(1, 30)}".strip()
            self.sent.append(message)
            self._ledger.sent(message, self._workspace, text)
            send = self._send if self._chance.random() < 0.5 else self._stream
            self._until(lambda: send(message, text), message)

    def _until(self, attempt: Any, message: str) -> None:
        deadline = time.monotonic() + TAKEN_WITHIN
        while not attempt():
            if self.wrong:
                return
            if time.monotonic() > deadline:
                self.wrong.append(f"{message} was not taken in time")
                return
            time.sleep(0.02)  # The platform is away; it will be back.

    def _send(self, message: str, text: str) -> bool:
        session = self._plane.session(self._bearer, ASK_SECONDS)
        try:
            status, body, _ = session.ask("POST", f"/workspaces/{self._workspace}/a2a", envelope(message, text))
        except LOST:
            return False
        finally:
            session.close()
        if status in LATER:
            return False
        wrong = self._ledger.promised(message, status, body) if status in (200, 202) else f"{message}: {status} {body}"
        if wrong:
            self.wrong.append(wrong)
        return True

    def _stream(self, message: str, text: str) -> bool:
        heard = self._streams.heard.setdefault(message, [])
        behind = heard[-1][0] if heard else 0
        cut_after = len(heard) + self._chance.randrange(1, 4) if self._chance.random() < 0.3 else 0
        try:
            self._streams.read(self._bearer, self._workspace, message, text, behind, cut_after,
                               began=lambda: self._ledger.began(message))
        except Unstreamed as refused:
            if refused.status not in LATER:
                self.wrong.append(f"{message}: {refused}")
            return False
        except (Cut, *LOST):
            self._streams.resumed += 1
            # Over, and acknowledged: it is read to its end when all is quiet.
            return self._over.is_set() and message in self._ledger.streamed
        return True
