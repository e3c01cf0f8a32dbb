"""Messages in hand, and who waits for the answer to each.

A message that came by a call (pushed, over a relay, or from a peer directly) has somebody at the other end of that call.
The first reply to it is what the call returns, and goes back at once, while its handler may go on; so a reply means the
same however a message came. Whatever is said to it afterwards is a message of its own.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ._models import InboundMessage, SharedFile


@dataclass(frozen=True)
class Said:
    """What was replied to a message. `failed`: the text says why there is no result."""

    text: str
    failed: bool = False
    files: tuple[SharedFile, ...] = ()


class Call:
    """Takes one answer, from any thread, and hands it to `give`, which must not raise."""

    def __init__(self, give: Callable[[Said], None]) -> None:
        self._give = give
        self._open = True
        self._answered = False
        self._lock = threading.Lock()

    def answer(self, said: Said) -> bool:
        """False when it takes none any more."""
        with self._lock:  # Also while it is given: who closes the call then finds that gone.
            if not self._open:
                return False
            self._open = False
            self._answered = True
            self._give(said)
            return True

    def close(self) -> bool:
        """Take no answer any more; whether it had one."""
        with self._lock:
            self._open = False
            return self._answered


_waiting: contextvars.ContextVar[Call | None] = contextvars.ContextVar("molecule_call", default=None)


@contextlib.contextmanager
def waits(call: Call | None) -> Iterator[None]:
    """What is run inside the block works for this call."""
    token = _waiting.set(call)
    try:
        yield
    finally:
        _waiting.reset(token)


def waiting_call() -> Call | None:
    """The call for which this thread or asyncio task works."""
    return _waiting.get()


class Asked:
    """One message in hand. `call` is None where nobody waits at the other end, `recorded_as` the platform's name for the
    message, "" when it knows none."""

    def __init__(self, message: InboundMessage, call: Call | None, recorded_as: str) -> None:
        self.message = message
        self.call = call
        self.recorded_as = recorded_as
        self.said: list[Said] = []
        self.replying = threading.RLock()
        """Held while one reply is given, so that the same words in two threads are one answer."""

    def says(self, text: str) -> bool:
        """Whether a reply said this already."""
        return any(said.text.strip() == text.strip() for said in self.said)


class InHand:
    """The messages that an agent's handlers are working on. Any thread."""

    def __init__(self) -> None:
        self._asked: list[Asked] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def take(self, message: InboundMessage, call: Call | None = None, recorded_as: str = "") -> Iterator[Asked]:
        """The message is in hand inside the block, and replies to it answer `call`."""
        asked = Asked(message, call, recorded_as)
        with self._lock:
            self._asked.append(asked)
        try:
            yield asked
        finally:
            with self._lock:
                self._asked.remove(asked)

    def find(self, message: InboundMessage) -> Asked | None:
        """By the message itself, or by its name and sender for one that a handler made of it."""
        with self._lock:
            for asked in self._asked:
                if asked.message is message:
                    return asked
            for asked in self._asked:
                if (asked.message.activity_id, asked.message.source_id) == (message.activity_id, message.source_id):
                    return asked
        return None
