"""The platform as a process that can be killed: start it, ask it, end it without warning."""

import http.client
import json
import os
import signal
import socket
import subprocess
from pathlib import Path


class Refused(Exception):
    """An answer that the harness did not expect."""


class Plane:
    """One data directory and one port; at most one process at a time."""

    def __init__(self, binary: Path, folder: Path, database_url: str = ""):
        self.binary = binary
        self.data = folder / "data"
        self.log = folder / "platform.log"
        self.database_url = database_url
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        environment["RATE_LIMIT"] = environment["MOLECULE_EDGE_RATE"] = "0"
        if self.database_url:
            environment["DATABASE_URL"] = self.database_url
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.binary), "serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data), "--dial-allow", "127.0.0.1/32"],
                stdout=subprocess.PIPE, stderr=log, env=environment, start_new_session=True,
            )
        for line in self.process.stdout:
            if line.startswith(b"ready "):
                return
        raise Refused(f"the platform ended with {self.process.wait()} before it was ready; see {self.log}")

    def start_and_kill_before_ready(self, after: float) -> None:
        """A crash while recovering from a crash."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [str(self.binary), "serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data)],
                stdout=log, stderr=log, start_new_session=True,
            )
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def stop(self) -> int:
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.process.stdout.close()
            self.process = None

    def admin(self) -> str:
        return (self.data / "admin_token").read_text().strip()

    def session(self, bearer: str, timeout: float = 10) -> "Session":
        return Session(self.port, bearer, timeout)


class Session:
    """One keep-alive connection with one credential."""

    def __init__(self, port: int, bearer: str, timeout: float):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body=None) -> tuple[int, object, dict]:
        self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        try:
            value = json.loads(text) if text else None
        except ValueError as wrong:
            raise Refused(f"{method} {path}: {answer.status} {text[:200]!r}") from wrong
        return answer.status, value, dict(answer.getheaders())

    def must(self, method: str, path: str, body=None):
        status, value, _ = self.ask(method, path, body)
        if status >= 300:
            raise Refused(f"{method} {path}: {status} {value}")
        return value

    def close(self) -> None:
        self.connection.close()
