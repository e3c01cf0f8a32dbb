"""The loops an agent lives in, and the heartbeats beside them.

Heartbeats come from one thread of their own, so a handler that works for an hour never misses one. Every heartbeat,
also those that mark the start and the end of a task, goes through `CurrentTask`, which sends them one after the other:
an "idle" can never overtake the "working" it follows.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import requests

from ._errors import CredentialRejectedError, PlatformError, WorkspaceGoneError
from ._transport import backoff

if TYPE_CHECKING:
    from .client import RemoteAgentClient
    from .inbound import InboundDelivery, MessageHandler

log = logging.getLogger("molecule_agent")

MAX_REFUSALS = 3
"""Refused heartbeats in a row after which the token is taken to be revoked."""
TASK_BEAT_TIMEOUT = 5.0
"""A beat that only reports a task does not hold that task up for longer than this."""
STATE_SLICE = 1.0
"""How soon a waiting loop notices that the workspace was paused or removed."""

Supplier = Callable[[], dict[str, Any]]


class StopRequested(BaseException):
    """Raised by the signal handler to leave a wait for messages; never leaves the package."""


class Work:
    """One task while it lasts, as `working` hands it out."""

    def __init__(self, client: RemoteAgentClient, handle: int) -> None:
        self._client = client
        self._handle = handle

    def update(self, current_task: str) -> None:
        """Show what the task has come to; still one task. Without effect once it ended."""
        self._client._activity.change(self._handle, current_task)
        self._client._activity.beat(self._client)


class CurrentTask:
    """What this agent is doing, and the one gate through which it is reported."""

    def __init__(self) -> None:
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

    def send(self, client: RemoteAgentClient, **options: Any) -> None:
        """One heartbeat with the task as it is when its turn comes. Raises what `heartbeat` raises."""
        with self._sending:
            client.heartbeat(**self._snapshot(), **options)

    def beat(self, client: RemoteAgentClient) -> None:
        """As `send`, for the edges of a task: trouble is logged, the regular beats will deal with it."""
        try:
            self.send(client, timeout=TASK_BEAT_TIMEOUT)
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


class Presence:
    """Beats, watches the workspace's state, and finds out when the loop has to end."""

    def __init__(self, client: RemoteAgentClient, supplier: Supplier | None) -> None:
        self._client = client
        self._refusals = 0
        self._troubled = False
        self.verdict: str | None = None
        self.error: CredentialRejectedError | None = None
        client._activity.supplier = supplier

    def check(self) -> str | None:
        """One heartbeat and one look at the state; the status that ends the loop, or None. Raises
        CredentialRejectedError after MAX_REFUSALS refused heartbeats in a row."""
        try:
            self._client._activity.send(self._client)
            self._refusals = 0
            self._recovered()
        except WorkspaceGoneError:
            return "removed"
        except PlatformError as error:
            if error.status in (401, 403):
                self._refusals += 1
            self._trouble("heartbeat", error)
        except requests.RequestException as error:
            self._trouble("heartbeat", error)
        # Asked even after a refusal: a removed workspace lost its token, and its state says why.
        try:
            state = self._client.poll_state()
            if state.should_stop:
                return state.status
        except (PlatformError, requests.RequestException) as error:
            self._trouble("state", error)
        if self._refusals >= MAX_REFUSALS:
            raise CredentialRejectedError(
                f"the platform refused the token of workspace {self._client.workspace_id} {self._refusals} times in a "
                f"row: it was revoked or replaced. Save a new one in {self._client.token_file} and start again",
                status=401)
        return None

    def _trouble(self, what: str, error: Exception) -> None:
        log.log(logging.INFO if self._troubled else logging.WARNING, "%s failed: %s", what, error)
        self._troubled = True

    def _recovered(self) -> None:
        if self._troubled:
            log.warning("the platform answers again")
        self._troubled = False

    def run(self, stop: threading.Event) -> None:
        """Body of the heartbeat thread."""
        pause = min(self._client.heartbeat_interval, self._client.state_poll_interval)
        while not stop.wait(pause):
            try:
                self.verdict = self.check()
            except CredentialRejectedError as error:
                self.error = error
            except Exception:
                # Whatever it was, a silent death of this thread would paint the agent offline.
                log.exception("heartbeat thread: unexpected trouble, going on")
            if self.verdict or self.error:
                return

    def ended(self) -> str | None:
        if self.error:
            raise self.error
        return self.verdict


def run_heartbeat_loop(client: RemoteAgentClient, max_iterations: int | None, supplier: Supplier | None) -> str:
    presence = Presence(client, supplier)
    done = 0
    while not client.stopped.is_set():
        if max_iterations is not None and done >= max_iterations:
            return "max_iterations"
        verdict = presence.check()
        if verdict:
            return verdict
        done += 1
        if max_iterations is None or done < max_iterations:
            client.stopped.wait(client.heartbeat_interval)
    return "stopped"


def run_agent_loop(client: RemoteAgentClient, handler: MessageHandler, delivery: InboundDelivery | None,
                   max_iterations: int | None, supplier: Supplier | None) -> str:
    from .inbound import PollDelivery  # inbound builds on the client, which builds on this module

    delivery = delivery or PollDelivery(client, cursor_file=client.token_dir / "inbox_cursor")
    presence = Presence(client, supplier)
    end_of_beats = threading.Event()
    beats = threading.Thread(target=presence.run, args=(end_of_beats,), name="molecule-heartbeat", daemon=True)
    try:
        verdict = presence.check()
        if verdict:
            return verdict
        beats.start()
        return _deliver(client, handler, delivery, max_iterations, presence)
    finally:
        end_of_beats.set()
        delivery.stop()
        if beats.is_alive():
            beats.join(timeout=STATE_SLICE)


def _deliver(client: RemoteAgentClient, handler: MessageHandler, delivery: InboundDelivery,
             max_iterations: int | None, presence: Presence) -> str:
    interval = float(getattr(delivery, "interval", 0) or 0)
    rhythm = min(client.heartbeat_interval, interval) if interval > 0 else client.heartbeat_interval
    done, failures = 0, 0
    while max_iterations is None or done < max_iterations:
        if client.stopped.is_set():
            return "stopped"
        verdict = presence.ended()
        if verdict:
            return verdict
        started, handled = time.monotonic(), 0
        try:
            handled = delivery.run_once(handler)
            failures = 0
        except WorkspaceGoneError:
            return "removed"
        except (PlatformError, requests.RequestException) as error:
            failures += 1
            log.log(logging.WARNING if failures == 1 else logging.INFO, "cannot fetch messages: %s", error)
        done += 1
        if handled or (max_iterations is not None and done >= max_iterations):
            continue
        # The long poll itself took most of the rhythm; what is left is waited out, and trouble backs off.
        pause = max(rhythm - (time.monotonic() - started), backoff(failures) if failures else 0.0)
        _wait(client, presence, pause)
    return "max_iterations"


def _wait(client: RemoteAgentClient, presence: Presence, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not presence.verdict and not presence.error:
        left = deadline - time.monotonic()
        if left <= 0 or client.stopped.wait(min(left, STATE_SLICE)):
            return


def stop_on_signals(client: RemoteAgentClient) -> None:
    """See `RemoteAgentClient.stop_on_signals`."""
    def handle(number: int, frame: Any) -> None:
        if client.stopped.is_set():
            raise KeyboardInterrupt
        client.stop()
        if client._activity.interruptible:
            raise StopRequested

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
