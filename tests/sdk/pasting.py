"""Somebody who pastes lines into a program at a terminal: a shell or a Python prompt, as they are set up out of the box."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import threading
import time
from pathlib import Path

# Interactive, and without anybody's own settings.
SHELLS = {
    "bash": [shutil.which("bash") or "bash", "--norc", "--noprofile", "-i"],
    "dash": [shutil.which("dash") or "dash", "-i"],
    "zsh": [shutil.which("zsh") or "zsh", "-f", "-i"],
    "fish": [shutil.which("fish") or "fish", "--no-config", "-i"],
}
PROMPT = [shutil.which("python3") or "python3", "-q"]
READ_MAX = 4096
PIECE_MAX = 256
PATIENCE_SECONDS = 20.0


class Terminal:
    """A program at a terminal of its own; `said` is all it wrote."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._near, far = pty.openpty()
        # The terminal has to be the program's own, or there is no job control and no hanging up.
        self._process = subprocess.Popen(["setsid", "--ctty", *command], cwd=folder, env={**environment, "TERM": "dumb"},
                                         stdin=far, stdout=far, stderr=far)
        os.close(far)
        self.said = ""
        # Whoever is not read waits, and hears nothing more.
        self._ended = threading.Event()
        self._hearing = threading.Thread(target=self._hear)
        self._hearing.start()

    def paste(self, text: str) -> None:
        """Types the text, as fast as the program takes it."""
        data = text.encode()
        while data:
            assert select.select([], [self._near], [], PATIENCE_SECONDS)[1], f"the program takes no more: {self.said}"
            data = data[os.write(self._near, data[:PIECE_MAX]):]

    def wait_for(self, words: str, seconds: float = 40.0) -> None:
        until = time.monotonic() + seconds
        while words not in self.said:
            assert time.monotonic() < until, f"no {words!r} within {seconds:.0f} s in: {self.said}"
            time.sleep(0.02)

    def _hear(self) -> None:
        while not self._ended.is_set():
            if not select.select([self._near], [], [], 0.1)[0]:
                continue
            try:
                self.said += os.read(self._near, READ_MAX).decode(errors="replace")
            except OSError:  # The program ended.
                return

    def end(self) -> None:
        """Hangs up, which ends the program and what it runs at the moment."""
        self._ended.set()
        self._hearing.join()
        os.close(self._near)
        try:
            self._process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
