"""What can go wrong when the platform is asked for something.

    requests.RequestException
    └── requests.HTTPError
        └── PlatformError                there was an answer, and it said no
            ├── CredentialRejectedError  the token is missing, wrong, revoked or expired, by the platform's own words
        │   └── RelayRefusedError    no connection of this agent's own is taken (any more)
        │       └── ReplacedError    because it has connected from elsewhere
            ├── WorkspaceGoneError       the workspace was removed for good, by the platform's own words
            ├── CursorLostError          the activity cursor is unknown; start from a fresh window
            └── ForeignAnswerError       something on the way answered instead of the platform; try again later

They descend from `requests.HTTPError`, so a program that already catches what `requests` raises keeps working.
A connection that fails raises what `requests` raises (`ConnectionError`, `Timeout`).
"""

from __future__ import annotations

from typing import Any

import requests


_PEER_FAILED = frozenset({"agent_error", "agent_failed", "bad_response", "response_too_large", "undeliverable"})


def peer_failed(details: dict[str, Any]) -> bool:
    """Whether an answer of the platform passes on that the peer itself failed: the message arrived, or never will.
    Its status is then about the peer, and not about who asks."""
    return "delivery_confirmed" in details or details.get("code") in _PEER_FAILED


class PlatformError(requests.HTTPError):
    """The platform refused a request.

    `status` is the HTTP status, `code` the machine-readable code ("" when the answer had none), `message` the
    sentence meant for people, `details` the whole JSON object of the answer ({} when it was not JSON).
    """

    def __init__(self, message: str, *, status: int = 0, code: str = "", details: dict[str, Any] | None = None,
                 response: Any = None) -> None:
        super().__init__(message, response=response)
        self.message = message
        self.status = status
        self.code = code
        self.details = details or {}

    @property
    def transient(self) -> bool:
        """True when the same request may succeed later: too many requests, or a fault on the platform's side. A peer
        that failed is neither; asked again, the platform repeats what the peer said."""
        return not peer_failed(self.details) and (self.status == 429 or self.status >= 500)


class CredentialRejectedError(PlatformError):
    """Waiting does not help: the token has to be replaced."""


class RelayRefusedError(CredentialRejectedError):
    """The platform takes no connection of this agent's own (any more), and will take none later."""


class ReplacedError(RelayRefusedError):
    """This workspace's agent has connected from elsewhere; the newer connection counts."""


class WorkspaceGoneError(PlatformError):
    """The workspace was removed. The agent should stop; a removed workspace never comes back."""


class CursorLostError(PlatformError):
    """The platform no longer knows the row a poll wanted to continue from."""


class ForeignAnswerError(PlatformError):
    """Not the platform's words: a proxy, a login page of the network, another server at this address. It says nothing
    about the workspace, the token or the message; the same request may succeed later."""

    @property
    def transient(self) -> bool:
        return True
