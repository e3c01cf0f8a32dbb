"""Carries requests to the platform and to peers: headers, timeouts, size bounds, retries, and errors with a reason.

The bearer token is attached here and only here, and only to the platform's own address; a redirect is never followed,
so it cannot travel anywhere else.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

import requests

from . import _wire
from ._errors import CredentialRejectedError, PlatformError, WorkspaceGoneError, peer_failed
from ._version import __version__

log = logging.getLogger("molecule_agent")

CONNECT_TIMEOUT = 10.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
DEFAULT_GET_MAX_RETRIES = 3
MAX_BACKOFF = 30.0
MAX_RETRY_AFTER = 120.0
"""A platform that asks for a longer pause than this gets its refusal reported at once instead."""
USER_AGENT = f"molecule-ai-sdk/{__version__}"


class Answer:
    """A whole answer, read within MAX_ANSWER_BYTES."""

    def __init__(self, response: requests.Response, body: bytes) -> None:
        self.response = response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.body = body

    def json(self) -> Any:
        """The decoded body. Raises PlatformError when it is not JSON, naming what came instead."""
        try:
            return json.loads(self.body)
        except ValueError:
            kind = self.headers.get("Content-Type", "an unnamed type")
            raise PlatformError(f"the platform answered {self.status} with {kind} where JSON was expected; "
                                "is platform_url right?", status=self.status, response=self.response) from None


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


def _no_credentials(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    # An explicit hook keeps requests from looking into ~/.netrc, which would replace or add a credential.
    return prepared


def error_for(answer: Answer, what: str) -> PlatformError:
    """The error that describes a refused request; `what` is the request in words."""
    details: dict[str, Any] = {}
    try:
        parsed = json.loads(answer.body)
        if isinstance(parsed, dict):
            details = parsed
    except ValueError:
        pass
    reason = details.get("error")
    if isinstance(reason, dict):
        reason = reason.get("message")
    if not isinstance(reason, str) or not reason:
        reason = answer.response.reason or "no reason given"
    kind: type[PlatformError] = PlatformError
    if answer.status == 401 and not peer_failed(details):
        kind = CredentialRejectedError
    elif answer.status == 410 and not peer_failed(details):
        kind = WorkspaceGoneError
    return kind(f"{what}: {answer.status} {reason}", status=answer.status, code=_wire.text_or(details.get("code")),
                details=details, response=answer.response)


class Transport:
    """One platform, one workspace's credential. Safe to use from several threads."""

    def __init__(self, session: requests.Session, platform_url: str, tenant_headers: Mapping[str, str],
                 token: Callable[[], str | None]) -> None:
        self._session = session
        self._platform_url = platform_url
        self._tenant_headers = dict(tenant_headers)
        self._token = token
        self.stopped = threading.Event()

    def headers(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Bearer if known, tenant headers, then `extra`, which wins."""
        bundle = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        token = self._token()
        if token:
            bundle["Authorization"] = f"Bearer {token}"
        bundle.update(self._tenant_headers)
        bundle.update(extra or {})
        return bundle

    def get(self, path: str, *, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None,
            timeout: float, retries: int = DEFAULT_GET_MAX_RETRIES) -> Answer:
        """GET, repeated after 429 as the platform asks. The last answer is returned whatever it is."""
        attempt = 1
        while True:
            answer = self.once("GET", path, params=params, headers=headers, timeout=timeout)
            if answer.status != 429 or attempt >= retries or self.stopped.is_set():
                return answer
            asked = _wire.retry_after_seconds(answer.headers.get("Retry-After"))
            if asked is not None and asked > MAX_RETRY_AFTER:
                return answer
            pause = asked if asked is not None else backoff(attempt)
            log.info("the platform asks for patience; trying again in %.1f s", pause)
            self.stopped.wait(pause)
            attempt += 1

    def post(self, path: str, body: Any, *, headers: Mapping[str, str] | None = None, timeout: float) -> Answer:
        """POST, once: a message that may have arrived is not sent again without the caller's knowledge."""
        return self.once("POST", path, body=body, headers=headers, timeout=timeout)

    def open(self, path: str, *, params: Mapping[str, Any] | None = None, timeout: float) -> requests.Response:
        """GET whose body the caller streams and closes."""
        return self._send("GET", path, params=params, timeout=timeout)

    def once(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None,
             headers: Mapping[str, str] | None = None, timeout: float) -> Answer:
        with self._send(method, path, params=params, body=body, headers=headers, timeout=timeout) as response:
            return Answer(response, read_bounded(response, MAX_ANSWER_BYTES))

    def _send(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None,
              headers: Mapping[str, str] | None = None, timeout: float) -> requests.Response:
        response = self._session.request(
            method, self._platform_url + path, params=params, json=body, headers=self.headers(headers),
            timeout=(min(CONNECT_TIMEOUT, timeout), timeout), stream=True, allow_redirects=False, auth=_no_credentials)
        if response.is_redirect:
            target = response.headers.get("Location", "")
            response.close()
            raise PlatformError(f"the platform redirects to {target}; use its final address as platform_url",
                                status=response.status_code, response=response)
        return response


def backoff(attempt: int) -> float:
    """1, 2, 4 … seconds with a quarter of a second of jitter either way, at most MAX_BACKOFF."""
    return float(min(MAX_BACKOFF, max(0.0, 2.0 ** min(attempt - 1, 16) + random.uniform(-0.25, 0.25))))


class PeerTransport:
    """Carries messages straight to a peer's URL. It holds no credential at all, so none can leak to a peer."""

    def __init__(self, template: requests.Session) -> None:
        self._session = requests.Session()
        # Trust settings of the given session apply to peers; its headers, cookies and credentials do not.
        self._session.verify = getattr(template, "verify", True)
        self._session.proxies = dict(getattr(template, "proxies", None) or {})

    def post(self, url: str, body: Any, *, sender: str, timeout: float) -> Answer:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", "X-Workspace-ID": sender}
        with self._session.post(url, json=body, headers=headers, timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
                                stream=True, allow_redirects=False, auth=_no_credentials) as response:
            self._session.cookies.clear()
            return Answer(response, read_bounded(response, MAX_ANSWER_BYTES))

    def close(self) -> None:
        self._session.close()


def never_delivered(error: requests.RequestException) -> bool:
    """True when the request cannot have reached the other side: no connection came to be."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.InvalidURL,
                          requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema)):
        return True
    cause: Any = error.args[0] if error.args else None
    return isinstance(error, requests.ConnectionError) and \
        type(getattr(cause, "reason", None)).__name__ in ("NewConnectionError", "NameResolutionError")


def is_http_url(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def segment(text: str) -> str:
    """`text` as one path segment. Raises ValueError for what cannot be one, so that an id can never climb out of its
    place in a path."""
    if text in ("", ".", "..") or "\x00" in text:
        raise ValueError(f"{text!r} cannot be an id")
    return urllib.parse.quote(text, safe="")
