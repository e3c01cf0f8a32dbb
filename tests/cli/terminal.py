"""A person's machine: the binary run in a pipe, or in a terminal of some size and locale."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path
from typing import Any

from stage import BINARY, wait_for

DONE, FAILED, WRONG_USAGE, NOT_REACHABLE, REFUSED = range(5)


class Ran(subprocess.CompletedProcess[str]):
    """What a run in a pipe said and how it ended."""


class Machine:
    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR")}
        self.environment = {**kept, "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm-256color", **environment}

    @property
    def profiles(self) -> Path:
        return self.home / ".config/molecule/profiles.conf"

    def run(self, *words: str | Path, stdin: str = "", program: str | Path = BINARY, seconds: float = 30,
            **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(program), *map(str, words)], env={**self.environment, **environment}, input=stdin,
                              capture_output=True, text=True, timeout=seconds, check=False, cwd=self.home,
                              start_new_session=True)

    def unwritten(self, *words: str) -> subprocess.CompletedProcess[str]:
        """As run, with its output going nowhere because the disk is full."""
        with open("/dev/full", "w") as full:
            return subprocess.run([str(BINARY), *words], env=self.environment, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=30, check=False, cwd=self.home, start_new_session=True)

    def must(self, *words: str | Path, **options: Any) -> str:
        ran = self.run(*words, **options)
        assert ran.returncode == DONE, f"{words}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def json(self, *words: str | Path, **options: Any) -> Any:
        return json.loads(self.must(*words, "-o", "json", **options))

    def begin(self, *words: str | Path, **environment: str) -> Running:
        return Running([str(BINARY), *map(str, words)], {**self.environment, **environment}, self.home)

    def terminal(self, *words: str | Path, columns: int = 80, rows: int = 24, **environment: str) -> Terminal:
        return Terminal([str(BINARY), *map(str, words)], {**self.environment, **environment}, columns, rows, self.home)


class Running:
    """A program that goes on, in pipes: what it has said so far. Ends with its context."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self._files = [tempfile.TemporaryFile(dir=folder) for _ in range(2)]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self._files[0],
                                        stderr=self._files[1], cwd=folder, start_new_session=True)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for each in self._files:
            each.close()

    def _read(self, which: int) -> str:
        return os.pread(self._files[which].fileno(), 1 << 24, 0).decode()

    @property
    def out(self) -> str:
        return self._read(0)

    @property
    def said(self) -> str:
        """On standard error."""
        return self._read(1)

    def wait_for(self, what: str, seconds: float = 20) -> None:
        wait_for(f"{what!r} of {self.process.args}", lambda: what in self.out + self.said, seconds)

    def ended(self, seconds: float = 20) -> int:
        return self.process.wait(seconds)


def at_a_terminal() -> None:
    """As a shell starts a program: the terminal is its own, and a key interrupts it, whatever is ignored here."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


class Terminal:
    """A program in a terminal of its own: what it is sent, what is typed. Ends with its context."""

    def __init__(self, command: list[str], environment: dict[str, str], columns: int, rows: int, folder: Path) -> None:
        self._at, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
                                        start_new_session=True, preexec_fn=at_a_terminal)
        os.close(theirs)
        self.seen = ""
        self._bytes = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._at)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._at], [], [], seconds)[0]:
            return True
        try:
            chunk = os.read(self._at, 65536)
        except OSError:
            return False  # Everybody on its other side has gone.
        self._bytes += chunk
        self.seen = self._bytes.decode(errors="surrogateescape").replace("\r\n", "\n")
        return bool(chunk)

    def wait_for(self, text: str, seconds: float = 20) -> str:
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, f"waited in vain for {text!r}: {self.seen!r}"
            assert self._read(0.1) or text in self.seen, f"it ended without {text!r}: {self.seen!r}"
        return self.seen

    def ended(self, seconds: float = 20) -> int:
        """Its exit status, once it has ended by itself."""
        deadline = time.monotonic() + seconds
        while self._read(0.1):
            assert time.monotonic() < deadline, f"it goes on: {self.seen!r}"
        return self.process.wait(max(1.0, deadline - time.monotonic()))

    def type(self, text: str) -> None:
        os.write(self._at, text.encode())

    def interrupt(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._at, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
