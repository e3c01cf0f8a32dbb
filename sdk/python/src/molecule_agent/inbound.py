"""How messages reach a handler: by polling the workspace's activity, or pushed to an `A2AServer`."""

from __future__ import annotations

import asyncio
import collections
import inspect
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import requests

from . import _files, _wire
from ._asked import waiting_call
from ._awake import backoff
from ._calls import AgentCalls
from ._chain import part_of
from ._errors import CredentialRejectedError, CursorLostError, PlatformError
from ._models import FetchedMessage, InboundMessage, InboundSource
from ._work import StopRequested
from .a2a_server import A2AServer

__all__ = ["DEFAULT_POLL_INTERVAL", "CursorLostError", "InboundDelivery", "InboundMessage", "InboundSource",
           "MessageHandler", "PollDelivery", "PushDelivery", "run_handler"]

log = logging.getLogger("molecule_agent")

DEFAULT_POLL_INTERVAL = 5.0
MAX_WAIT = 30
FIRST_WINDOW_SECS = 30 * 24 * 3600
"""How far back a poll without a cursor looks: as far as the platform goes, because messages wait in the inbox until an
agent comes. What was dealt with meanwhile is told apart by its `mail`."""
SETTLED = frozenset({"settled", "dead"})
"""Values of a row's `mail`: answered already, or given up."""
MAX_DOUBTS = 8
"""Tries of an answer that is refused without a code of the platform or for its path, which may be the word of something
on the way."""
REMEMBERED_IDS = 4096
"""Handled rows that are recognised when they come again."""

REMARK_ATTEMPTS = 4

MessageHandler = Callable[[InboundMessage, Any], "str | None | Awaitable[str | None]"]
"""Called with the message and the `RemoteAgentClient` that runs the loop."""


class InboundDelivery(Protocol):
    """A source of messages. `run_once` hands over what there is and returns how many; `stop` ends it for good."""

    def run_once(self, handler: MessageHandler) -> int: ...

    def stop(self) -> None: ...


def run_handler(handler: MessageHandler, message: InboundMessage, client: AgentCalls) -> str | None:
    """Call a handler, plain or async, and return its text. An async one gets an event loop of its own; called from
    inside a running loop that is a RuntimeError."""
    with part_of(message.activity_id):
        return _run(handler, message, client)


def _run(handler: MessageHandler, message: InboundMessage, client: AgentCalls) -> str | None:
    outcome = handler(message, client)
    if outcome is None or isinstance(outcome, str):
        return outcome
    if not inspect.isawaitable(outcome):
        raise TypeError(f"a handler returns text or None, not {type(outcome).__name__}")
    later: Awaitable[str | None] = outcome

    async def settle() -> str | None:
        return await later

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(settle())
    if inspect.iscoroutine(outcome):
        outcome.close()
    raise RuntimeError("an async handler cannot be run from inside a running event loop; run the agent loop in a "
                       "thread of its own")


def failure_text(reference: str) -> str:
    """What a sender is told when a handler failed: no exception text, but a reference that the agent's log has."""
    return f"I failed while working on this message; my log has the reason under {reference}."


class PollDelivery:
    """Fetches messages oldest first and remembers how far it came.

    The cursor moves past a row only once the row was dealt with: skipped, handled without an answer, or handled and
    its answer taken by the platform. An answer that cannot be delivered now is kept and tried again before the next
    message; the handler is not run twice for it. A handler that raises is answered with a reference into the log, and
    recorded as an error in the workspace's activity.

    A peer's answer to a message of ours is handed to the handler too, but what the handler returns for it is not sent:
    two agents would answer each other for ever. Rows of this agent itself (notifications, own messages) and results of
    its delegations are skipped; the latter go to `on_result` when one is given.
    """

    def __init__(self, client: AgentCalls, interval: float = DEFAULT_POLL_INTERVAL,
                 type: str = "a2a_receive", limit: int = 100, cursor_file: str | Path | None = None, *,
                 on_result: Callable[[dict[str, Any], Any], None] | None = None) -> None:
        self._client = client
        self.interval = interval
        self._type = type
        self._limit = limit
        self._cursor_file = Path(cursor_file).expanduser() if cursor_file else None
        self._on_result = on_result
        self._seen: collections.OrderedDict[str, None] = collections.OrderedDict()
        self._owed: tuple[InboundMessage, str, bool] | None = None
        self._doubts = 0
        self._stopped = False
        self._cursor = self._load_cursor()

    @property
    def cursor(self) -> str | None:
        """Id of the last row dealt with; None before the first."""
        return self._cursor

    def stop(self) -> None:
        """Make every further `run_once` return 0 at once."""
        self._stopped = True

    def run_once(self, handler: MessageHandler) -> int:
        """Fetch one batch and deal with it; returns how many messages were handed to `handler`. The platform holds
        the request for up to `interval` seconds while there is nothing. A lost cursor is reset and counts as 0."""
        if self._stopped or not self._settle():
            return 0
        try:
            rows = self._fetch()
        except CursorLostError as error:
            log.warning("the platform does not know cursor %s any more; asking for everything that still waits (%s)",
                        self._cursor, error)
            self._set_cursor(None)
            return 0
        except StopRequested:
            return 0
        handled = 0
        for row in rows:
            if self._stopped or self._client.stopped.is_set():
                break
            fresh = self._handle(row, handler)
            handled += fresh
            if self._owed is not None:
                break
        return handled

    def _fetch(self) -> list[FetchedMessage]:
        window = FIRST_WINDOW_SECS if self._cursor is None else None
        with self._client._activity.waiting():
            if self._client.stopped.is_set():
                return []
            rows = self._client.fetch_inbound(
                since_id=self._cursor, limit=self._limit, type=self._type, since_secs=window, order="asc",
                wait=int(min(self.interval, MAX_WAIT)) or None)
        # A platform that does not know `order` answers newest first; both sort to the same.
        if all(isinstance(row.get("seq"), int) for row in rows):
            rows.sort(key=lambda row: int(row["seq"]))
        elif all(isinstance(row.get("created_at"), str) for row in rows):
            rows.sort(key=lambda row: str(row["created_at"]))
        return rows

    def _handle(self, row: FetchedMessage, handler: MessageHandler) -> int:
        """Deal with one row; 1 when the handler ran."""
        message = row
        if message.activity_id in self._seen:
            self._set_cursor(message.activity_id)
            return 0
        if row.get("method") == "delegate_result":
            self._hand_over_result(row)
        if self._skipped(row, message):
            self._done(message)
            return 0
        failed = False
        with self._client._in_hand.take(message) as asked:
            try:
                answer = run_handler(handler, message, self._client)
            except Exception as error:
                answer, failed = self._record_failure(message, error), True
        if isinstance(answer, str) and answer.strip() and not asked.says(answer):
            if message.source == InboundSource.unknown:
                log.warning("message %s has no sender that can be answered; dropping the answer", message.activity_id)
            elif message.is_answer:
                log.debug("message %s is an answer itself; not answering it", message.activity_id)
            else:
                self._owed = (message, answer, failed)
        if self._owed is None:
            self._done(message)
        else:
            self._settle()
        return 1

    def _skipped(self, row: dict[str, Any], message: InboundMessage) -> bool:
        data = row.get("data")
        stated = data.get("source") if isinstance(data, dict) else row.get("source")
        return (row.get("method") in ("notify", "delegate_result", "chat_upload_receive") or stated == "self"
                or message.source_id == self._client.workspace_id or row.get("mail") in SETTLED)

    def _hand_over_result(self, row: dict[str, Any]) -> None:
        if self._on_result is None:
            return
        try:
            self._on_result(row, self._client)
        except Exception:
            log.exception("the on_result function failed for row %s", row.get("id"))

    def _record_failure(self, message: InboundMessage, error: Exception) -> str:
        log.exception("the handler failed for message %s", message.activity_id)
        try:
            self._client.record_error(f"handler failed for message {message.activity_id}", type(error).__name__)
        except (PlatformError, requests.RequestException) as trouble:
            log.info("cannot record the failure: %s", trouble)
        return failure_text(message.activity_id)

    def _settle(self) -> bool:
        """Deliver the answer that is owed, if any; False when it has to be tried again later."""
        if self._owed is None:
            return True
        message, answer, failed = self._owed
        try:
            self._client.reply(message, answer, failed=failed)
        except PlatformError as error:
            doubtful = error.code in ("", "not_found") and error.status in (401, 403, 404, 405, 407, 410)
            self._doubts += doubtful
            if error.transient or isinstance(error, CredentialRejectedError) or \
                    (doubtful and self._doubts < MAX_DOUBTS):
                log.warning("cannot deliver the answer to %s yet: %s", message.activity_id, error)
                return False
            log.error("the platform refused the answer to %s for good: %s", message.activity_id, error)
        except requests.RequestException as error:
            log.warning("cannot deliver the answer to %s yet: %s", message.activity_id, error)
            return False
        except ValueError as error:
            log.error("cannot answer %s: %s", message.activity_id, error)
        self._owed = None
        self._doubts = 0
        self._done(message)
        return True

    def _done(self, message: InboundMessage) -> None:
        self._seen[message.activity_id] = None
        while len(self._seen) > REMEMBERED_IDS:
            self._seen.popitem(last=False)
        self._set_cursor(message.activity_id)

    def _load_cursor(self) -> str | None:
        if self._cursor_file is None:
            return None
        try:
            return _files.read_small(self._cursor_file) or None
        except (OSError, ValueError) as error:
            log.warning("cannot read cursor file %s: %s; starting from a fresh window", self._cursor_file, error)
            return None

    def _set_cursor(self, cursor: str | None) -> None:
        if cursor == self._cursor:
            return
        self._cursor = cursor
        if self._cursor_file is None:
            return
        try:
            _files.write_private(self._cursor_file, (cursor or "") + "\n")
        except OSError as error:
            log.warning("cannot write cursor file %s: %s", self._cursor_file, error)


class PushDelivery:
    """Messages come to an `A2AServer`, which is started here; `run_once` has nothing to fetch.

    The server's own `message_handler` answers when it has one. Otherwise the handler given here, or else the one the
    agent loop passes to `run_once`, is called with an `InboundMessage`. Give it here when the platform may push as
    soon as the agent is registered. What it returns is the answer; when it has replied to the message itself, the first
    reply is, and what it returns or raises afterwards goes to the sender as a message of its own.
    """

    def __init__(self, client: AgentCalls, server: A2AServer, handler: MessageHandler | None = None) -> None:
        self._client = client
        self._server = server
        if handler is not None:
            self._attach(handler)
        server.start_in_background()

    def _attach(self, handler: MessageHandler) -> None:
        def answer(payload: dict[str, Any]) -> str | None:
            message = InboundMessage.from_request(payload, _wire.text_or(payload.get("sender")))
            call = waiting_call()
            with self._client._in_hand.take(message, call, _wire.text_or(payload.get("activity_id"))) as asked:
                try:
                    # The server has said which message this belongs to. The name that the message has here may be its
                    # sender's own, which could be that of another's message.
                    text, failed = _run(handler, message, self._client), False
                except Exception:
                    if call is None or not call.close():
                        raise
                    log.exception("the handler failed for message %s, which it had answered", message.activity_id)
                    text, failed = failure_text(message.activity_id), True
                if call is None or not call.close():
                    return text
                if text and text.strip() and not asked.says(text):
                    self._remark(message, text, failed)
                return None

        self._server.message_handler = answer

    def _remark(self, message: InboundMessage, text: str, failed: bool) -> None:
        """Send what comes after the answer."""
        if message.is_answer:
            log.debug("message %s is an answer itself; not going on about it", message.activity_id)
            return
        for attempt in range(1, REMARK_ATTEMPTS + 1):
            try:
                self._client.reply(message, text, failed=failed)
                return
            except (PlatformError, requests.RequestException) as error:
                passing = not isinstance(error, PlatformError) or error.transient
                if not passing or attempt == REMARK_ATTEMPTS or self._client.stopped.is_set():
                    log.error("cannot send what was said to %s beside its answer: %s", message.activity_id, error)
                    return
            self._client.stopped.wait(backoff(attempt))

    def run_once(self, handler: MessageHandler) -> int:
        if self._server.message_handler is None:
            self._attach(handler)
        return 0

    def stop(self) -> None:
        self._server.stop()
