"""The remote agent's side of the platform: one object per workspace, one method per thing the platform offers.

`RemoteAgentClient` needs outbound HTTP only. Without a `reported_url` the workspace is registered in poll mode and
messages are fetched (`run_agent_loop`); with one, the platform posts them there (`A2AServer`, `PushDelivery`).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import requests

from . import _loops, _plugins, _wire
from ._errors import CredentialRejectedError, CursorLostError, PlatformError, WorkspaceGoneError
from ._models import InboundMessage, InboundSource, PeerInfo, WorkspaceState
from ._tokens import TokenFile
from ._transport import (DEFAULT_GET_MAX_RETRIES, Answer, PeerTransport, Transport, backoff, error_for, is_http_url,
                         never_delivered, segment)

if TYPE_CHECKING:
    from .inbound import InboundDelivery, MessageHandler

__all__ = ["DEFAULT_GET_MAX_RETRIES", "PLACEHOLDER_URL", "PeerInfo", "RemoteAgentClient", "WorkspaceState",
           "make_idempotency_key"]

log = logging.getLogger("molecule_agent")

PLACEHOLDER_URL = "remote://no-inbound"
SHORT_TIMEOUT = 10.0
READ_TIMEOUT = 15.0
CALL_TIMEOUT = 30.0
MAX_WAIT = 30
"""Seconds the platform holds a long poll at most."""
DELEGATE_ATTEMPTS = 4
MAX_CACHED_URLS = 1024
MAX_TASK_CHARS = 500
"""Longer task lines are cut before they are reported; the canvas shows one line."""

TaskSupplier = Callable[[], dict[str, Any]]


def make_idempotency_key(task_text: str, target_id: str = "") -> str:
    """A key that makes the same task for the same target within one clock minute one task.

    Two calls on either side of a full minute differ. `delegate` does not need this: it makes a fresh key per call.
    """
    minute = int(time.time()) // 60 * 60
    bound = f"{target_id}:{task_text}" if target_id else task_text
    return hashlib.sha256(f"{bound}:{minute}".encode()).hexdigest()


class RemoteAgentClient:
    """A workspace held by this process. Methods may be called from several threads.

    `workspace_id, platform_url, agent_card, reported_url, token_file, plugins_dir` are public; `agent_card`,
    `reported_url` and `delivery_mode` may be assigned before `register`. `delivery_mode` is "" (push when there is a
    URL, else poll), "push" or "poll". `inbound_secret` is what the platform presents to this agent's own endpoint,
    "" until a registration told it.
    """

    def __init__(self, workspace_id: str, platform_url: str, agent_card: dict[str, Any] | None = None,
                 reported_url: str = "", token_dir: str | Path | None = None, heartbeat_interval: float = 30.0,
                 state_poll_interval: float = 30.0, url_cache_ttl: float = 300.0,
                 session: requests.Session | None = None, org_id: str = "", origin: str | None = "") -> None:
        self.workspace_id = workspace_id
        self._self_path = "/workspaces/" + segment(workspace_id)
        if "/" in workspace_id or "\\" in workspace_id:
            raise ValueError(f"{workspace_id!r} cannot be a workspace id")
        self.platform_url = platform_url.rstrip("/")
        if not is_http_url(self.platform_url):
            raise ValueError(f"platform_url must be an http or https address, not {platform_url!r}")
        self.agent_card: dict[str, Any] = agent_card or {"name": f"remote-agent-{workspace_id[:8]}"}
        self.reported_url = reported_url
        self.delivery_mode = ""
        self.inbound_secret = ""
        self.heartbeat_interval = heartbeat_interval
        self.state_poll_interval = state_poll_interval
        home = Path(token_dir).expanduser() if token_dir else Path.home() / ".molecule" / workspace_id
        self.token_dir = home
        self.plugins_dir = home / "plugins"
        self._tokens = TokenFile(home / ".auth_token")
        self.token_file = self._tokens.path
        self._owns_session = session is None
        self._session = session or requests.Session()
        self._transport = Transport(self._session, self.platform_url, self._tenant_headers(org_id, origin),
                                    self._tokens.load)
        self._peers = PeerTransport(self._session)
        self._url_cache_ttl = url_cache_ttl
        self._urls: dict[str, tuple[str, float]] = {}
        self._urls_lock = threading.Lock()
        self._started = time.monotonic()
        self._activity = _loops.CurrentTask()

    def _tenant_headers(self, org_id: str, origin: str | None) -> dict[str, str]:
        headers = {"X-Molecule-Org-Id": org_id} if org_id else {}
        if origin == "":
            parts = urllib.parse.urlsplit(self.platform_url)
            headers["Origin"] = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        elif origin is not None:
            headers["Origin"] = origin
        return headers

    def __enter__(self) -> RemoteAgentClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End running loops and give the connections back. An injected session stays open."""
        self.stop()
        self._peers.close()
        if self._owns_session:
            self._session.close()

    def stop(self) -> None:
        """Ask running loops to return "stopped" soon; callable from a signal handler or another thread."""
        self._transport.stopped.set()

    def stop_on_signals(self) -> None:
        """Let SIGINT and SIGTERM call `stop`: a wait for messages ends at once, a message in hand is finished first.
        A second signal raises KeyboardInterrupt. Call it from the main thread."""
        _loops.stop_on_signals(self)

    @property
    def stopped(self) -> threading.Event:
        """Set once `stop` was called."""
        return self._transport.stopped

    # --- the token ---

    def load_token(self) -> str | None:
        """The workspace token from memory or from `token_file`; None when there is none."""
        return self._tokens.load()

    def save_token(self, token: str) -> None:
        """Keep the token in memory and in `token_file` (0600, replaced atomically). Raises ValueError when it is
        empty; a file that cannot be written is logged and tried again with the next heartbeat."""
        self._tokens.save(token)

    # --- registration, presence, secrets ---

    def register(self) -> str:
        """Announce this agent and return the current token ("" when there is none).

        The cached token is presented, so a restarted agent is recognised. Without one, an external workspace is
        claimed and the token of the answer kept.
        """
        has_url = is_http_url(self.reported_url)
        body = {
            "id": self.workspace_id,
            "url": self.reported_url or PLACEHOLDER_URL,
            "agent_card": self.agent_card,
            "delivery_mode": self.delivery_mode or ("push" if has_url else "poll"),
        }
        answer = self._transport.post("/registry/register", body, timeout=SHORT_TIMEOUT)
        try:
            reply = self._checked(answer, "register")
        except CredentialRejectedError as error:
            if self.load_token():
                hint = f"the token in {self.token_file} is not valid for this workspace (any more); delete the file " \
                       "and connect again from the canvas, or save a new token"
            else:
                hint = "this workspace was claimed before; save its token first (save_token, or " \
                       "MOLECULE_WORKSPACE_TOKEN)"
            raise CredentialRejectedError(f"{error.message}; {hint}", status=error.status, code=error.code,
                                          details=error.details, response=error.response) from None
        token = reply.get("auth_token") if isinstance(reply, dict) else None
        if isinstance(token, str) and token.strip():
            self.save_token(token)
        elif not self.load_token():
            log.warning("registered, but the platform gave no token and none is cached: most calls will be refused")
        self._note_secret(reply)
        return self.load_token() or ""

    def pull_secrets(self) -> dict[str, str]:
        """Every secret meant for this workspace, by key. Keep the values out of logs."""
        answer = self._transport.get(f"{self._self_path}/secrets/values", timeout=SHORT_TIMEOUT)
        return self._checked(answer, "pull secrets") or {}

    def poll_state(self) -> WorkspaceState:
        """What the platform wants of this workspace; a removed one is an answer here, not an error."""
        answer = self._transport.get(f"{self._self_path}/state", timeout=SHORT_TIMEOUT)
        if answer.status in (404, 410):
            return WorkspaceState(self.workspace_id, "removed", deleted=True)
        row = self._checked(answer, "poll state")
        row = row if isinstance(row, dict) else {}
        status = _wire.text_or(row.get("status"), "unknown")
        return WorkspaceState(self.workspace_id, status, paused=bool(row.get("paused", status == "paused")),
                              deleted=bool(row.get("deleted", False)))

    def heartbeat(self, current_task: str = "", active_tasks: int = 0, error_rate: float = 0.0,
                  sample_error: str = "", timeout: float = SHORT_TIMEOUT) -> None:
        """Tell the platform that this agent lives and what it does. Raises WorkspaceGoneError once it was removed."""
        self._tokens.retry()
        body = {
            "workspace_id": self.workspace_id,
            "current_task": current_task[:MAX_TASK_CHARS],
            "active_tasks": int(active_tasks),
            "error_rate": float(error_rate),
            "sample_error": sample_error,
            "uptime_seconds": int(time.monotonic() - self._started),
        }
        answer = self._transport.post("/registry/heartbeat", body, timeout=timeout)
        if answer.status == 404:
            error = error_for(answer, "heartbeat")
            raise WorkspaceGoneError(error.message, status=404, code=error.code, details=error.details,
                                     response=error.response)
        self._note_secret(self._checked(answer, "heartbeat"))

    @contextlib.contextmanager
    def working(self, current_task: str) -> Iterator[None]:
        """Show `current_task` on the canvas while the block runs: a beat at once, and one at the end.

        Blocks may nest and overlap; `active_tasks` counts them and the newest is the one shown. A beat that fails is
        logged, never raised.
        """
        handle = self._activity.begin(current_task)
        self._activity.beat(self)
        try:
            yield
        finally:
            self._activity.end(handle)
            self._activity.beat(self)

    def _note_secret(self, reply: Any) -> None:
        secret = reply.get("platform_inbound_secret") if isinstance(reply, dict) else None
        if isinstance(secret, str) and secret:
            self.inbound_secret = secret

    # --- peers ---

    def get_peers(self) -> list[PeerInfo]:
        """The workspaces this one may talk to: siblings, children and the parent."""
        answer = self._transport.get(f"/registry/{segment(self.workspace_id)}/peers", headers=self._sender(),
                                     timeout=SHORT_TIMEOUT)
        rows = self._checked(answer, "list peers")
        peers = []
        for row in rows if isinstance(rows, list) else []:
            peer = PeerInfo.from_row(row) if isinstance(row, dict) else None
            if peer is None:
                continue
            peers.append(peer)
            if is_http_url(peer.url):
                self._remember_url(peer.id, peer.url)
        return peers

    def discover_peer(self, target: str) -> str | None:
        """The URL at which `target` takes messages directly; None when there is none."""
        with self._urls_lock:
            cached = self._urls.get(target)
        if cached and time.monotonic() < cached[1]:
            return cached[0]
        answer = self._transport.get(f"/registry/discover/{segment(target)}", headers=self._sender(),
                                     timeout=SHORT_TIMEOUT)
        if answer.status == 404:
            return None
        row = self._checked(answer, "discover peer")
        url = _wire.text_or(row.get("url")) if isinstance(row, dict) else ""
        if not is_http_url(url):
            return None
        self._remember_url(target, url)
        return url

    def invalidate_peer_url(self, target: str) -> None:
        """Forget the cached URL of `target`."""
        with self._urls_lock:
            self._urls.pop(target, None)

    def _remember_url(self, target: str, url: str) -> None:
        with self._urls_lock:
            self._urls.pop(target, None)
            while len(self._urls) >= MAX_CACHED_URLS:
                self._urls.pop(next(iter(self._urls)))
            self._urls[target] = (url, time.monotonic() + self._url_cache_ttl)

    def call_peer(self, target: str, message: str, prefer_direct: bool = True) -> dict[str, Any]:
        """Send `message` to a peer and return the JSON-RPC envelope of the answer.

        A direct call carries no credential of ours. The platform is asked to carry the message instead when the
        peer certainly did not take it: no connection came to be, or it refused with a 4xx or 503. A direct call that
        broke afterwards is raised, because sending the message again might run it twice.
        """
        body = _wire.message_send(message, role="user")
        if prefer_direct:
            reply = self._call_directly(target, body)
            if reply is not None:
                return reply
        answer = self._transport.post(f"/workspaces/{segment(target)}/a2a", body, headers=self._sender(),
                                      timeout=CALL_TIMEOUT)
        return self._envelope(answer, "call peer")

    def _call_directly(self, target: str, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            url = self.discover_peer(target)
        except (PlatformError, requests.RequestException) as error:
            log.info("cannot look up peer %s (%s); asking the platform to carry the message", target, error)
            return None
        if url is None:
            return None
        try:
            answer = self._peers.post(url, body, sender=self.workspace_id, timeout=CALL_TIMEOUT)
        except requests.RequestException as error:
            self.invalidate_peer_url(target)
            if not never_delivered(error):
                raise
            log.info("peer %s cannot be reached directly; asking the platform to carry the message", target)
            return None
        if 300 <= answer.status < 500 or answer.status == 503:
            self.invalidate_peer_url(target)
            log.info("peer %s refused a direct call with %d; asking the platform instead", target, answer.status)
            return None
        return self._envelope(answer, "call peer directly")

    # --- messages and delegations ---

    def fetch_inbound(self, since_id: str | None = None, limit: int = 100, type: str = "a2a_receive",
                      peer_id: str | None = None, before_ts: str | None = None, *, since_secs: int | None = None,
                      order: str | None = None, wait: int | None = None) -> list[dict[str, Any]]:
        """Activity rows of this workspace. `wait` (seconds, at most MAX_WAIT) lets the platform hold the answer until
        a row exists; it needs `since_id` or `since_secs`. Raises CursorLostError when `since_id` is unknown there."""
        asked = {"type": type, "limit": limit, "since_id": since_id, "peer_id": peer_id, "before_ts": before_ts,
                 "since_secs": since_secs, "order": order, "wait": wait}
        params = {name: value for name, value in asked.items() if value is not None}
        answer = self._transport.get(f"{self._self_path}/activity", params=params,
                                     timeout=READ_TIMEOUT + min(wait or 0, MAX_WAIT))
        if answer.status == 410 and since_id is not None:
            error = error_for(answer, "fetch activity")
            if "removed_at" not in error.details and error.code != "workspace_removed":
                raise CursorLostError(error.message, status=410, code=error.code, details=error.details,
                                      response=error.response)
        rows = self._checked(answer, "fetch activity")
        if isinstance(rows, dict):
            rows = rows.get("items")
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def reply(self, message: InboundMessage, text: str) -> None:
        """Answer `message`: on the canvas for a person, through the platform for a peer. Repeating the same answer to
        the same message is recognised by the platform. Raises ValueError for blank text or an unknown sender."""
        if not text or not text.strip():
            raise ValueError("a reply needs text")
        if message.source == InboundSource.canvas_user:
            body: dict[str, Any] = {"message": text}
            if message.activity_id:
                body["reply_to"] = message.activity_id
            self._checked(self._transport.post(f"{self._self_path}/notify", body, timeout=READ_TIMEOUT), "reply")
        elif message.source == InboundSource.peer_agent and message.source_id:
            digest = hashlib.sha256(f"{self.workspace_id}:{message.activity_id}:{text}".encode()).hexdigest()
            envelope = _wire.message_send(text, role="agent", request_id=message.activity_id,
                                          message_id=f"reply-{digest[:48]}",
                                          metadata={"reply_to": message.activity_id})
            headers = {"X-Source-Workspace-Id": self.workspace_id, **self._sender()}
            self._checked(self._transport.post(f"/workspaces/{segment(message.source_id)}/a2a", envelope,
                                               headers=headers, timeout=READ_TIMEOUT), "reply")
        else:
            raise ValueError(f"message {message.activity_id} has no sender that can be answered")

    def record_error(self, summary: str, detail: str = "") -> None:
        """Put an error row into this workspace's activity, where people see it."""
        body = {"activity_type": "error", "summary": summary, "error_detail": detail, "status": "error"}
        self._checked(self._transport.post(f"{self._self_path}/activity", body, timeout=SHORT_TIMEOUT), "record error")

    def delegate(self, task: str, target_id: str, idempotency_key: str | None = None,
                 timeout: float = 300.0) -> dict[str, Any]:
        """Hand `task` to a peer; returns at once with its `delegation_id`. `wait_for_delegation` brings the result.

        Each call is its own task: without an `idempotency_key` a fresh one is made and kept over retries, so an
        acceptance whose answer was lost is not accepted twice. Give a key to make several calls one task.
        """
        segment(target_id)
        if idempotency_key is None:
            idempotency_key = hashlib.sha256(f"{target_id}:{_wire.fresh_id()}".encode()).hexdigest()
        body = {"target_id": target_id, "task": task, "idempotency_key": idempotency_key}
        deadline = time.monotonic() + timeout
        for attempt in range(1, DELEGATE_ATTEMPTS + 1):
            left = max(1.0, deadline - time.monotonic())
            final = attempt == DELEGATE_ATTEMPTS or left <= 1.0 or self.stopped.is_set()
            try:
                answer = self._transport.post(f"{self._self_path}/delegate", body, headers=self._sender(),
                                              timeout=min(left, CALL_TIMEOUT))
                if final or answer.status not in (429, 502, 503, 504):
                    return self._envelope(answer, "delegate")
            except (requests.ConnectionError, requests.Timeout):
                if final:
                    raise
            self.stopped.wait(min(backoff(attempt), left))
        raise AssertionError("the last attempt returns or raises")

    def delegation(self, delegation_id: str, wait: int = 0) -> dict[str, Any]:
        """One delegation of this workspace as it stands; `wait` seconds (at most MAX_WAIT) for its end first."""
        wait = max(0, min(int(wait), MAX_WAIT))
        answer = self._transport.get(f"{self._self_path}/delegations/{segment(delegation_id)}",
                                     params={"wait": wait} if wait else None, timeout=READ_TIMEOUT + wait)
        return self._envelope(answer, "read delegation")

    def wait_for_delegation(self, delegation_id: str, timeout: float = 300.0) -> dict[str, Any]:
        """Wait until the delegation is completed or failed and return it. Raises TimeoutError when it still runs
        after `timeout` seconds; the work goes on and may be asked for again."""
        deadline = time.monotonic() + timeout
        trouble = 0
        while True:
            left = deadline - time.monotonic()
            started = time.monotonic()
            try:
                row = self.delegation(delegation_id, wait=int(max(0, min(left, MAX_WAIT))))
                trouble = 0
                if row.get("status") in ("completed", "failed"):
                    return row
            except (requests.ConnectionError, requests.Timeout, PlatformError) as error:
                if isinstance(error, PlatformError) and not error.transient:
                    raise
                trouble += 1
                log.info("cannot read delegation %s (%s); trying again", delegation_id, error)
            left = deadline - time.monotonic()
            if left <= 0 or self.stopped.is_set():
                raise TimeoutError(f"delegation {delegation_id} has no result after {timeout:.0f} s; the work goes on")
            # A platform that held the request already waited; one that answered at once is not asked in a tight loop.
            pause = backoff(trouble) if trouble else max(0.0, 1.0 - (time.monotonic() - started))
            self.stopped.wait(min(pause, left))

    # --- plugins and loops ---

    def install_plugin(self, name: str, source: str | None = None, run_setup_sh: bool = True,
                       report_to_platform: bool = True) -> Path:
        """Download, check and unpack a plugin below `plugins_dir`, replacing an older one only after every check
        passed. Raises ValueError for a bad name, archive or content hash."""
        return _plugins.install(self._transport, self._self_path, self.plugins_dir, name, source,
                                run_setup_sh=run_setup_sh, report=report_to_platform)

    def run_heartbeat_loop(self, max_iterations: int | None = None, task_supplier: TaskSupplier | None = None) -> str:
        """Beat and poll the state until told to stop. Returns "max_iterations", "stopped", or the workspace's status
        ("paused", "removed"). Raises CredentialRejectedError when the token is refused three times in a row."""
        return _loops.run_heartbeat_loop(self, max_iterations, task_supplier)

    def run_agent_loop(self, handler: MessageHandler, delivery: InboundDelivery | None = None,
                       max_iterations: int | None = None, task_supplier: TaskSupplier | None = None) -> str:
        """Hand every inbound message to `handler` and answer with what it returns, while heartbeats go on in their own
        thread. Returns and raises as `run_heartbeat_loop`. The default delivery polls and keeps its cursor beside the
        token."""
        return _loops.run_agent_loop(self, handler, delivery, max_iterations, task_supplier)

    # --- reading answers ---

    def _sender(self) -> dict[str, str]:
        return {"X-Workspace-ID": self.workspace_id}

    def _checked(self, answer: Answer, what: str) -> Any:
        if not 200 <= answer.status < 300:
            raise error_for(answer, what)
        return answer.json() if answer.body.strip() else None

    def _envelope(self, answer: Answer, what: str) -> dict[str, Any]:
        reply = self._checked(answer, what)
        if not isinstance(reply, dict):
            raise PlatformError(f"{what}: expected a JSON object", status=answer.status, response=answer.response)
        return reply
