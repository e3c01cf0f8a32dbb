"""Which message an agent is working on: what it sends meanwhile belongs to it, and says so.

The platform follows the chain of messages behind a message, and so stops agents that send each other round in a circle.
Kept per thread and per asyncio task, as context variables are.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

ACTIVITY_HEADER = "X-Molecule-Activity-Id"
"""Names a message: the one a request carries towards an agent, the one it belongs to towards the platform."""

_current: contextvars.ContextVar[str] = contextvars.ContextVar("molecule_message", default="")


@contextlib.contextmanager
def part_of(activity_id: str) -> Iterator[None]:
    """What is sent inside the block belongs to the message of that name; "" leaves things as they are."""
    token = _current.set(activity_id or _current.get())
    try:
        yield
    finally:
        _current.reset(token)


def chain_headers() -> dict[str, str]:
    """The header that says what a request belongs to; empty outside of any message."""
    current = _current.get()
    return {ACTIVITY_HEADER: current} if current and current.isascii() and current.isprintable() else {}
