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
from ._errors import CredentialRejectedError, PlatformError, WorkspaceGoneError
from ._messages import CALL_TIMEOUT, SHORT_TIMEOUT, MessageCalls
from ._models import PeerInfo, WorkspaceState
from ._tokens import TokenFile
from ._transport import (DEFAULT_GET_MAX_RETRIES, PeerTransport, Transport, error_for, is_http_url, never_delivered,
                         segment)

if TYPE_CHECKING:
    from .inbound import InboundDelivery, MessageHandler

__all__ = ["DEFAULT_GET_MAX_RETRIES", "PLACEHOLDER_URL", "PeerInfo", "RemoteAgentClient", "WorkspaceState",
           "make_idempotency_key"]

log = logging.getLogger("molecule_agent")

PLACEHOLDER_URL = "remote://no-inbound"
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


class RemoteAgentClient(MessageCalls):
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
    def working(self, current_task: str) -> Iterator[_loops.Work]:
        """Show `current_task` on the canvas while the block runs: a beat at once, and one at the end.

        Blocks may nest and overlap; `active_tasks` counts them and the newest is the one shown. The block may tell how
        far it is: `with client.working("reading") as work: … work.update("writing")`. A beat that fails is logged,
        never raised.
        """
        handle = self._activity.begin(current_task)
        self._activity.beat(self)
        try:
            yield _loops.Work(self, handle)
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
