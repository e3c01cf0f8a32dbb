"""The loops an agent lives in, and the heartbeats beside them.

Heartbeats come from one thread of their own, so a handler that works for an hour never misses one. The same thread
watches what people want of the workspace: a pause is waited out, removal ends the loop, and so does a token that the
platform itself refuses. Everything else is weather: it is logged once, waited out, and its end is logged.
"""

from __future__ import annotations

import logging
import random
import signal
import threading
from typing import Any

import requests

from ._answers import says_removed, says_token_refused
from ._awake import backoff, now, spread, wait
from ._calls import AgentCalls
from ._errors import CredentialRejectedError, PlatformError, RelayRefusedError, WorkspaceGoneError
from ._models import WorkspaceState
from ._work import StopRequested, Supplier
from .inbound import InboundDelivery, MessageHandler, PollDelivery

log = logging.getLogger("molecule_agent")

MAX_REFUSALS = 3
"""Heartbeats refused in a row, by the platform's own words, after which the token is taken to be revoked."""
PAUSE_LOOK = 5.0
"""Seconds, at most, until a resumed workspace is noticed. The agents of a team that is resumed at once look at moments
of their own, so they do not come back in one wave."""
JOIN_SECONDS = 1.0


class Presence:
    """Beats, watches the workspace's state, and finds out when the loop has to end."""

    def __init__(self, client: AgentCalls, supplier: Supplier | None) -> None:
        self._client = client
        self._refusals = 0
        self._failures = 0
        self._paused_at: float | None = None
        self.verdict: str | None = None
        self.error: CredentialRejectedError | None = None
        client._activity.supplier = supplier

    @property
    def paused(self) -> bool:
        return self._paused_at is not None

    @property
    def ended(self) -> bool:
        return bool(self.verdict or self.error)

    def look(self) -> WorkspaceState | None:
        """One heartbeat and one look at the state; None while that cannot be learned. Raises CredentialRejectedError
        after MAX_REFUSALS refused heartbeats in a row."""
        gone = WorkspaceState(self._client.workspace_id, "removed", deleted=True)
        failed = False
        try:
            self._client._activity.send()
            self._refusals = 0
        except WorkspaceGoneError as error:
            if says_removed(error.status, error.details, self._client.workspace_id):
                return gone
            failed = self._trouble("heartbeat", error)
        except PlatformError as error:
            if says_token_refused(error.status, error.details):
                self._refusals += 1
            failed = self._trouble("heartbeat", error)
        except requests.RequestException as error:
            failed = self._trouble("heartbeat", error)
        state = None
        # Asked even after a refusal: a removed workspace lost its token, and its state says why.
        try:
            state = self._client.poll_state()
            if state.deleted:
                return state
        except (PlatformError, requests.RequestException) as error:
            failed = self._trouble("state", error)
        if self._refusals >= MAX_REFUSALS:
            raise CredentialRejectedError(
                f"the platform refused the token of workspace {self._client.workspace_id} {self._refusals} times in a "
                f"row: it was revoked or replaced. Save a new one in {self._client.token_file} and start again",
                status=401)
        if failed:
            self._failures += 1
        else:
            self._recovered()
        return state

    def turn(self) -> None:
        """One look, and what follows from it for an agent loop."""
        try:
            state = self.look()
        except CredentialRejectedError as error:
            self.error = error
            return
        if state is None:
            return
        if state.deleted:
            self.verdict = "removed"
        elif state.paused and not self.paused:
            self._paused_at = now()
            log.warning("workspace %s is paused: no message is taken until somebody resumes it; heartbeats go on",
                        self._client.workspace_id)
        elif self._paused_at is not None and not state.paused:
            log.warning("workspace %s was resumed after %.0f s; taking messages again", self._client.workspace_id,
                        now() - self._paused_at)
            self._announce()
            self._paused_at = None

    def _announce(self) -> None:
        """Make address and card stand again: a platform may have dropped them with the pause."""
        if not self._client._registered:
            return
        try:
            self._client.register()
        except (PlatformError, requests.RequestException) as error:
            log.info("cannot register again after the pause: %s", error)

    def _trouble(self, what: str, error: Exception) -> bool:
        log.log(logging.INFO if self._failures else logging.WARNING, "%s failed, going on: %s", what, error)
        return True

    def _recovered(self) -> None:
        if self._failures:
            log.warning("the platform answers again")
        self._failures = 0

    def rest(self, regular: float) -> float:
        """Seconds until the next look, of which there is one every `regular` seconds when all is well."""
        if self._failures:
            return backoff(self._failures, regular)
        if self.paused:
            return min(regular, PAUSE_LOOK) * random.uniform(0.3, 1.0)
        return spread(regular)

    def run(self, stop: threading.Event) -> None:
        """Body of the heartbeat thread."""
        while not wait(stop, self.rest(min(self._client.heartbeat_interval, self._client.state_poll_interval))):
            try:
                self.turn()
            except Exception:
                # Whatever it was, a silent death of this thread would paint the agent offline.
                log.exception("heartbeat thread: unexpected trouble, going on")
            if self.ended:
                return


def run_heartbeat_loop(client: AgentCalls, max_iterations: int | None, supplier: Supplier | None) -> str:
    presence = Presence(client, supplier)
    done = 0
    while not client.stopped.is_set():
        if max_iterations is not None and done >= max_iterations:
            return "max_iterations"
        state = presence.look()
        if state is not None and state.should_stop:
            return state.status
        done += 1
        if max_iterations is None or done < max_iterations:
            wait(client.stopped, presence.rest(client.heartbeat_interval))
    return "stopped"


def run_agent_loop(client: AgentCalls, handler: MessageHandler, delivery: InboundDelivery | None,
                   max_iterations: int | None, supplier: Supplier | None) -> str:
    delivery = delivery or PollDelivery(client, cursor_file=client.token_dir / "inbox_cursor")
    presence = Presence(client, supplier)
    end_of_beats = threading.Event()
    beats = threading.Thread(target=presence.run, args=(end_of_beats,), name="molecule-heartbeat", daemon=True)
    try:
        presence.turn()
        if not presence.ended:
            beats.start()
        outcome = _deliver(client, handler, delivery, max_iterations, presence)
    except CredentialRejectedError as error:
        log.error("ended: %s", error)
        raise
    finally:
        end_of_beats.set()
        delivery.stop()
        if beats.is_alive():
            beats.join(timeout=JOIN_SECONDS)
    if outcome == "removed":
        log.warning("ended: workspace %s was removed on the platform; create a new one to connect this agent again",
                    client.workspace_id)
    else:
        log.info("ended: %s", outcome)
    return outcome


def _deliver(client: AgentCalls, handler: MessageHandler, delivery: InboundDelivery, max_iterations: int | None,
             presence: Presence) -> str:
    interval = float(getattr(delivery, "interval", 0) or 0)
    rhythm = min(client.heartbeat_interval, interval) if interval > 0 else client.heartbeat_interval
    done, failures = 0, 0
    while max_iterations is None or done < max_iterations:
        if client.stopped.is_set():
            return "stopped"
        if presence.error:
            raise presence.error
        if presence.verdict:
            return presence.verdict
        if presence.paused:
            wait(client.stopped, PAUSE_LOOK, lambda: presence.ended or not presence.paused)
            continue
        started, handled = now(), 0
        try:
            handled = delivery.run_once(handler)
            if failures:
                log.warning("messages can be fetched again")
            failures = 0
        except WorkspaceGoneError as error:
            if says_removed(error.status, error.details, client.workspace_id):
                return "removed"
            failures = _unfetched(failures, error)
        except RelayRefusedError:
            raise
        except (PlatformError, requests.RequestException) as error:
            failures = _unfetched(failures, error)
        done += 1
        if handled or (max_iterations is not None and done >= max_iterations):
            continue
        # The long poll itself took most of the rhythm; what is left is waited out, and trouble backs off.
        pause = max(rhythm - (now() - started), backoff(failures) if failures else 0.0)
        wait(client.stopped, pause, lambda: presence.ended)
    return "max_iterations"


def _unfetched(failures: int, error: Exception) -> int:
    log.log(logging.INFO if failures else logging.WARNING, "cannot fetch messages, trying again: %s", error)
    return failures + 1


def stop_on_signals(client: AgentCalls) -> None:
    """See `RemoteAgentClient.stop_on_signals`."""
    def handle(number: int, frame: Any) -> None:
        if client.stopped.is_set():
            raise KeyboardInterrupt
        client.stop()
        if client._activity.interruptible:
            raise StopRequested

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
