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
import requests.utils

from ._answers import REMOVED_CODE, says_removed, says_token_refused, stated_reason
from ._calls import AgentCalls
from ._errors import CredentialRejectedError, PlatformError, RelayRefusedError, ReplacedError, WorkspaceGoneError
from ._mux import MuxBrokenError, Session, Stream
from ._polling_socket import PollingSocket
from ._transport import way_to
from ._websocket import RefusedError, UnreachedError, WebSocket
from .a2a_server import A2AServer
from .inbound import MessageHandler, PushDelivery

__all__ = ["RelayDelivery"]

log = logging.getLogger("molecule_agent")

VERSION = 1
LONGEST_WAIT = 15.0
FIRST_LOOK, LAST_LOOK = 20.0, 6 * 3600.0
"""Seconds until it is tried whether WebSockets come through by now, where requests carry; doubled each time."""
CREDENTIAL_ENDED, POLICY = 4401, 1008
PIPE_BYTES = 64 * 1024
BEGIN_WITHIN = 15.0
"""Seconds for each of the platform's words before a session is there."""
OPENED_MAX = 64
"""Streams of the platform that are worked on at once, those included that it has dropped: each holds two threads."""


class RelayDelivery:
    """Messages come over one WebSocket that this agent opens, as they would to an `A2AServer` that can be reached; over
    plain requests, where something on the way takes no WebSockets.

    Give it to `run_agent_loop`; the agent needs no URL. The connection is made again whenever it breaks, and what was
    under way goes on where it was. A handler that is given here is used from the first message on, else the one of the
    agent loop. `run_once` raises what keeps the connection away by the platform's own words: for good `ReplacedError`
    once this agent has connected from elsewhere, `RelayRefusedError` when the platform takes no such connection of it
    and `WorkspaceGoneError` for a removed workspace, and `CredentialRejectedError` as long as the token is not valid.
    Whatever else happens, the connection is tried again.
    """

    def __init__(self, client: AgentCalls, handler: MessageHandler | None = None) -> None:
        self._client = client
        # Only this process knows the secret that the platform shows with each message.
        self._server = A2AServer(client.workspace_id, host="127.0.0.1", agent_card=client.agent_card,
                                 secret=lambda: client.inbound_secret)
        self._push = PushDelivery(client, self._server, handler)
        self._session: Session | None = None
        self._session_id = ""
        self._socket: WebSocket | PollingSocket | None = None
        self._by_polls = False  # How the next attempt is made.
        self._next_look = FIRST_LOOK
        self._looking_again = self._came_through = False  # Since the last attempt began.
        self._stopped = threading.Event()
        self._ended: PlatformError | None = None
        self._refused: CredentialRejectedError | None = None  # Until the platform takes the token.
        self._welcomed = False  # Since the last attempt began.
        self._enrolled = threading.Event()
        self._enrolling = threading.Lock()  # Held to look at the next two together.
        self._enrols = False  # There is a thread for it.
        self._enroller: threading.Thread | None = None
        self._sessions = 0
        self._room = threading.BoundedSemaphore(OPENED_MAX)
        self._thread: threading.Thread | None = None

    def run_once(self, handler: MessageHandler) -> int:
        """Start the connection at the first call; there is nothing to fetch."""
        self._push.run_once(handler)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="molecule-relay", daemon=True)
            self._thread.start()
        if failure := self._ended or self._refused:
            raise failure
        return 0

    def stop(self) -> None:
        self._stopped.set()
        if self._socket is not None:
            self._socket.close()
        if self._session is not None:
            self._session.end()
        for thread in (self._thread, self._enroller):
            if thread is not None and thread is not threading.current_thread():
                thread.join(timeout=5)
        self._push.stop()

    def wait_connected(self, timeout: float) -> bool:
        """Whether the agent is reached over its connection, within `timeout` seconds."""
        return self._enrolled.wait(timeout)

    def _run(self) -> None:
        attempt = 0
        while not self._stopped.is_set():
            trouble, reached = "", True
            self._welcomed = self._looking_again = self._came_through = False
            try:
                self._connect()
            except (RelayRefusedError, WorkspaceGoneError) as error:
                self._ended = error
                log.error("the connection to the platform has ended: %s", error)
                return
            except CredentialRejectedError as error:
                # Another token may be saved; the agent loop finds out itself when there will be none.
                self._refused, trouble, reached = error, str(error), False
            except UnreachedError as error:
                # Requests may go through a proxy that a WebSocket does not know.
                trouble, reached = str(error), self._has_proxy()
            except (OSError, ValueError, requests.RequestException) as error:
                trouble = str(error)
            except Exception as error:
                # Whatever it was, a silent death of this thread would make the agent deaf.
                log.exception("the connection to the platform: unexpected trouble, going on")
                trouble = type(error).__name__
                self._end_session()
            if self._stopped.is_set():
                return
            attempt = 0 if self._welcomed else attempt + 1
            # What lets requests through and no WebSockets may be the network of just now; every break asks anew.
            self._by_polls = reached and not self._came_through and not self._by_polls
            pause = min(LONGEST_WAIT, 0.2 * 2 ** min(attempt, 8)) * random.uniform(0.5, 1)
            if self._looking_again:
                log.debug("trying a WebSocket again")
            else:
                log.warning("the connection to the platform is away (%s); trying again", trouble or "it was closed")
            self._stopped.wait(pause)

    def _end_session(self) -> None:
        self._welcomed = False  # Come again slowly.
        if self._session is not None:
            self._session.end()

    def _has_proxy(self) -> bool:
        url, session = self._client.platform_url, self._client._session
        way = session.merge_environment_settings(url, way_to(url, session).get("proxies", {}), True, None, None)
        return bool(requests.utils.select_proxy(url, way["proxies"]))

    def _dialled(self) -> WebSocket | PollingSocket:
        path = self._client._self_path + "/relay"
        try:
            if self._by_polls:
                return PollingSocket(self._client._transport, path + "/polls")
            token = self._client.load_token() or ""
            return WebSocket(self._client.platform_url + path, {"Authorization": f"Bearer {token}"},
                             getattr(self._client._session, "verify", True))
        except RefusedError as refused:
            raise self._final(refused) from None

    def _connect(self) -> None:
        made = self._dialled()
        self._socket = made
        look: threading.Timer | None = None
        try:
            session, transport, anew = self._take_up(self._shake_hands(made))
            self._welcomed, self._came_through, self._refused = True, True, None
            if isinstance(made, PollingSocket):
                log.info("connected by requests: something on the way takes no WebSockets")
                look = self._look_again(made)
            else:
                self._next_look = FIRST_LOOK
            writer = threading.Thread(target=self._write, args=(made, session, transport), daemon=True,
                                      name="molecule-relay-writer")
            writer.start()
            try:
                if anew:
                    self._enrol_anew()
                self._read(made, session, transport)
            finally:
                session.detach(transport)
                made.close()
                writer.join()
        except MuxBrokenError:
            self._end_session()
            raise
        except OSError:
            self._look_at_end(made)
            raise
        finally:
            if look is not None:
                look.cancel()
            made.close()
        self._look_at_end(made)

    def _look_again(self, made: PollingSocket) -> threading.Timer:
        def leave() -> None:
            self._looking_again = True
            made.close()

        look = threading.Timer(self._next_look, leave)
        look.daemon = True
        look.start()
        self._next_look = min(2 * self._next_look, LAST_LOOK)
        return look

    def _read(self, made: WebSocket | PollingSocket, session: Session, transport: int) -> None:
        while not self._stopped.is_set() and (message := made.receive()) is not None:
            if isinstance(message, str):
                raise MuxBrokenError("the platform sent a text among the frames")
            if not session.incoming(transport, message):
                break
        if session.over:
            self._welcomed = False

    def _final(self, refused: RefusedError) -> Exception:
        """What a refusal means: by the platform's own words, because a proxy or a login page answers with the same
        numbers."""
        try:
            said = json.loads(refused.body)
        except (ValueError, RecursionError):
            return refused
        if not isinstance(said, dict):
            return refused
        text, code = stated_reason(said), str(said.get("code", ""))
        if says_removed(refused.status, said, self._client.workspace_id):
            return WorkspaceGoneError(text or "the workspace was removed", status=refused.status, code=code, details=said)
        if says_token_refused(refused.status, said):
            return CredentialRejectedError(text or "the platform refused the token", status=refused.status, code=code,
                                           details=said)
        return refused

    def _shake_hands(self, made: WebSocket | PollingSocket) -> dict[str, Any]:
        hello: dict[str, Any] = {"version": VERSION, "nonce": base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="),
                                 "url": self._server.inbound_url}
        if self._session is not None and not self._session.over:
            hello |= {"session": self._session_id, "received": self._session.received}
        made.send(json.dumps(hello))
        self._hear(made)  # The platform's key, which TLS vouches for here.
        made.send("{}")
        return self._hear(made)

    def _hear(self, made: WebSocket | PollingSocket) -> dict[str, Any]:
        said = made.receive(BEGIN_WITHIN)
        if isinstance(said, str):
            heard = json.loads(said)
            if isinstance(heard, dict):
                return heard
        if made.closed is not None and made.closed[0] == POLICY:
            raise RelayRefusedError(made.closed[1], status=403)
        raise ConnectionError("the platform ended the connection before it had begun")

    def _take_up(self, welcome: dict[str, Any]) -> tuple[Session, int, bool]:
        name, received, resumed = welcome.get("session"), welcome.get("received"), welcome.get("resumed", False)
        if not (isinstance(name, str) and name and type(received) is int and isinstance(resumed, bool)):
            raise MuxBrokenError("the platform's welcome is not one")
        anew = not resumed
        if anew:
            if self._session is not None:
                self._session.end()
            self._session, self._session_id = Session(self._opened), name
        transport = self._session.attach(received) if self._session is not None else None
        if self._session is None or transport is None:
            raise MuxBrokenError("the platform and we do not agree on what has come")
        return self._session, transport, anew

    def _write(self, made: WebSocket | PollingSocket, session: Session, transport: int) -> None:
        try:
            while message := session.outgoing(transport):
                made.send(message)
        except OSError:
            pass
        except Exception:
            log.exception("writing to the platform: unexpected trouble, connecting anew")
        finally:
            made.close()

    def _enrol_anew(self) -> None:
        """For a new session, in one thread however many there are."""
        with self._enrolling:
            self._sessions += 1
            if self._enrols:
                return
            self._enrols = True
            self._enroller = threading.Thread(target=self._enrol, daemon=True, name="molecule-relay-register")
            self._enroller.start()

    def _enrol(self) -> None:
        """Tell the platform that this agent is reached over its connection."""
        self._client.delivery_mode = "push"
        self._client.reported_url = ""
        while not self._stopped.is_set():
            told = self._sessions
            try:
                self._client.register()
                self._refused = None
                self._enrolled.set()
                with self._enrolling:
                    if told == self._sessions:
                        self._enrols = False
                        return
                continue
            except CredentialRejectedError as error:
                self._refused = error
                log.warning("cannot register over the connection: %s", error)
            except (PlatformError, requests.RequestException) as error:
                log.warning("cannot register over the connection yet: %s", error)
            except Exception:
                log.exception("registering over the connection: unexpected trouble, going on")
            self._stopped.wait(2)

    def _look_at_end(self, made: WebSocket | PollingSocket) -> None:
        """What the platform said last, however the connection ended."""
        goodbye = self._session.goodbye if self._session is not None else None
        if goodbye == "replaced":
            raise ReplacedError("this workspace's agent has connected from elsewhere; the newer connection counts",
                                status=409, code="replaced")
        if goodbye == "removed":
            raise WorkspaceGoneError("this workspace was removed", status=410, code=REMOVED_CODE,
                                     details={"id": self._client.workspace_id, "code": REMOVED_CODE})
        if made.closed is not None and made.closed[0] == CREDENTIAL_ENDED:
            raise CredentialRejectedError("the token was revoked", status=401)

    def _opened(self, stream: Stream) -> bool:
        if not self._room.acquire(blocking=False):
            return False
        try:
            threading.Thread(target=self._serve, args=(stream,), daemon=True, name="molecule-relay-request").start()
        except RuntimeError:  # No more threads.
            self._room.release()
            return False
        return True

    def _serve(self, stream: Stream) -> None:
        try:
            self._pass(stream)
        except Exception:
            log.exception("a request of the platform: unexpected trouble, dropping it")
        finally:
            stream.close()
            self._room.release()

    def _pass(self, stream: Stream) -> None:
        """The platform's request to the server of this process, and its answer back."""
        try:
            near = socket.create_connection(("127.0.0.1", self._server.port), 5)
        except OSError:
            return
        with near:
            near.settimeout(None)
            back = threading.Thread(target=self._pass_back, args=(near, stream), daemon=True,
                                    name="molecule-relay-answer")
            back.start()
            with contextlib.suppress(OSError):
                while part := stream.recv(PIPE_BYTES):
                    near.sendall(part)
                near.shutdown(socket.SHUT_WR)
            if stream.broken:
                with contextlib.suppress(OSError):
                    near.shutdown(socket.SHUT_RDWR)
            back.join()

    @staticmethod
    def _pass_back(near: socket.socket, stream: Stream) -> None:
        try:
            while part := near.recv(PIPE_BYTES):
                stream.sendall(part)
            stream.end()
        except OSError:
            stream.close()
