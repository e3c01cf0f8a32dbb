"""A platform on a real socket that answers by script and remembers what it was asked.

It knows nothing of the product: each test says which answers come, in which order, and then looks at the requests.
"""

from __future__ import annotations

import http.server
import json
import sys
import threading
import urllib.parse
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What is answered; `hangup` closes the connection without a word after the request was read."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] | None = None
    hangup: bool = False


class _Listener(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves while it is answered is part of several tests."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class ScriptedPlatform:
    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[tuple[str, str], deque[Reply | Callable[[Request], Reply]]] = {}
        self._lock = threading.Lock()
        self._http = _Listener(("127.0.0.1", port), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def on(self, method: str, path: str, *replies: Any) -> None:
        """Answer `method path` with these replies in turn; the last one stays. A reply is a `Reply`, a function of
        the request, or a body for 200."""
        made = deque(r if isinstance(r, Reply) or callable(r) else Reply(200, r) for r in replies)
        with self._lock:
            self._scripts[(method, path)] = made

    def asked(self, method: str, path: str) -> list[Request]:
        with self._lock:
            return [r for r in self.requests if r.method == method and r.path == path]

    def _next(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get((request.method, request.path))
            if not script:
                return Reply(404, {"error": f"nothing scripted for {request.method} {request.path}"})
            chosen = script.popleft() if len(script) > 1 else script[0]
        return chosen(request) if callable(chosen) else chosen

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        platform = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                split = urllib.parse.urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = platform._next(Request(self.command, split.path, dict(urllib.parse.parse_qsl(split.query)),
                                               dict(self.headers.items()), body))
                if reply.hangup:
                    self.close_connection = True
                    return
                raw = isinstance(reply.body, bytes)
                payload = reply.body if raw else b"" if reply.body is None else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(payload)))
                headers = {"Content-Type": "application/octet-stream" if raw else "application/json",
                           **(reply.headers or {})}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
