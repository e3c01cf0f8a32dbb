"""The calls that carry work: fetching messages, answering them, delegating and waiting for results."""

from __future__ import annotations

import functools
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import requests

from . import _wire, wire_types
from ._answers import Answer, error_for, says_cursor_lost
from ._asked import Asked, InHand, Said
from ._awake import backoff, now
from ._chain import chain_headers
from ._errors import CursorLostError, ForeignAnswerError, PlatformError
from ._models import FetchedMessage, InboundMessage, InboundSource, SharedFile
from ._transport import Transport, segment

log = logging.getLogger("molecule_agent")

SHORT_TIMEOUT = 10.0
READ_TIMEOUT = 15.0
CALL_TIMEOUT = 30.0
MAX_WAIT = 30
"""Seconds the platform holds a long poll at most."""
RECORDING_TIMEOUT = 15.0
"""Seconds that a later word waits until the platform has the answer that went before it."""
DELEGATE_ATTEMPTS = 4
ENDED = frozenset({"completed", "failed", "canceled"})
RECEIPT = frozenset({"status", "jsonrpc", "result"})
"""One of these is in every answer of the platform to a reply it took."""


Named = str | Mapping[str, Any]
"""An id, or what the platform said of the thing that has it."""


def _id_in(given: Named, name: str) -> str:
    found = given.get(name) if isinstance(given, Mapping) else given
    if not isinstance(found, str):
        what = f"a dictionary of {', '.join(map(str, given))}" if isinstance(given, Mapping) else type(given).__name__
        raise TypeError(f"give a {name}, or a dictionary that has one, not {what}")
    return found


def _has_ended(group: dict[str, Any], more_than: int | None = None) -> bool:
    return bool(group["ended"] == group["total"] or (more_than is not None and group["ended"] > more_than))


class MessageCalls:
    """The part of `RemoteAgentClient` that needs nothing but a transport and its own workspace."""

    workspace_id: str
    _self_path: str
    _transport: Transport
    _in_hand: InHand

    @property
    def stopped(self) -> threading.Event:
        """Set once `stop` was called."""
        return self._transport.stopped

    def fetch_inbound(self, since_id: str | None = None, limit: int = 100, type: str = "a2a_receive",
                      peer_id: str | None = None, before_ts: str | None = None, *, since_secs: int | None = None,
                      order: str | None = None, wait: int | None = None,
                      before_seq: int | None = None) -> list[FetchedMessage]:
        """Activity rows of this workspace as messages (`row.text`, `row.source` …) that are also the rows themselves
        (`row["created_at"]`). `wait` (seconds, at most MAX_WAIT) lets the platform hold the answer until a row exists;
        it needs `since_id` or `since_secs`. To look further back, give the last row's `row["seq"]` as `before_seq`:
        unlike a time it goes on exactly, whatever was done to the clock. Raises CursorLostError when `since_id` is unknown there."""
        asked = {"type": type, "limit": limit, "since_id": since_id, "peer_id": peer_id, "before_ts": before_ts,
                 "since_secs": since_secs, "order": order, "wait": wait, "before_seq": before_seq}
        params = {name: value for name, value in asked.items() if value is not None}
        answer = self._transport.get(f"{self._self_path}/activity", params=params,
                                     timeout=READ_TIMEOUT + min(wait or 0, MAX_WAIT))
        if since_id is not None and says_cursor_lost(answer.status, answer.details()):
            error = error_for(answer, "fetch activity")
            raise CursorLostError(error.message, status=answer.status, code=error.code, details=error.details,
                                  response=error.response)
        rows = self._checked(answer, "fetch activity")
        if isinstance(rows, dict):
            rows = rows.get("items")
        if not isinstance(rows, list):
            raise ForeignAnswerError(f"fetch activity: {answer.status}, {answer.shown()}, which is no list of rows",
                                     status=answer.status, response=answer.response)
        found = [FetchedMessage.of(row) for row in rows if isinstance(row, dict)]
        return [message for message in found if message is not None]

    def reply(self, message: InboundMessage, text: str, *, failed: bool = False,
              files: Sequence[SharedFile] = ()) -> None:
        """Answer `message`: on the canvas for a person, through the platform for a peer. The first reply to a message that
        a handler has in hand is its answer, at once and however the message came; a later one goes to its sender as a
        message of its own. Repeating the same answer to the same message changes nothing. `failed` says that `text` is why
        there is no result. `files` are those that `upload` returned.
        Raises ValueError for blank text or an unknown sender."""
        if not text or not text.strip():
            raise ValueError("a reply needs text")
        said = Said(text, failed, tuple(files))
        asked = self._in_hand.find(message)
        if asked is None:
            self._send_reply(message, said)
            return
        with asked.replying:
            if said in asked.said:
                return
            if asked.call is None:
                self._send_reply(message, said)
            elif not asked.call.answer(said):
                self._wait_until_recorded(asked)
                self._send_reply(message, said)
            asked.said.append(said)

    def _wait_until_recorded(self, asked: Asked) -> None:
        """Else the platform could take a later word for the answer, which is still on its way there."""
        name = asked.recorded_as
        deadline = now() + RECORDING_TIMEOUT
        pause = 0.02
        while name and now() < deadline:
            try:
                if self.task(self.workspace_id, name)["status"]["state"] not in ("submitted", "working"):
                    break
            except (requests.ConnectionError, requests.Timeout, PlatformError) as error:
                if isinstance(error, PlatformError) and not error.transient:
                    log.info("cannot see how message %s stands: %s", name, error)
                    break
            self.stopped.wait(pause)
            pause = min(2 * pause, 1.0)
        asked.recorded_as = ""

    def _send_reply(self, message: InboundMessage, said: Said) -> None:
        text, failed, files = said.text, said.failed, said.files
        if message.source == InboundSource.canvas_user:
            body: wire_types.Notice = {"message": text}
            if message.activity_id:
                body["reply_to"] = message.activity_id
            if failed:
                body["failed"] = True
            if files:
                body["attachments"] = [cast(wire_types.Attachment, file.told()) for file in files]
            answer = self._transport.post(f"{self._self_path}/notify", body, timeout=READ_TIMEOUT)
        elif message.source == InboundSource.peer_agent and message.source_id:
            digest = hashlib.sha256(f"{self.workspace_id}:{message.activity_id}:{text}".encode()).hexdigest()
            metadata: dict[str, Any] = {"reply_to": message.activity_id}
            if failed:
                metadata["failed"] = True
            envelope = _wire.message_send(text, role="agent", request_id=message.activity_id,
                                          message_id=f"reply-{digest[:48]}", metadata=metadata, files=files)
            headers = {"X-Source-Workspace-Id": self.workspace_id, **self._sender()}
            answer = self._transport.post(f"/workspaces/{segment(message.source_id)}/a2a", envelope, headers=headers,
                                          timeout=READ_TIMEOUT)
        else:
            raise ValueError(f"message {message.activity_id} has no sender that can be answered")
        if not RECEIPT.intersection(self._envelope(answer, "reply")):
            raise ForeignAnswerError(f"reply: {answer.status}, {answer.shown()}, which is no receipt of the platform",
                                     status=answer.status, response=answer.response)

    def record_error(self, summary: str, detail: str = "") -> None:
        """Put an error row into this workspace's activity, where people see it."""
        body: wire_types.Report = {"activity_type": "error", "summary": summary, "error_detail": detail, "status": "error"}
        self._checked(self._transport.post(f"{self._self_path}/activity", body, timeout=SHORT_TIMEOUT), "record error")

    def delegate(self, task: str, target_id: str, idempotency_key: str | None = None,
                 timeout: float = 300.0) -> dict[str, Any]:
        """Hand `task` to a peer; returns at once with its `delegation_id`. `wait_for_delegation` takes that, or all that
        was returned, and brings the result.

        Each call is its own task: without an `idempotency_key` a fresh one is made and kept over retries, so an
        acceptance whose answer was lost is not accepted twice. Give a key to make several calls one task.
        """
        segment(target_id)
        if idempotency_key is None:
            idempotency_key = hashlib.sha256(f"{target_id}:{_wire.fresh_id()}".encode()).hexdigest()
        body: wire_types.NewDelegation = {"target_id": target_id, "task": task, "idempotency_key": idempotency_key}
        return self._hand_over("delegate", body, timeout)

    def delegate_many(self, task: str | None, targets: Sequence[str | tuple[str, str]],
                      idempotency_key: str | None = None, timeout: float = 300.0) -> dict[str, Any]:
        """Hand `task` to several peers at once, at most 32; all of them are accepted or none. A target is a workspace's
        id, or that and a task of its own. Returns the `group_id` and each peer's `delegation_id`, in the order of
        `targets`; `wait_for_delegations` and `delegations_as_they_end` bring the results. Keys are as for `delegate`."""
        named = [(target, None) if isinstance(target, str) else target for target in targets]
        if idempotency_key is None:
            idempotency_key = hashlib.sha256(f"{len(named)}:{_wire.fresh_id()}".encode()).hexdigest()
        each: list[wire_types.DelegationTarget] = []
        for target_id, own in named:
            segment(target_id)
            each.append({"target_id": target_id} if own is None else {"target_id": target_id, "task": own})
        body: wire_types.NewDelegations = {"targets": each, "idempotency_key": idempotency_key}
        if task is not None:
            body["task"] = task
        return self._hand_over("delegations", body, timeout)

    def _hand_over(self, path: str, body: wire_types.NewDelegation | wire_types.NewDelegations,
                   timeout: float) -> dict[str, Any]:
        deadline = now() + timeout
        for attempt in range(1, DELEGATE_ATTEMPTS + 1):
            left = max(1.0, deadline - now())
            final = attempt == DELEGATE_ATTEMPTS or left <= 1.0 or self.stopped.is_set()
            try:
                answer = self._transport.post(f"{self._self_path}/{path}", body, headers=self._sender(),
                                              timeout=min(left, CALL_TIMEOUT))
                return self._envelope(answer, "delegate")
            except (requests.ConnectionError, requests.Timeout, PlatformError) as error:
                if final or (isinstance(error, PlatformError) and not error.transient):
                    raise
            self.stopped.wait(min(backoff(attempt), left))
        raise AssertionError("the last attempt returns or raises")

    def delegation(self, delegation_id: Named, wait: int = 0) -> dict[str, Any]:
        """One delegation of this workspace as it stands; `wait` seconds (at most MAX_WAIT) for its end first."""
        wait = max(0, min(int(wait), MAX_WAIT))
        name = _id_in(delegation_id, "delegation_id")
        answer = self._transport.get(f"{self._self_path}/delegations/{segment(name)}",
                                     params={"wait": wait} if wait else None, timeout=READ_TIMEOUT + wait)
        return self._envelope(answer, "read delegation")

    def wait_for_delegation(self, delegation_id: Named, timeout: float = 300.0) -> dict[str, Any]:
        """Wait until the delegation is completed, failed or canceled and return it. Raises TimeoutError when it still runs
        after `timeout` seconds; the work goes on and may be asked for again."""
        name = _id_in(delegation_id, "delegation_id")
        return self._until(lambda wait: self.delegation(name, wait), lambda row: row.get("status") in ENDED,
                           f"delegation {name}", timeout)

    def delegation_group(self, group_id: Named, wait: int = 0, ended: int | None = None) -> dict[str, Any]:
        """How those stand that `delegate_many` handed over together: `total`, `ended` and the `delegations`, without whole
        results. `wait` seconds (at most MAX_WAIT) until more than `ended` of them have ended, or all."""
        wait = max(0, min(int(wait), MAX_WAIT))
        asked = {"wait": wait or None, "ended": ended}
        answer = self._transport.get(f"{self._self_path}/delegations/groups/{segment(_id_in(group_id, 'group_id'))}",
                                     params={name: value for name, value in asked.items() if value is not None},
                                     timeout=READ_TIMEOUT + wait)
        return self._envelope(answer, "read delegations")

    def delegations_as_they_end(self, group_id: Named, timeout: float = 300.0) -> Iterator[dict[str, Any]]:
        """Each delegation of a group, whole, as soon as it is completed, failed or canceled. Raises TimeoutError when some
        still run after `timeout` seconds; the work goes on."""
        deadline = now() + timeout
        name = _id_in(group_id, "group_id")
        given: set[str] = set()
        ended = 0
        while True:
            read = functools.partial(self.delegation_group, name, ended=ended)
            group = self._until(read, functools.partial(_has_ended, more_than=ended), f"group {name}",
                                max(0.0, deadline - now()))
            ended = group["ended"]
            for row in group["delegations"]:
                if row["status"] in ENDED and row["delegation_id"] not in given:
                    given.add(row["delegation_id"])
                    yield self.delegation(row["delegation_id"])
            if group["ended"] == group["total"]:
                return

    def wait_for_delegations(self, group_id: Named, timeout: float = 300.0) -> list[dict[str, Any]]:
        """Wait until every delegation of a group is completed, failed or canceled and return them, whole, in the order of
        their targets. Raises TimeoutError as `wait_for_delegation` does."""
        name = _id_in(group_id, "group_id")
        group = self._until(lambda wait: self.delegation_group(name, wait), _has_ended, f"group {name}", timeout)
        return [self.delegation(row["delegation_id"]) for row in group["delegations"]]

    def cancel_delegation(self, delegation_id: Named) -> dict[str, Any]:
        """Call a delegation off, with whatever was asked because of it; whoever is at it is told to stop. Raises
        PlatformError when it is completed or failed."""
        name = _id_in(delegation_id, "delegation_id")
        answer = self._transport.post(f"{self._self_path}/delegations/{segment(name)}/cancel", {},
                                      headers=self._sender(), timeout=CALL_TIMEOUT)
        return self._envelope(answer, "cancel delegation")

    def _until(self, read: Callable[[int], dict[str, Any]], over: Callable[[dict[str, Any]], bool], what: str,
               timeout: float) -> dict[str, Any]:
        """What `read` gives, asked again and again until `over` says so, each time with the seconds that the platform may
        hold the request."""
        deadline = now() + timeout
        trouble = 0
        while True:
            left = deadline - now()
            started = now()
            try:
                seen = read(int(max(0, min(left, MAX_WAIT))))
                trouble = 0
                if over(seen):
                    return seen
            except (requests.ConnectionError, requests.Timeout, PlatformError) as error:
                if isinstance(error, PlatformError) and not error.transient:
                    raise
                trouble += 1
                log.info("cannot read %s (%s); trying again", what, error)
            left = deadline - now()
            if left <= 0 or self.stopped.is_set():
                raise TimeoutError(f"{what} has no result after {timeout:.0f} s; the work goes on")
            # A platform that held the request already waited; one that answered at once is not asked in a tight loop.
            pause = backoff(trouble) if trouble else max(0.0, 1.0 - (now() - started))
            self.stopped.wait(min(pause, left))

    def task(self, workspace_id: str, task_id: str, *, history: int | None = None) -> dict[str, Any]:
        """How a message to a workspace stands, as an A2A task (0.3): one that this agent sent there, or any of its own.
        `metadata.molecule.standing` is the precise word. Raises PlatformError, also for a task that is not its business."""
        params = {"id": task_id} | ({} if history is None else {"historyLength": history})
        return self._task_call(workspace_id, "tasks/get", params)

    def tasks(self, workspace_id: str, **filters: Any) -> dict[str, Any]:
        """One page of what this agent sent to a workspace, newest change first; `pageToken=page["nextPageToken"]` goes on.
        Filters are A2A's: contextId, status, pageSize, historyLength, includeArtifacts, statusTimestampAfter."""
        return self._task_call(workspace_id, "tasks/list", filters)

    def task_tree(self, workspace_id: str, task_id: str) -> list[dict[str, Any]]:
        """A task that this agent sent to a workspace, or one of its own, and what was asked because of it: each behind its
        parent, with its `depth`, `state` and times. What is neither from nor to this agent is `hidden`."""
        path = f"/workspaces/{segment(workspace_id)}/tasks/{segment(task_id)}/tree"
        nodes: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = self._envelope(self._transport.get(path, params={"after": after} if after else None,
                                                      timeout=READ_TIMEOUT), "read task tree")
            nodes += page["nodes"]
            after = page.get("next")
            if after is None:
                return nodes

    def cancel_task(self, workspace_id: str, task_id: str) -> dict[str, Any]:
        """Call a message off, with whatever was asked because of it, and return its task. Raises PlatformError when it has ended or its agent does not stop it."""
        return self._task_call(workspace_id, "tasks/cancel", {"id": task_id})

    def _task_call(self, workspace_id: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        envelope = {"jsonrpc": "2.0", "id": _wire.fresh_id(), "method": method, "params": params}
        answer = self._transport.post(f"/workspaces/{segment(workspace_id)}/a2a", envelope, headers=self._sender(),
                                      timeout=CALL_TIMEOUT)
        reply = self._envelope(answer, method)
        result = reply.get("result")
        if not isinstance(result, dict):
            raise error_for(answer, method)
        return result

    # --- reading answers ---

    def _sender(self) -> dict[str, str]:
        return {"X-Workspace-ID": self.workspace_id, **chain_headers()}

    def _checked(self, answer: Answer, what: str) -> Any:
        """The decoded answer, None for one that has no content. Raises what `error_for` makes of a refusal."""
        if not 200 <= answer.status < 300:
            raise error_for(answer, what)
        return answer.json() if answer.body.strip() else None

    def _envelope(self, answer: Answer, what: str) -> dict[str, Any]:
        """As `_checked`, where the platform always answers with an object."""
        reply = self._checked(answer, what)
        if not isinstance(reply, dict):
            raise ForeignAnswerError(f"{what}: {answer.status}, {answer.shown()}, where the platform answers with a "
                                     "JSON object", status=answer.status, response=answer.response)
        return reply
