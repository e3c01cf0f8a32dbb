"""What this agent is doing, and the one gate through which it is reported.

Every heartbeat, also those that mark the start and the end of a task, goes through `CurrentTask`, which sends them one
after the other: an "idle" can never overtake the "working" it follows.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import requests

from ._errors import PlatformError

log = logging.getLogger("molecule_agent")

TASK_BEAT_TIMEOUT = 5.0
"""A beat that only reports a task does not hold that task up for longer than this."""

Supplier = Callable[[], dict[str, Any]]


class StopRequested(BaseException):
    """Raised by the signal handler to leave a wait for messages; never leaves the package."""


class CurrentTask:
    """The tasks under way; `heartbeat` is how a beat is sent."""

    def __init__(self, heartbeat: Callable[..., None]) -> None:
        self._heartbeat = heartbeat
        self._tasks: dict[int, str] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self.supplier: Supplier | None = None
        self.interruptible = False

    def begin(self, text: str) -> int:
        with self._lock:
            handle = next(self._numbers)
            self._tasks[handle] = text
            return handle

    def change(self, handle: int, text: str) -> None:
        with self._lock:
            if handle in self._tasks:
                self._tasks[handle] = text

    def end(self, handle: int) -> None:
        with self._lock:
            self._tasks.pop(handle, None)

    def _snapshot(self) -> dict[str, Any]:
        with self._lock:
            if self._tasks:
                return {"current_task": next(reversed(self._tasks.values())), "active_tasks": len(self._tasks)}
        if self.supplier is None:
            return {}
        try:
            told = self.supplier()
            return {"current_task": str(told.get("current_task", "") or ""),
                    "active_tasks": int(told.get("active_tasks", 0) or 0)}
        except Exception:
            log.debug("the task supplier failed", exc_info=True)
            return {}

    def send(self, **options: Any) -> None:
        """One heartbeat with the task as it is when its turn comes. Raises what `heartbeat` raises."""
        with self._sending:
            self._heartbeat(**self._snapshot(), **options)

    def beat(self) -> None:
        """As `send`, for the edges of a task: trouble is logged, the regular beats will deal with it."""
        try:
            self.send(timeout=TASK_BEAT_TIMEOUT)
        except (PlatformError, requests.RequestException) as error:
            log.info("cannot report the current task: %s", error)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """A stretch in which a signal may break off what the main thread waits for."""
        self.interruptible = threading.current_thread() is threading.main_thread()
        try:
            yield
        finally:
            self.interruptible = False


class Work:
    """One task while it lasts, as `working` hands it out."""

    def __init__(self, tasks: CurrentTask, handle: int) -> None:
        self._tasks = tasks
        self._handle = handle

    def update(self, current_task: str) -> None:
        """Show what the task has come to; still one task. Without effect once it ended."""
        self._tasks.change(self._handle, current_task)
        self._tasks.beat()
