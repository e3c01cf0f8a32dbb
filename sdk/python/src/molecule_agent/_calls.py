"""The calls of a workspace: one method per thing the platform offers, and the state they share. No loop lives here."""

from __future__ import annotations

import contextlib
import logging
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import requests

from . import _plugins, _wire, wire_types
from ._answers import Answer, error_for, says_removed, stated_reason
from ._asked import InHand
from ._attachments import FileCalls
from ._awake import backoff, now
from ._errors import CredentialRejectedError, ForeignAnswerError, PlatformError, WorkspaceGoneError
from ._messages import SHORT_TIMEOUT
from ._models import WorkspaceState
from ._peers import KnownPeers, PeerCalls
from ._tokens import TokenFile
from ._transport import PeerTransport, Transport, is_http_url, segment
from ._work import CurrentTask, Work

log = logging.getLogger("molecule_agent")

PLACEHOLDER_URL = "remote://no-inbound"
MAX_TASK_CHARS = 500
"""Longer task lines are cut before they are reported; the canvas shows one line."""
MAX_REGISTER_PAUSE = 5.0
"""Seconds between two tries of a patient registration, at most."""


class AgentCalls(FileCalls, PeerCalls):
    """See `RemoteAgentClient`, which adds the loops."""

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
        self.delivery_mode: wire_types.DeliveryMode | Literal[""] = ""
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
        self._known = KnownPeers(url_cache_ttl)
        self._in_hand = InHand()
        self._started = time.monotonic()
        self._activity = CurrentTask(lambda **told: self.heartbeat(**told))
        self._registered = False

    def _tenant_headers(self, org_id: str, origin: str | None) -> dict[str, str]:
        headers = {"X-Molecule-Org-Id": org_id} if org_id else {}
        if origin == "":
            parts = urllib.parse.urlsplit(self.platform_url)
            headers["Origin"] = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        elif origin is not None:
            headers["Origin"] = origin
        return headers

    def __enter__(self) -> Self:
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

    # --- the token ---

    def load_token(self) -> str | None:
        """The workspace token from memory or from `token_file`; None when there is none."""
        return self._tokens.load()

    def save_token(self, token: str) -> None:
        """Keep the token in memory and in `token_file` (0600, replaced atomically). Raises ValueError when it is
        empty; a file that cannot be written is logged and tried again with the next heartbeat."""
        self._tokens.save(token)

    def try_token(self, token: str) -> None:
        """Use the token from now on and keep it in `token_file` once `register` was accepted with it. When it is
        refused there, `register` goes on with the saved one. Raises ValueError when it is empty."""
        self._tokens.try_out(token)

    # --- registration, presence, secrets ---

    def register(self, *, patience: float = 0.0) -> str:
        """Announce this agent and return the current token ("" when there is none).

        The cached token is presented, so a restarted agent is recognised. Without one, an external workspace is
        claimed and the token of the answer kept. `patience` (seconds, `math.inf` for ever) is how long to try again
        while no platform answers: it is still starting, the network is away, something else answers in its place.
        """
        deadline = now() + patience
        attempt = 0
        while True:
            try:
                return self._register()
            except (requests.ConnectionError, requests.Timeout, PlatformError) as error:
                passing = not isinstance(error, PlatformError) or error.transient
                if not passing or now() >= deadline or self.stopped.is_set():
                    raise
                attempt += 1
                log.log(logging.WARNING if attempt == 1 else logging.INFO,
                        "cannot register at %s yet, trying until it answers: %s", self.platform_url, error)
            self.stopped.wait(min(backoff(attempt, MAX_REGISTER_PAUSE), max(0.0, deadline - now())))

    def _register(self) -> str:
        has_url = is_http_url(self.reported_url)
        body: wire_types.Registration = {
            "id": self.workspace_id,
            "url": self.reported_url or PLACEHOLDER_URL,
            "agent_card": self.agent_card,
            "delivery_mode": self.delivery_mode or ("push" if has_url else "poll"),
        }
        answer = self._transport.post("/registry/register", body, timeout=SHORT_TIMEOUT)
        try:
            registered: wire_types.Registered | None = _wire.object_or_none(self._checked(answer, "register"))
        except CredentialRejectedError as error:
            if self._tokens.refused():
                log.warning("the platform refused the token it was given (MOLECULE_WORKSPACE_TOKEN or --token); going "
                            "on with the one saved in %s", self.token_file)
                return self._register()
            if self._tokens.on_trial:
                hint = "the token given (MOLECULE_WORKSPACE_TOKEN or --token) is not valid for this workspace (any " \
                       "more) and was not saved; give the workspace's present one, or connect again from the canvas"
            elif self.load_token():
                hint = f"the token in {self.token_file} is not valid for this workspace (any more); delete the file " \
                       "and connect again from the canvas, or save a new token"
            else:
                hint = "this workspace was claimed before; save its token first (save_token, or " \
                       "MOLECULE_WORKSPACE_TOKEN)"
            raise CredentialRejectedError(f"{error.message}; {hint}", status=error.status, code=error.code,
                                          details=error.details, response=error.response) from None
        token = registered.get("auth_token") if registered else None
        if isinstance(token, str) and token.strip():
            self.save_token(token)
        elif self.load_token():
            self._tokens.accepted()
        else:
            log.warning("registered, but the platform gave no token and none is cached: most calls will be refused")
        self._note_secret(registered)
        self._registered = True
        return self.load_token() or ""

    def pull_secrets(self) -> dict[str, str]:
        """Every secret meant for this workspace, by key. Keep the values out of logs."""
        answer = self._transport.get(f"{self._self_path}/secrets/values", timeout=SHORT_TIMEOUT)
        return self._checked(answer, "pull secrets") or {}

    def poll_state(self) -> WorkspaceState:
        """What the platform wants of this workspace; a removed one is an answer here, not an error. Only the platform's
        own words remove it: a 404 of something on the way is a ForeignAnswerError."""
        answer = self._transport.get(f"{self._self_path}/state", timeout=SHORT_TIMEOUT)
        if says_removed(answer.status, answer.details(), self.workspace_id):
            return WorkspaceState(self.workspace_id, "removed", deleted=True)
        row: wire_types.WorkspaceState | None = _wire.object_or_none(self._checked(answer, "poll state"))
        if row is None or not isinstance(row.get("status"), str):
            raise ForeignAnswerError(f"poll state: {answer.status}, {answer.shown()}, which is no state of a workspace",
                                     status=answer.status, response=answer.response)
        status = row["status"]
        return WorkspaceState(self.workspace_id, status, paused=bool(row.get("paused", status == "paused")),
                              deleted=bool(row.get("deleted", False)))

    def heartbeat(self, current_task: str = "", active_tasks: int = 0, error_rate: float = 0.0,
                  sample_error: str = "", timeout: float = SHORT_TIMEOUT) -> None:
        """Tell the platform that this agent lives and what it does. Raises WorkspaceGoneError once it was removed."""
        self._tokens.retry()
        body: wire_types.Heartbeat = {
            "workspace_id": self.workspace_id,
            "current_task": current_task[:MAX_TASK_CHARS],
            "active_tasks": int(active_tasks),
            "error_rate": float(error_rate),
            "sample_error": sample_error,
            "uptime_seconds": int(time.monotonic() - self._started),
        }
        answer = self._transport.post("/registry/heartbeat", body, timeout=timeout)
        if says_removed(answer.status, answer.details(), self.workspace_id):
            error = error_for(answer, "heartbeat")
            raise WorkspaceGoneError(error.message, status=answer.status, code=error.code, details=error.details,
                                     response=error.response)
        heard: wire_types.Heard | None = _wire.object_or_none(self._checked(answer, "heartbeat"))
        self._note_secret(heard)

    @contextlib.contextmanager
    def working(self, current_task: str) -> Iterator[Work]:
        """Show `current_task` on the canvas while the block runs: a beat at once, and one at the end.

        Blocks may nest and overlap; `active_tasks` counts them and the newest is the one shown. The block may tell how
        far it is: `with client.working("reading") as work: … work.update("writing")`. A beat that fails is logged,
        never raised.
        """
        handle = self._activity.begin(current_task)
        self._activity.beat()
        try:
            yield Work(self._activity, handle)
        finally:
            self._activity.end(handle)
            self._activity.beat()

    def _note_secret(self, reply: wire_types.Registered | wire_types.Heard | None) -> None:
        secret = reply.get("platform_inbound_secret") if reply else None
        if isinstance(secret, str) and secret:
            self.inbound_secret = secret

    # --- plugins ---

    def install_plugin(self, name: str, source: str | None = None, run_setup_sh: bool = True,
                       report_to_platform: bool = True) -> Path:
        """Download, check and unpack a plugin below `plugins_dir`, replacing an older one only after every check
        passed. Raises ValueError for a bad name, archive or content hash."""
        return _plugins.install(self._transport, self._self_path, self.plugins_dir, name, source,
                                run_setup_sh=run_setup_sh, report=report_to_platform)
