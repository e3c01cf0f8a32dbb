"""Messages over the agent's own outbound connection: pushed as they come, without an address and without a poll."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import random
import socket
import threading
from typing import Any

import requests

from ._calls import AgentCalls
from ._errors import CredentialRejectedError, PlatformError, ReplacedError, WorkspaceGoneError
from ._mux import MuxBrokenError, Session, Stream
from ._websocket import RefusedError, WebSocket
from .a2a_server import A2AServer
from .inbound import MessageHandler, PushDelivery

__all__ = ["RelayDelivery"]

log = logging.getLogger("molecule_agent")

VERSION = 1
LONGEST_WAIT = 15.0
CREDENTIAL_ENDED, POLICY = 4401, 1008
PIPE_BYTES = 64 * 1024


class RelayDelivery:
    """Messages come over one WebSocket that this agent opens, as they would to an `A2AServer` that can be reached.

    Give it to `run_agent_loop`; the agent needs no URL. The connection is made again whenever it breaks, and what was
    under way goes on where it was. A handler that is given here is used from the first message on, else the one of the
    agent loop. `run_once` raises what the platform refused for good: `CredentialRejectedError` for a token that is not
    valid (any more), `ReplacedError` once this agent has connected from elsewhere, `WorkspaceGoneError` for a removed
    workspace.
    """

    def __init__(self, client: AgentCalls, handler: MessageHandler | None = None) -> None:
        self._client = client
        # Only this process knows the secret that the platform shows with each message.
        self._server = A2AServer(client.workspace_id, host="127.0.0.1", agent_card=client.agent_card,
                                 secret=lambda: client.inbound_secret)
        self._push = PushDelivery(client, self._server, handler)
        self._session: Session | None = None
        self._session_id = ""
        self._socket: WebSocket | None = None
        self._stopped = threading.Event()
        self._failure: PlatformError | None = None
        self._welcomed = False  # Since the last attempt began.
        self._enrolled = threading.Event()
        self._thread: threading.Thread | None = None

    def run_once(self, handler: MessageHandler) -> int:
        """Start the connection at the first call; there is nothing to fetch."""
        self._push.run_once(handler)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="molecule-relay", daemon=True)
            self._thread.start()
        if self._failure is not None:
            raise self._failure
        return 0

    def stop(self) -> None:
        self._stopped.set()
        if self._socket is not None:
            self._socket.close()
        if self._session is not None:
            self._session.end()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        self._push.stop()

    def wait_connected(self, timeout: float) -> bool:
        """Whether the agent is reached over its connection, within `timeout` seconds."""
        return self._enrolled.wait(timeout)

    def _run(self) -> None:
        attempt = 0
        while not self._stopped.is_set():
            trouble, self._welcomed = "", False
            try:
                self._connect()
            except PlatformError as error:
                self._failure = error
                return
            except (OSError, ValueError, requests.RequestException) as error:
                trouble = str(error)
            if self._stopped.is_set():
                return
            attempt = 0 if self._welcomed else attempt + 1
            pause = min(LONGEST_WAIT, 0.2 * 2 ** min(attempt, 8)) * random.uniform(0.5, 1)
            log.warning("the connection to the platform is away (%s); trying again", trouble or "it was closed")
            self._stopped.wait(pause)

    def _connect(self) -> None:
        url = self._client.platform_url + self._client._self_path + "/relay"
        token = self._client.load_token() or ""
        try:
            made = WebSocket(url, {"Authorization": f"Bearer {token}"}, getattr(self._client._session, "verify", True))
        except RefusedError as refused:
            raise self._final(refused) from None
        self._socket = made
        try:
            session, transport, anew = self._take_up(made, self._shake_hands(made))
            self._welcomed = True
            writer = threading.Thread(target=self._write, args=(made, session, transport), daemon=True,
                                      name="molecule-relay-writer")
            writer.start()
            try:
                if anew:
                    threading.Thread(target=self._enrol, daemon=True, name="molecule-relay-register").start()
                while isinstance(message := made.receive(), bytes):
                    if not session.incoming(transport, message):
                        break
            except MuxBrokenError:
                session.end()
                raise
            finally:
                session.detach(transport)
                made.close()
                writer.join()
        finally:
            made.close()
        self._look_at_end(made, session)

    def _final(self, refused: RefusedError) -> Exception:
        with contextlib.suppress(ValueError):
            said = json.loads(refused.body)
            text = said.get("error", "") if isinstance(said, dict) else ""
            if refused.status in (401, 403):
                return CredentialRejectedError(text or "the platform refused the token", status=refused.status)
            if refused.status == 410:
                return WorkspaceGoneError(text or "the workspace was removed", status=410, details=said)
        return refused

    def _shake_hands(self, made: WebSocket) -> dict[str, Any]:
        hello: dict[str, Any] = {"version": VERSION, "nonce": base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="),
                                 "url": self._server.inbound_url}
        if self._session is not None and not self._session.over:
            hello |= {"session": self._session_id, "received": self._session.received}
        made.send(json.dumps(hello))
        self._hear(made)  # The platform's key, which TLS vouches for here.
        made.send("{}")
        return self._hear(made)

    def _hear(self, made: WebSocket) -> dict[str, Any]:
        said = made.receive()
        if isinstance(said, str):
            heard = json.loads(said)
            if isinstance(heard, dict):
                return heard
        if made.closed is not None and made.closed[0] == POLICY:
            raise CredentialRejectedError(made.closed[1], status=403)
        raise ConnectionError("the platform ended the connection before it had begun")

    def _take_up(self, made: WebSocket, welcome: dict[str, Any]) -> tuple[Session, int, bool]:
        if welcome.get("resumed") and self._session is not None:
            transport = self._session.attach(int(welcome["received"]))
            if transport is None:
                self._session.end()
                raise ConnectionError("the platform and we do not agree on what has come")
            return self._session, transport, False
        if self._session is not None:
            self._session.end()
        self._session = session = Session(self._opened)
        self._session_id = str(welcome["session"])
        transport = session.attach(0)
        assert transport is not None
        return session, transport, True

    def _write(self, made: WebSocket, session: Session, transport: int) -> None:
        with contextlib.suppress(OSError):
            while message := session.outgoing(transport):
                made.send(message)
        made.close()

    def _enrol(self) -> None:
        """Tell the platform that this agent is reached over its connection."""
        self._client.delivery_mode = "push"
        self._client.reported_url = ""
        while not self._stopped.is_set():
            try:
                self._client.register()
                self._enrolled.set()
                return
            except CredentialRejectedError as error:
                self._failure = error
                return
            except (PlatformError, requests.RequestException) as error:
                log.warning("cannot register over the connection yet: %s", error)
            self._stopped.wait(2)

    def _look_at_end(self, made: WebSocket, session: Session) -> None:
        if session.goodbye == "replaced":
            raise ReplacedError("this workspace's agent has connected from elsewhere; the newer connection counts",
                                status=409, code="replaced")
        if session.goodbye == "removed":
            raise WorkspaceGoneError("this workspace was removed", status=410,
                                     details={"id": self._client.workspace_id})
        if made.closed is not None and made.closed[0] == CREDENTIAL_ENDED:
            raise CredentialRejectedError("the token was revoked", status=401)

    def _opened(self, stream: Stream) -> None:
        threading.Thread(target=self._pass, args=(stream,), daemon=True, name="molecule-relay-request").start()

    def _pass(self, stream: Stream) -> None:
        """The platform's request to the server of this process, and its answer back."""
        try:
            near = socket.create_connection(("127.0.0.1", self._server.port), 5)
        except OSError:
            stream.close()
            return
        near.settimeout(None)
        back = threading.Thread(target=self._pass_back, args=(near, stream), daemon=True, name="molecule-relay-answer")
        back.start()
        with contextlib.suppress(OSError):
            while part := stream.recv(PIPE_BYTES):
                near.sendall(part)
            near.shutdown(socket.SHUT_WR)
        if stream.broken:
            with contextlib.suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)
        back.join()
        near.close()
        stream.close()

    @staticmethod
    def _pass_back(near: socket.socket, stream: Stream) -> None:
        try:
            while part := near.recv(PIPE_BYTES):
                stream.sendall(part)
            stream.end()
        except OSError:
            stream.close()
