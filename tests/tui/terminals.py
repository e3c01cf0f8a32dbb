"""A terminal with the binary in it, by tmux: what is typed, what is seen."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from stage import BINARY

WAIT = 15.0
NO_SETTINGS = "/dev/null"


class Terminal:
    """One tmux server with one window; `columns` by `rows`."""

    def __init__(self, folder: Path, columns: int = 80, rows: int = 24) -> None:
        self._socket = folder / f"t{uuid.uuid4().hex[:8]}"
        self.columns, self.rows = columns, rows

    def _tmux(self, *words: str, check: bool = True) -> str:
        ran = subprocess.run(["tmux", "-S", str(self._socket), "-f", NO_SETTINGS, *words], check=check, timeout=20,
                             capture_output=True, text=True, errors="replace",
                             env={"PATH": os.environ["PATH"], "HOME": str(self._socket.parent), "LC_ALL": "C.UTF-8"})
        return ran.stdout

    def _around(self, **environment: str) -> list[str]:
        around = {"TERM": "tmux-256color", "LC_ALL": "C.UTF-8", "TZ": "UTC", **environment}
        return ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={self._socket.parent}",
                *(f"{name}={value}" for name, value in around.items())]

    def _run(self, line: str) -> None:
        self._tmux("new-session", "-d", "-x", str(self.columns), "-y", str(self.rows), line)

    def open(self, *arguments: str, **environment: str) -> None:
        """A shell that says how the program ended, and stays."""
        words = [*self._around(**environment), str(BINARY), *arguments]
        self._run(f"{shlex.join(words)}; echo ended with $?; exec sleep 600")

    def shell(self) -> None:
        """A shell with jobs, to type in."""
        self._run(shlex.join([*self._around(PS1="at the shell $ "), "bash", "--norc", "--noprofile", "-i"]))

    def top(self, data: Path, *arguments: str, **environment: str) -> None:
        self.open("top", "--data", str(data), *arguments, **environment)

    def keys(self, *keys: str) -> None:
        """By tmux's names: Enter, Escape, Up, C-c."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def paste(self, text: str) -> None:
        self._tmux("set-buffer", text)
        self._tmux("paste-buffer", "-p")

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def coloured(self) -> str:
        return self._tmux("capture-pane", "-p", "-e")

    def lines(self) -> list[str]:
        return self.screen().split("\n")

    def state(self) -> dict[str, str]:
        """What the program left behind in the terminal."""
        names = ("alternate_on", "cursor_flag", "mouse_any_flag", "bracketed_paste_flag")
        told = self._tmux("display-message", "-p", " ".join(f"#{{{name}}}" for name in names[:3]))
        return dict(zip(names, told.split(), strict=False))

    def pid(self) -> int:
        """Of the program in the window."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return next(int(each) for each in children if Path(f"/proc/{each}/comm").read_text().strip() == "molecule")

    def wait(self, what: str, fact: Callable[[str], bool], seconds: float = WAIT) -> str:
        """The first screen for which it is so."""
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if fact(screen):
                return screen
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}:\n{screen}"
            time.sleep(0.05)

    def see(self, *texts: str, seconds: float = WAIT) -> str:
        return self.wait(" and ".join(texts), lambda screen: all(text in screen for text in texts), seconds)

    def see_no(self, *texts: str, seconds: float = WAIT) -> str:
        return self.wait("no " + " or ".join(texts), lambda screen: not any(text in screen for text in texts), seconds)

    def close(self) -> None:
        self._tmux("kill-server", check=False)
