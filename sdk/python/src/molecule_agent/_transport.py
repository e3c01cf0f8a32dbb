"""Carries requests to the platform and to peers: headers, timeouts, size bounds, retries, and which way they take.

The bearer token is attached here and only here, and only to the platform's own address; a redirect is never followed,
so it cannot travel anywhere else. A proxy that the environment names is used for https alone, where it sees a tunnel
and nothing in it: over plain http it would read token and messages. Loopback never takes a proxy.
"""

from __future__ import annotations

import ipaddress
import logging
import random
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

import requests
import requests.utils

from . import _wire
from ._answers import MAX_ANSWER_BYTES, Answer, read_bounded
from ._awake import backoff
from ._errors import ForeignAnswerError
from ._version import __version__

log = logging.getLogger("molecule_agent")

CONNECT_TIMEOUT = 10.0
DEFAULT_GET_MAX_RETRIES = 3
MAX_RETRY_AFTER = 120.0
"""A platform that asks for a longer pause than this gets its refusal reported at once instead."""
USER_AGENT = f"molecule-ai-sdk/{__version__}"


def _no_credentials(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    # An explicit hook keeps requests from looking into ~/.netrc, which would replace or add a credential.
    return prepared


class Transport:
    """One platform, one workspace's credential. Safe to use from several threads."""

    def __init__(self, session: requests.Session, platform_url: str, tenant_headers: Mapping[str, str],
                 token: Callable[[], str | None]) -> None:
        self._session = session
        self._platform_url = platform_url
        self._tenant_headers = dict(tenant_headers)
        self._token = token
        self.stopped = threading.Event()
        passed = unused_proxy(platform_url, way_to(platform_url, session))
        if passed:
            log.warning("the proxy %s of the environment is not used for %s: over plain http it would read the token. "
                        "Serve the platform over https, or give a session whose `proxies` names it", passed,
                        platform_url)

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
            asked = _wire.retry_after_seconds(answer.headers.get("Retry-After"),
                                              _wire.http_date(answer.headers.get("Date")))
            if asked is not None and asked > MAX_RETRY_AFTER:
                return answer
            # Never sooner than asked, and not all at the same moment: everybody is asked for the same pause.
            pause = backoff(attempt) if asked is None else asked + random.uniform(0.0, max(1.0, asked / 4))
            log.info("the platform asks for patience; trying again in %.1f s", pause)
            self.stopped.wait(pause)
            attempt += 1

    def post(self, path: str, body: Any, *, headers: Mapping[str, str] | None = None, timeout: float) -> Answer:
        """POST, once: a message that may have arrived is not sent again without the caller's knowledge."""
        return self.once("POST", path, body=body, headers=headers, timeout=timeout)

    def send(self, path: str, data: Any, media_type: str, *, timeout: float) -> requests.Response:
        """POST of a body that is read while it is sent; the caller closes the answer."""
        return self._send("POST", path, data=data, headers={"Content-Type": media_type}, timeout=timeout)

    def open(self, path: str, *, params: Mapping[str, Any] | None = None, timeout: float) -> requests.Response:
        """GET whose body the caller streams and closes."""
        return self._send("GET", path, params=params, timeout=timeout)

    def once(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None,
             headers: Mapping[str, str] | None = None, timeout: float) -> Answer:
        with self._send(method, path, params=params, body=body, headers=headers, timeout=timeout) as response:
            return Answer(response, read_bounded(response, MAX_ANSWER_BYTES))

    def _send(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None, data: Any = None,
              headers: Mapping[str, str] | None = None, timeout: float) -> requests.Response:
        response = self._session.request(
            method, self._platform_url + path, params=params, json=body, data=data, headers=self.headers(headers),
            timeout=(min(CONNECT_TIMEOUT, timeout), timeout), stream=True, allow_redirects=False, auth=_no_credentials,
            **way_to(self._platform_url, self._session))
        if response.is_redirect:
            target = response.headers.get("Location", "")
            response.close()
            raise ForeignAnswerError(f"the platform redirects to {target}; use its final address as platform_url",
                                     status=response.status_code, response=response)
        return response


def is_loopback(url: str) -> bool:
    try:
        host = (urllib.parse.urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def way_to(url: str, session: requests.Session) -> dict[str, Any]:
    """How a request to `url` travels, as arguments for `requests`. Proxies that the program itself put into the session
    are its own decision and win over the environment's; only loopback is never left."""
    given = {} if is_loopback(url) else dict(getattr(session, "proxies", None) or {})
    if url.lower().startswith("https:") and not is_loopback(url):
        return {"proxies": given} if given else {}
    # A named None keeps `requests` from filling in what the environment says, and still lets it read the CA bundle.
    return {"proxies": {"http": None, "https": None, "all": None, **given}}


def unused_proxy(url: str, way: Mapping[str, Any]) -> str:
    """The environment's proxy that would have been used for `url`, without its credentials; "" when there is none."""
    if is_loopback(url) or any(way.get("proxies", {"": url}).values()):
        return ""
    named = requests.utils.get_environ_proxies(url, no_proxy=None)
    proxy = named.get(urllib.parse.urlsplit(url).scheme) or named.get("all") or ""
    return urllib.parse.urlsplit(proxy).netloc.rpartition("@")[2] or proxy.rpartition("@")[2]


class PeerTransport:
    """Carries messages straight to a peer's URL. It holds no credential at all, so none can leak to a peer; the token of a
    call is good at that peer alone."""

    def __init__(self, template: requests.Session) -> None:
        self._session = requests.Session()
        # Trust settings of the given session apply to peers; its headers, cookies and credentials do not.
        self._session.verify = getattr(template, "verify", True)
        self._session.proxies = dict(getattr(template, "proxies", None) or {})

    def post(self, url: str, body: Any, *, sender: str, token: str = "", timeout: float) -> Answer:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", "X-Workspace-ID": sender}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with self._session.post(url, json=body, headers=headers, timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
                                stream=True, allow_redirects=False, auth=_no_credentials,
                                **way_to(url, self._session)) as response:
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
