"""An A2A endpoint for an agent that can be reached: JSON-RPC at the registered path and `/`, and its agent card.

Beside A2A it serves `POST /a2a/inbound`, the flat endpoint of earlier SDK versions. Everything is bounded: body size,
connections, waiting time for a slow client, and answers remembered for repeated messages.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import hmac
import http.server
import ipaddress
import json
import logging
import socket
import sys
import threading
import time
import urllib.parse
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from typing import Any

from . import _rpc
from ._asked import Call, Said
from ._chain import ACTIVITY_HEADER
from ._direct import Callers, CallRefusedError, looks_like_call_token
from ._version import __version__

__all__ = ["A2AServer", "INBOUND_PATH", "MAX_BODY_BYTES", "MAX_CONNECTIONS"]

log = logging.getLogger("molecule_agent")

INBOUND_PATH = "/a2a/inbound"
CARD_PATHS = ("/.well-known/agent-card.json", "/.well-known/agent.json")
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_CONNECTIONS = 64
CLIENT_TIMEOUT = 30.0
"""Seconds a client may take between two bytes, and an idle connection is kept."""
REMEMBERED_ANSWERS, REMEMBERED_BYTES = 512, 64 * 1024 * 1024
"""Answers that are kept for messages that come again; the newest is, however long."""
DUPLICATE_WAIT = 300.0
"""Seconds a repeated message waits for the run that is already under way, until it is told to come again: less than
the platform or anything on the way waits for an answer."""
SECRET_WAIT = 2.0
"""Seconds that whoever shows a secret waits for ours: the platform calls as soon as it has registered the agent, which
may not have read the answer yet."""

PayloadHandler = Callable[[dict[str, Any]], Any | Awaitable[Any]]


class A2AServer:
    """One agent's endpoint. Several may live in one process.

    `message_handler` is called with one dictionary: for A2A the whole JSON-RPC envelope plus the flat keys `task_id`,
    `sender` (the calling workspace, "" for a person), `message` (the text), `idempotency_key` and `activity_id` (the
    platform's name for the message, "" when it did not come through the platform); for the flat endpoint the body as
    sent. It may be plain or async and may be assigned later; until then messages get 503. It runs in the
    thread of its connection, so several messages are worked on side by side. A message that comes again while its
    first run lasts, or soon after, gets the answer of that run; while that takes long it is told so (503 with
    `X-Molecule-At-Work`), and the platform brings it again for as long as the run lasts.

    With `PushDelivery` a reply to the message goes back at once, as its answer, while the handler goes on.

    `secret` must be presented as `Authorization: Bearer …`. It may be a function, such as `lambda:
    client.inbound_secret`, because the agent learns it when it registers: until the function gives one nobody is heard
    (503). With `callers` (`client.direct_callers()`) a peer may call without the platform, too: the token that the
    platform gave it says who it is, whatever else it says. With neither whoever reaches the server is heard, as
    whoever they say they are. The socket is bound by the constructor, at every address of this machine unless `host`
    names one: `port` and `inbound_url` are final from then on.
    """

    def __init__(self, agent_id: str, inbound_url: str = "", message_handler: PayloadHandler | None = None,
                 host: str = "0.0.0.0", port: int = 0, *, agent_card: dict[str, Any] | None = None,
                 secret: str | Callable[[], str] = "", callers: Callers | None = None, max_body_bytes: int = MAX_BODY_BYTES,
                 max_connections: int = MAX_CONNECTIONS) -> None:
        self.agent_id = agent_id
        self.message_handler = message_handler
        self.agent_card = agent_card or {"name": agent_id}
        self.max_body_bytes = max_body_bytes
        self._secret = secret
        self._callers = callers
        self._http = _Listener((host, port), self, max_connections)
        self.host = host
        self.port: int = self._http.server_address[1]
        shown = "127.0.0.1" if host in ("", "0.0.0.0") else host
        self.inbound_url = inbound_url or f"http://{shown}:{self.port}/"
        self._paths = {"/", urllib.parse.urlsplit(self.inbound_url).path or "/"} - {INBOUND_PATH}
        self._thread: threading.Thread | None = None
        self._answers: collections.OrderedDict[str, Future[Any]] = collections.OrderedDict()
        self._sizes: dict[str, int] = {}  # Of the answers that are there.
        self._turned_away: set[str] = set()  # Keys of runs under way whose answer somebody comes for again.
        self._lock = threading.Lock()

    def start_in_background(self) -> None:
        """Serve in a thread of its own; calling it again changes nothing."""
        if self._thread is None:
            if not self._secret and self._callers is None and not self._http.is_near:
                log.warning("port %d answers whoever reaches it, without a secret and as whoever they say they are: give "
                            "A2AServer a secret, or host=\"127.0.0.1\"", self.port)
            self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1},
                                            name=f"a2a-server-{self.port}", daemon=True)
            self._thread.start()

    def stop(self, timeout: float = 5) -> None:
        """Stop accepting and close the socket. Messages being worked on may finish in their threads."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._http.shutdown()
            thread.join(timeout)
        self._http.server_close()

    def is_rpc_path(self, path: str) -> bool:
        return path in self._paths

    def accepts(self, authorization: str | None) -> bool:
        """True when the header presents the secret, or nothing is demanded of anybody. Raises `NotReady` while the
        secret is not known."""
        scheme, _, presented = (authorization or "").partition(" ")
        shown = presented.strip() if scheme.lower() == "bearer" else ""
        secret = self._learned(self._secret, SECRET_WAIT if shown else 0) if callable(self._secret) else self._secret
        if not secret:
            return self._callers is None
        return hmac.compare_digest(shown.encode(), secret.encode())

    def _learned(self, ask: Callable[[], str], patience: float) -> str:
        """What the program gives as its secret. Raises `NotReady` when it has none within `patience` seconds."""
        until = time.monotonic() + patience
        while True:
            try:
                secret = ask()
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody has proved anything
                log.warning("cannot learn the secret that callers must show (%r); nobody is heard", error)
                raise _rpc.NotReady from None
            if secret:
                return secret
            if time.monotonic() >= until:
                raise _rpc.NotReady
            time.sleep(0.02)

    def direct_caller(self, authorization: str | None) -> str | None:
        """The peer that calls without the platform; None when nobody says to be one, or none may. Raises
        `CallRefusedError` for a token that proves nothing."""
        scheme, _, presented = (authorization or "").partition(" ")
        if self._callers is None or scheme.lower() != "bearer" or not looks_like_call_token(presented.strip()):
            return None
        return self._callers.caller_of(presented.strip())

    def card(self) -> dict[str, Any]:
        return _rpc.hybrid_card(self.agent_card, self.inbound_url, self.agent_id)

    def run(self, payload: dict[str, Any], key: str, give: Callable[[Said], None] = lambda said: None, *,
            at_once: bool = False) -> Any:
        """Run the handler, once per `key` when it is not empty. Raises what the handler raised. `give` gets an answer that
        is said while the handler goes on; then that is the outcome. `at_once`: a run that others began is not waited for."""
        handler = self.message_handler
        if handler is None:
            raise _rpc.NotReady
        if not key:
            return _rpc.call(handler, payload, Call(give))
        with self._lock:
            running = self._answers.get(key)
            mine: Future[Any] = Future()
            if running is None:
                self._answers[key] = mine
                self._forget_old()
        if running is not None:
            return self._answer_of(running, key, 0.0 if at_once else DUPLICATE_WAIT)

        def said_early(said: Said) -> None:
            with self._lock:
                self._turned_away.discard(key)
                mine.set_result(said)
                self._remember(key, said)
            give(said)

        try:
            outcome = _rpc.call(handler, payload, Call(said_early))
        except BaseException as error:
            with self._lock:
                if mine.done():
                    raise
                # A failed run is not an answer: the same message may be tried again. Only who was told to come for
                # the end of this run is told how it ended.
                if key not in self._turned_away:
                    self._answers.pop(key, None)
                self._turned_away.discard(key)
                mine.set_exception(error)
        else:
            with self._lock:
                if not mine.done():
                    self._turned_away.discard(key)
                    mine.set_result(outcome)
                    self._remember(key, outcome)
        return mine.result()

    def _remember(self, key: str, outcome: Any) -> None:
        self._sizes[key] = _size_of(outcome)
        self._answers.move_to_end(key)
        self._forget_old()

    def _forget_old(self) -> None:
        """The oldest finished answers go first; one still being worked on must stay findable."""
        finished = [key for key, future in self._answers.items() if future.done()]
        held = sum(self._sizes.values())
        for key in finished[:-1]:
            if len(self._answers) <= REMEMBERED_ANSWERS and held <= REMEMBERED_BYTES:
                break
            del self._answers[key]
            held -= self._sizes.pop(key, 0)

    def _answer_of(self, running: Future[Any], key: str, patience: float) -> Any:
        """What a run that others began came to, as soon as it has ended."""
        wait([running], patience)
        with self._lock:
            if not running.done():
                self._turned_away.add(key)
                raise _rpc.AtWork
            if running.exception() is not None and self._answers.get(key) is running:
                del self._answers[key]
        return running.result()


def _size_of(outcome: Any) -> int:
    """Roughly what it takes to keep an answer."""
    if isinstance(outcome, Said):
        return sys.getsizeof(outcome.text) + sum(len(file.inline) + len(file.uri) for file in outcome.files)
    if outcome is None or isinstance(outcome, str):
        return sys.getsizeof(outcome)
    try:
        return len(json.dumps(outcome))
    except (TypeError, ValueError, RecursionError):
        return sys.getsizeof(outcome)


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], owner: A2AServer, max_connections: int) -> None:
        self.owner = owner
        self._slots = threading.BoundedSemaphore(max_connections)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Exchange)

    @property
    def is_near(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(str(self.server_address[0])).is_loopback

    def server_bind(self) -> None:
        # The base class looks up the host's full name here, which can hang on a machine without a resolver.
        socketserver_bind = super(http.server.HTTPServer, self).server_bind
        socketserver_bind()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            request.settimeout(1.0)
            try:
                request.sendall(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
                                b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:
                pass
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.info("connection from %s broke", client_address, exc_info=True)


class _Exchange(http.server.BaseHTTPRequestHandler):
    """One connection."""

    server: _Listener
    protocol_version = "HTTP/1.1"
    server_version = f"molecule-ai-sdk/{__version__}"
    sys_version = ""
    timeout = CLIENT_TIMEOUT
    disable_nagle_algorithm = True
    _answered = False

    def do_GET(self) -> None:
        owner = self.server.owner
        path = urllib.parse.urlsplit(self.path).path
        if path in CARD_PATHS:
            self._answer(200, owner.card(), {"Cache-Control": "max-age=60"})
        elif owner.is_rpc_path(path) or path == INBOUND_PATH:
            self._answer(405, {"error": "use POST here"}, {"Allow": "POST"})
        else:
            self._answer(404, {"error": "nothing lives at this path"})

    def do_POST(self) -> None:
        owner = self.server.owner
        path = urllib.parse.urlsplit(self.path).path
        if not owner.is_rpc_path(path) and path != INBOUND_PATH:
            self._refuse(404, "nothing lives at this path")
            return
        shown = self.headers.get("Authorization")
        try:
            caller = owner.direct_caller(shown)
            if caller is None and not owner.accepts(shown):
                self._refuse(401, "present the inbound secret as bearer", {"WWW-Authenticate": "Bearer"})
                return
        except CallRefusedError as refused:
            self._refuse(401, str(refused), {"WWW-Authenticate": 'Bearer error="invalid_token"'})
            return
        except _rpc.NotReady:
            self._refuse(503, "the agent is starting; try again shortly", _rpc.SHORTLY)
            return
        body = self._body(owner.max_body_bytes)
        if body is None:
            return
        # Who calls directly is who the platform says, and no part of a message that the platform carried.
        sender = caller or (self.headers.get("X-Workspace-ID") or "").strip()
        if path == INBOUND_PATH:
            status, reply, headers = _rpc.answer_flat(owner.run, body, caller, self._answer_early)
        else:
            activity = "" if caller else (self.headers.get(ACTIVITY_HEADER) or "").strip()
            # A platform that may end before it has heard of a run would count that as a run that was lost.
            run = functools.partial(owner.run, at_once=self.headers.get("Prefer") == "wait=0")
            status, reply, headers = _rpc.answer(run, body, sender, activity, self._answer_early)
        if not self._answered:
            self._answer(status, reply, headers)

    def _body(self, limit: int) -> bytes | None:
        """The request body; None when it was refused and the refusal is already sent."""
        if self.headers.get("Transfer-Encoding") is not None:
            self._refuse(411, "send the body with a Content-Length")
            return None
        lengths = set(self.headers.get_all("Content-Length") or [])
        stated = lengths.pop().strip() if len(lengths) == 1 else ""
        if not (stated.isascii() and stated.isdigit()):
            self._refuse(411 if not lengths and not stated else 400, "one Content-Length is needed")
            return None
        # Compared by digits first: a number of absurd length is not worth converting.
        if len(stated) > 15 or int(stated) > limit:
            self._refuse(413, f"the body may have at most {limit} bytes")
            return None
        body = self.rfile.read(int(stated))
        if len(body) < int(stated):
            self.close_connection = True
            return None
        return body

    def _refuse(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        """Answer without having read the body, which ends the connection: what follows would be misread."""
        self.close_connection = True
        self._answer(status, {"error": reason}, {"Connection": "close", **(headers or {})})

    def _answer_early(self, reply: _rpc.Reply) -> None:
        """Answer while the handler goes on, which keeps this thread: no other request comes over this connection. Who is
        not there any more comes again, and gets the same."""
        status, body, headers = reply
        self._answered = True
        with contextlib.suppress(OSError):
            self._answer(status, body, {"Connection": "close", **headers})
            self.connection.shutdown(socket.SHUT_WR)

    def _answer(self, status: int, reply: Any, headers: dict[str, str] | None = None) -> None:
        payload = json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("%s %s", self.address_string(), format % args)
