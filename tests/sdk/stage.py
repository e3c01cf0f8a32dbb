"""The real binary as a process with an own data directory, and an operator's way to ask it.

The binary is `MOLECULE_BINARY`, else the developer build. It listens on a port of its own choice on 127.0.0.1.
"""

from __future__ import annotations

import os
import secrets
import select
import signal
import subprocess
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MOLECULE_BINARY", ROOT / "build/dev/molecule"))
READY_SECONDS = 20.0
DATABASE = os.environ.get("MOLECULE_TEST_DATABASE_URL", "")
"""A PostgreSQL server that tests may make schemas in; `./dev test` starts one."""


def wait_for(what: str, fact: Callable[[], Any], seconds: float = 20.0) -> Any:
    """The first true value of `fact`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = fact()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.02)


class Schema:
    """A schema of its own on the test server; `url` is what a platform gets to live in it."""

    def __init__(self) -> None:
        assert DATABASE, "MOLECULE_TEST_DATABASE_URL is not set; ./dev test sets it"
        self._name = f"molecule_sdk_{os.getpid()}_{secrets.token_hex(4)}"
        self._tell(f"CREATE SCHEMA {self._name}")
        self.url = f"{DATABASE}{'&' if '?' in DATABASE else '?'}options=-csearch_path%3D{self._name}"

    def lose(self) -> None:
        """Put an empty schema in its place."""
        self._tell(f"ALTER SCHEMA {self._name} RENAME TO {self._name}_lost; CREATE SCHEMA {self._name}")

    def put_back(self) -> None:
        self._tell(f"DROP SCHEMA {self._name} CASCADE; ALTER SCHEMA {self._name}_lost RENAME TO {self._name}")

    def dump(self) -> str:
        return subprocess.run(["pg_dump", f"--schema={self._name}"], check=True, timeout=60, capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], **libpq_environment(DATABASE)}).stdout

    def restore(self, text: str) -> None:
        self._tell(f"DROP SCHEMA {self._name} CASCADE")
        subprocess.run(["psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"], check=True, timeout=60, text=True, input=text,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={"PATH": os.environ["PATH"], **libpq_environment(DATABASE)})

    def drop(self) -> None:
        for name in (self._name, f"{self._name}_lost"):
            self._tell(f"DROP SCHEMA IF EXISTS {name} CASCADE")

    def end_session(self, pid: int | None) -> None:
        """End the session in which this platform writes."""
        self._tell("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                   f"WHERE application_name LIKE 'molecule pid {pid} on %'")

    def tell(self, statement: str) -> None:
        self._tell(f"SET search_path = {self._name}; {statement}")

    def _tell(self, statement: str) -> None:
        # The address holds a password, so it travels in the environment and not in the arguments.
        subprocess.run(["psql", "--quiet", "--no-psqlrc", "--command", statement], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={"PATH": os.environ["PATH"], **libpq_environment(DATABASE)})


def libpq_environment(url: str) -> dict[str, str]:
    """A PostgreSQL address as the variables that psql reads."""
    parts = urllib.parse.urlsplit(url)
    named = {"PGHOST": parts.hostname or "127.0.0.1", "PGPORT": str(parts.port or 5432),
             "PGUSER": urllib.parse.unquote(parts.username or ""),
             "PGPASSWORD": urllib.parse.unquote(parts.password or ""), "PGDATABASE": parts.path.lstrip("/")}
    return {name: value for name, value in named.items() if value}


class Stage:
    """One data directory, one process at a time, one operator."""

    def __init__(self, folder: Path, *options: str, database_url: str = "",
                 environment: dict[str, str] | None = None, listen: str = "127.0.0.1:0") -> None:
        self.data = folder / "data"
        self._environment = environment or {}
        self._log = folder / "platform.log"
        self._options = options
        self._database_url = database_url
        self._listen = listen
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self._session = requests.Session()
        self._session.trust_env = False

    def start(self) -> None:
        assert BINARY.is_file(), f"{BINARY} is missing; build it first (./dev build --preset dev)"
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        environment["RATE_LIMIT"] = "1000000"
        if self._database_url:
            environment["DATABASE_URL"] = self._database_url
        environment |= self._environment
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(BINARY), "serve", "--listen", self._listen, "--data", str(self.data), "--dial-allow",
                 "127.0.0.1/32", *self._options],
                stdout=subprocess.PIPE, stderr=log, env=environment, start_new_session=True)
        assert self._process.stdout is not None
        self.url = self._ready_url(self._process)
        # A later start listens on the same port, so that agents find the platform again.
        self._listen = self.url.removeprefix("http://").rstrip("/")
        token = environment.get("ADMIN_TOKEN") or (self.data / "admin_token").read_text().strip()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _ready_url(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        deadline, seen = time.monotonic() + READY_SECONDS, b""
        while time.monotonic() < deadline:
            if not select.select([process.stdout], [], [], 0.2)[0]:
                continue
            chunk = os.read(process.stdout.fileno(), 4096)
            seen += chunk
            for line in seen.split(b"\n")[:-1]:
                if line.startswith(b"ready "):
                    return line.split()[1].decode().rstrip("/")
            assert chunk, f"the platform ended with {process.wait()}: {self._log.read_text()[-2000:]}"
        raise AssertionError(f"the platform was not ready: {seen!r}")

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def log_text(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None and self._process.stdout is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()
        self._process = None

    def stop(self) -> int | None:
        """End it politely; its exit status, None when it was not running."""
        if self._process is None:
            return None
        self.ask_to_stop()
        return self.stopped()

    def ask_to_stop(self) -> None:
        assert self._process is not None
        self._process.terminate()

    def stopped(self, seconds: float = 20) -> int | None:
        """The exit status once it has ended by itself; None when it had to be killed."""
        assert self._process is not None and self._process.stdout is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None
        finally:
            self._process.stdout.close()
            self._process = None

    def close(self) -> None:
        self.stop()
        self._session.close()

    # --- what an operator does ---

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self._session.request(method, self.url + path, json=body, timeout=40, **options)

    def must(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.ask(method, path, body, **options)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def external(self, name: str, parent: str | None = None) -> dict[str, Any]:
        """Create an External workspace; the answer holds its id and connection."""
        body: dict[str, Any] = {"name": name, "runtime": "external", "tier": 2}
        if parent is not None:
            body["parent_id"] = parent
        return dict(self.must("POST", "/workspaces", body))

    def workspace(self, workspace_id: str) -> dict[str, Any]:
        return dict(self.must("GET", f"/workspaces/{workspace_id}"))

    def say(self, workspace_id: str, text: str, message_id: str = "") -> requests.Response:
        """Write to an agent as a person does."""
        message = {"messageId": message_id or os.urandom(8).hex(), "role": "user",
                   "parts": [{"kind": "text", "text": text}]}
        return self.ask("POST", f"/workspaces/{workspace_id}/a2a",
                        {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": message}})

    def rows(self, workspace_id: str, **query: Any) -> list[dict[str, Any]]:
        """Activity of a workspace, oldest first."""
        found = self.must("GET", f"/workspaces/{workspace_id}/activity", params={"order": "asc", "limit": 500, **query})
        return list(found)
