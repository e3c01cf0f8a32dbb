"""Many byte streams over one connection that may break and come back: the agent's side of a relay's session.

Frames are kept until the platform has acknowledged them and are sent again after a break, so that no byte of a stream
is lost or comes twice. Any thread may use a session and its streams.
"""

from __future__ import annotations

import collections
import struct
import threading
import time
from collections.abc import Callable

HEAD = struct.Struct(">BII")
OPEN, DATA, END, RESET, CREDIT = 1, 2, 3, 4, 5
ACKNOWLEDGED, GOODBYE = 16, 17
PAYLOAD_MAX = 16 * 1024
WINDOW = 256 * 1024
"""Bytes of a stream on their way or not yet read."""
KEPT_MAX = 1024 * 1024
"""Bytes of streams that are not acknowledged; more wait."""
KEPT_FRAMES_MAX = 64 * 1024
"""Frames that are not acknowledged. Of streams half as many, more wait; what answers the platform is never held back."""
CREDIT_MAX = 16 * 1024 * 1024
MESSAGE_MAX = 48 * 1024
ACKNOWLEDGE_BYTES = KEPT_MAX // 8
ACKNOWLEDGE_AFTER = 0.1

SIZES = {OPEN: (0, 0), DATA: (1, PAYLOAD_MAX), END: (0, 0), RESET: (0, 0), CREDIT: (4, 4),
         ACKNOWLEDGED: (8, 8), GOODBYE: (0, PAYLOAD_MAX)}
"""Of the payload, at least and at most, for each type that exists."""


class MuxBrokenError(ConnectionError):
    """The platform broke the rules of the session: nothing can follow."""


def frame(kind: int, stream: int, payload: bytes = b"") -> bytes:
    return HEAD.pack(kind, stream, len(payload)) + payload


class Stream:
    """One stream. `recv` and `sendall` raise ConnectionError once it is broken."""

    def __init__(self, session: Session, number: int) -> None:
        self._session = session
        self.number = number
        self.came = bytearray()
        self.owed = 0
        self.credit = WINDOW
        self.broken = False
        self.ended = False
        self.peer_ended = False

    def recv(self, size: int) -> bytes:
        """At least one byte; b"" at the end."""
        with self._session.changed:
            while not self.came and not self.peer_ended and not self.broken:
                self._session.changed.wait()
            if self.broken:
                raise ConnectionError("the stream is broken")
            part = bytes(self.came[:size])
            del self.came[:size]
            self.owed += len(part)
            if not self.peer_ended and self.owed >= WINDOW // 4:
                self._session.put(frame(CREDIT, self.number, struct.pack(">I", self.owed)))
                self.owed = 0
            return part

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        with self._session.changed:
            while view:
                size = min(len(view), PAYLOAD_MAX, self.credit, self._session.room())
                if self.broken or self.ended:
                    raise ConnectionError("the stream is broken")
                if size == 0:
                    self._session.changed.wait()
                    continue
                self.credit -= size
                self._session.put(frame(DATA, self.number, bytes(view[:size])), size)
                view = view[size:]

    def end(self) -> None:
        """Say that no more is sent."""
        with self._session.changed:
            if not self.broken and not self.ended:
                self.ended = True
                self._session.put(frame(END, self.number))

    def close(self) -> None:
        with self._session.changed:
            if self.broken:
                return
            whole = self.ended and self.peer_ended and not self.came
            self.broken = True
            self._session.streams.pop(self.number, None)
            if not whole:
                self._session.put(frame(RESET, self.number))
            self._session.changed.notify_all()


class Session:
    """`opened` is called with each stream that the platform opens, in the thread that takes its frames in, and says
    whether it is taken; else the platform finds it reset. How many are open at once is bounded there, because a stream
    that the platform has dropped can be at work still."""

    def __init__(self, opened: Callable[[Stream], bool]) -> None:
        self.changed = threading.Condition()
        self.streams: dict[int, Stream] = {}
        self.kept_bytes = 0
        self.received = 0
        self.over = False
        self.goodbye: str | None = None
        self._opened = opened
        self._newest = 0
        self._kept: collections.deque[tuple[bytes, int]] = collections.deque()
        self._sent = 0
        self._acknowledged = 0
        self._transport = 0
        self._transports = 0
        self._unacknowledged = 0
        self._acknowledge_at = 0.0

    def put(self, data: bytes, weight: int = 0) -> None:
        """Keep a frame for the platform. With `changed` held."""
        if self.over:
            return
        self.kept_bytes += weight
        self._kept.append((data, weight))
        self.changed.notify_all()

    def room(self) -> int:
        """How many bytes of streams may be kept beside what is. With `changed` held."""
        return 0 if len(self._kept) >= KEPT_FRAMES_MAX // 2 else max(KEPT_MAX - self.kept_bytes, 0)

    def attach(self, received: int) -> int | None:
        """Go on over a new transport whose other side has so many of our frames; None when that is not possible."""
        with self.changed:
            if self.over or not self._acknowledged <= received <= self._acknowledged + len(self._kept):
                return None
            self._take_acknowledged(received)
            self._sent = 0
            self._unacknowledged = 0
            self._transports += 1
            self._transport = self._transports
            self.changed.notify_all()
            return self._transport

    def detach(self, transport: int) -> None:
        with self.changed:
            if self._transport == transport:
                self._transport = 0
                self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self.over = True
            for stream in self.streams.values():
                stream.broken = True
            self.streams.clear()
            self._kept.clear()
            self.kept_bytes = self._sent = 0
            self.changed.notify_all()

    def outgoing(self, transport: int) -> bytes:
        """The next message for the platform; waits for one. b"" when the transport is over."""
        with self.changed:
            while True:
                if self._transport != transport or self.over:
                    return b""
                late = self._unacknowledged and time.monotonic() >= self._acknowledge_at
                due = late or self._unacknowledged >= ACKNOWLEDGE_BYTES
                if due or self._sent < len(self._kept):
                    break
                rest = self._acknowledge_at - time.monotonic() if self._unacknowledged else None
                self.changed.wait(rest)
            message = b""
            if due:
                message = frame(ACKNOWLEDGED, 0, struct.pack(">Q", self.received))
                self._unacknowledged = 0
            while self._sent < len(self._kept):
                following = self._kept[self._sent][0]
                if message and len(message) + len(following) > MESSAGE_MAX:
                    break
                message += following
                self._sent += 1
            return message

    def incoming(self, transport: int, message: bytes) -> bool:
        """Take a message of the platform; False when the transport or the session is over."""
        at = 0
        while at < len(message):
            if len(message) - at < HEAD.size:
                raise MuxBrokenError("a message ends inside of a frame")
            kind, number, size = HEAD.unpack_from(message, at)
            least, most = SIZES.get(kind, (1, 0))
            if not least <= size <= most:
                raise MuxBrokenError(f"a frame of type {kind} with {size} bytes does not exist")
            at += HEAD.size
            payload = message[at:at + size]
            at += size
            if len(payload) != size:
                raise MuxBrokenError("a message ends inside of a frame")
            with self.changed:
                if self._transport != transport or self.over:
                    return False
                opened = self._take(kind, number, payload)
            if opened is not None and not self._opened(opened):
                opened.close()
        return not self.over

    def _take(self, kind: int, number: int, payload: bytes) -> Stream | None:
        if kind == ACKNOWLEDGED:
            (count,) = struct.unpack(">Q", payload)
            if not self._acknowledged <= count <= self._acknowledged + self._sent:
                raise MuxBrokenError("frames were acknowledged that were not sent")
            self._take_acknowledged(count)
            return None
        if kind == GOODBYE:
            self.goodbye = payload.decode(errors="replace")
            self.end()
            return None
        self.received += 1
        if not self._unacknowledged:
            self._acknowledge_at = time.monotonic() + ACKNOWLEDGE_AFTER
        self._unacknowledged += HEAD.size + len(payload)
        self.changed.notify_all()
        opened = self._take_numbered(kind, number, payload)
        if len(self._kept) > KEPT_FRAMES_MAX:
            raise MuxBrokenError("too much waits to be acknowledged")
        return opened

    def _take_numbered(self, kind: int, number: int, payload: bytes) -> Stream | None:
        if kind == OPEN:
            if number % 2 or number <= self._newest:
                raise MuxBrokenError("a stream was opened under a number that is not new")
            self._newest = number
            self.streams[number] = Stream(self, number)
            return self.streams[number]
        stream = self.streams.get(number)
        if stream is None:
            return None
        if kind == DATA:
            if stream.peer_ended or len(stream.came) + stream.owed + len(payload) > WINDOW:
                raise MuxBrokenError("more was sent than a stream had credit for")
            stream.came += payload
        elif kind == END:
            stream.peer_ended = True
        elif kind == RESET:
            stream.broken = True
            self.streams.pop(number)
        elif kind == CREDIT:
            (more,) = struct.unpack(">I", payload)
            stream.credit += more
            if stream.credit > CREDIT_MAX:
                raise MuxBrokenError("a stream was given too much credit")
        return None

    def _take_acknowledged(self, count: int) -> None:
        while self._acknowledged < count:
            _, weight = self._kept.popleft()
            self.kept_bytes -= weight
            self._acknowledged += 1
            self._sent = max(self._sent - 1, 0)
        self.changed.notify_all()
