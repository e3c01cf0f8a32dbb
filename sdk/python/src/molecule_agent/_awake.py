"""The clock that waits are measured by. It never steps, and it goes on while the machine sleeps.

`time.monotonic` stands still on a laptop that is asleep, so a wait of 30 seconds that had 25 left would have 25 left
after the lid is opened, with the agent long counted as offline. Waits are cut into slices and compared with this
clock, so whatever fell due during the sleep is done within a slice of waking.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable

SLICE = 1.0
"""How late, at most, a wait notices that the machine slept, or that what it waits for came."""

if hasattr(time, "CLOCK_BOOTTIME"):
    def now() -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
elif sys.platform == "darwin":
    def now() -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC)
else:
    now = time.monotonic


def wait(stop: threading.Event, seconds: float, until: Callable[[], object] | None = None) -> bool:
    """Wait `seconds`, or until `stop` is set or `until` is true; whether it ended before its time."""
    deadline = now() + seconds
    while True:
        if stop.is_set() or (until is not None and until()):
            return True
        left = deadline - now()
        if left <= 0:
            return False
        stop.wait(min(left, SLICE))


FIRST_BACKOFF = 1.0
MAX_BACKOFF = 30.0
LEAST_BACKOFF = 0.1


def backoff(attempt: int, most: float = MAX_BACKOFF) -> float:
    """A random pause before try `attempt` + 1: up to 1, 2, 4 … seconds, at most `most`. Random over the whole range,
    so that agents that failed together, when the platform went, do not come back together."""
    ceiling = min(most, FIRST_BACKOFF * 2.0 ** min(max(attempt, 1) - 1, 16))
    return random.uniform(min(LEAST_BACKOFF, ceiling), ceiling)


def spread(seconds: float) -> float:
    """`seconds` or a little less, so that agents that started together drift apart."""
    return seconds * random.uniform(0.9, 1.0)
