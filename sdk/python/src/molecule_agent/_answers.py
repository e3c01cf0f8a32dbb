"""Answers: read within a bound, and told apart by who gave them.

Between an agent and its platform stand proxies, login pages of hotel networks and, during a deploy, somebody else's
web server. All of them answer 401, 403, 404 and 410, and none of these numbers means what it means from the platform.
What follows from an answer (a workspace that is gone, a token that is refused, a cursor that is lost) is therefore
read from the platform's own words in the body, never from the status alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests

from . import _wire
from ._errors import CredentialRejectedError, ForeignAnswerError, PlatformError, WorkspaceGoneError, peer_failed

MAX_ANSWER_BYTES = 192 * 1024 * 1024
"""Above the largest page of the platform: one row with a request of 16 MiB, twice, and an answer of 64 MiB, twice."""
MAX_QUOTED_CHARS = 80
"""Of an answer that is not the platform's, this much is shown in the error."""

TOKEN_CODES = frozenset({"missing_token", "invalid_token", "token_expired", "workspace_token_required"})
MISPLACED_CODES = frozenset({"token_workspace_mismatch", "own_only"})
"""403: the token is good, but it is another workspace's."""
REMOVED_CODE = "workspace_removed"
UNKNOWN_CODE = "workspace_not_found"
CURSOR_CODES = frozenset({"cursor_gone", "invalid_since_id"})

# Platforms without codes use these words.
_TOKEN_TEXTS = frozenset({"missing workspace auth token", "invalid workspace auth token", "missing caller auth token",
                          "invalid caller auth token"})
_UNKNOWN_TEXT = "workspace not found"
_CURSOR_TEXT = "since_id cursor not found"


class Answer:
    """A whole answer, read within MAX_ANSWER_BYTES."""

    def __init__(self, response: requests.Response, body: bytes) -> None:
        self.response = response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.body = body

    def json(self) -> Any:
        """The decoded body. Raises ForeignAnswerError when it is not JSON, naming what came instead."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise ForeignAnswerError(f"{self.status}, {self.shown()}, where the platform would answer with JSON; {_WHO}",
                                     status=self.status, response=self.response) from None

    def details(self) -> dict[str, Any]:
        """The JSON object of the body, {} when it is none."""
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def shown(self) -> str:
        """What came, in a few words."""
        kind = self.headers.get("Content-Type") or "no type"
        text = " ".join(self.body[:4 * MAX_QUOTED_CHARS].decode("utf-8", "replace").split())
        printable = "".join(c for c in text if c.isprintable())
        return f"{kind} {printable[:MAX_QUOTED_CHARS]!r}" if printable else f"{kind}, empty"


_WHO = "is there a proxy or a login page on the way, and is platform_url right?"


def read_bounded(response: requests.Response, limit: int) -> bytes:
    """The body of a streamed response. Raises PlatformError when it is longer than `limit`."""
    chunks, size = [], 0
    for chunk in response.iter_content(64 * 1024):
        size += len(chunk)
        if size > limit:
            raise PlatformError(f"the answer is longer than {limit} bytes", status=response.status_code,
                                response=response)
        chunks.append(chunk)
    return b"".join(chunks)


def stated_reason(details: Mapping[str, Any]) -> str:
    """The sentence of a refusal, "" when the object is no refusal of the platform's form."""
    reason = details.get("error")
    if isinstance(reason, dict):
        reason = reason.get("message")
    return reason if isinstance(reason, str) else ""


def says_removed(status: int, details: Mapping[str, Any], workspace_id: str) -> bool:
    """Whether the platform says that this very workspace is gone: removed, or unknown to it."""
    named = details.get("workspace_id", details.get("id"))
    if isinstance(named, str) and named.lower() != workspace_id.lower():
        return False
    if status == 404:
        return (details.get("deleted") is True and isinstance(named, str)) or \
            details.get("code") == UNKNOWN_CODE or details.get("error") == _UNKNOWN_TEXT
    return status == 410 and (details.get("code") == REMOVED_CODE or
                              (isinstance(named, str) and "removed_at" in details))


def says_token_refused(status: int, details: Mapping[str, Any]) -> bool:
    """Whether the platform says that no request with this token will be taken any more."""
    if status == 403:
        return details.get("code") in MISPLACED_CODES
    return status == 401 and not peer_failed(dict(details)) and \
        (details.get("code") in TOKEN_CODES or details.get("error") in _TOKEN_TEXTS)


def says_cursor_lost(status: int, details: Mapping[str, Any]) -> bool:
    # 400 with this code: what was kept as a cursor is no id at all, which is as good as lost.
    return status in (400, 410) and (details.get("code") in CURSOR_CODES or
                                     stated_reason(details).startswith(_CURSOR_TEXT))


def error_for(answer: Answer, what: str) -> PlatformError:
    """The error that describes a refused request; `what` is the request in words."""
    details = answer.details()
    reason = stated_reason(details)
    if not reason and details.get("deleted") is not True:
        return ForeignAnswerError(f"{what}: {answer.status}, {answer.shown()}, which the platform did not say; {_WHO}",
                                  status=answer.status, details=details, response=answer.response)
    kind: type[PlatformError] = PlatformError
    if answer.status == 401 and says_token_refused(401, details):
        kind = CredentialRejectedError
    elif answer.status == 410 and (details.get("code") == REMOVED_CODE or "removed_at" in details):
        kind = WorkspaceGoneError
    return kind(f"{what}: {answer.status} {reason or 'removed'}", status=answer.status,
                code=_wire.text_or(details.get("code")), details=details, response=answer.response)
