"""`molecule ws shell`: in a real terminal, and between pipes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import BINARY, Stage, wait_for
from stand_in import make, online

sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))
from terminal import at_a_terminal  # noqa: E402


@pytest.fixture(scope="module")
def workspace(stage: Stage) -> str:
    made = make(stage, "has a shell")
    online(stage, made)
    return made


def words(stage: Stage, *given: str) -> list[str]:
    return [str(BINARY), "ws", "shell", "--url", stage.url, *given]


def environment(stage: Stage, **more: str) -> dict[str, str]:
    token = (stage.data / "admin_token").read_text().strip()
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": "xterm-256color", "MOLECULE_API_KEY": token} | more


def run(stage: Stage, *given: str, input: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words(stage, *given), env=environment(stage, **more), input=input, capture_output=True, timeout=40,
                          check=False, start_new_session=True)


class AtATerminal:
    """The verb in a terminal, of which a shell would go on with the mode that it had."""

    def __init__(self, stage: Stage, *given: str, columns: int = 80, rows: int = 24) -> None:
        self.at, self.theirs = pty.openpty()
        self.size(columns, rows)
        self.before = termios.tcgetattr(self.theirs)
        self.process = subprocess.Popen(words(stage, *given), env=environment(stage), stdin=self.theirs, stdout=self.theirs,
                                        stderr=self.theirs, start_new_session=True, preexec_fn=at_a_terminal)
        self.seen = b""

    def size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.at, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str | bytes) -> None:
        os.write(self.at, text.encode() if isinstance(text, str) else text)

    def step(self, seconds: float = 0.2) -> None:
        if select.select([self.at], [], [], seconds)[0]:
            self.seen += os.read(self.at, 65536)

    def hear(self, what: str, seconds: float = 20) -> None:
        until = time.monotonic() + seconds
        while what.encode() not in self.seen:
            assert time.monotonic() < until and (self.process.poll() is None or select.select([self.at], [], [], 0)[0]), self.seen[-2000:]
            self.step()

    def ended(self, seconds: float = 20) -> int:
        until = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < until, self.seen[-2000:]
            self.step()
        self.step(0)
        return int(self.process.returncode)

    @property
    def raw(self) -> bool:
        return not termios.tcgetattr(self.theirs)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def is_as_before(self) -> bool:
        return termios.tcgetattr(self.theirs) == self.before

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.at)
        os.close(self.theirs)


@pytest.fixture
def seats() -> Iterator[list[AtATerminal]]:
    made: list[AtATerminal] = []
    yield made
    for each in made:
        each.end()


def test_a_line_between_pipes_passes_bytes_and_status_on(stage: Stage, workspace: str) -> None:
    blob = bytes(range(256)) * 4000
    ran = run(stage, "has a shell", "cat; echo of errors >&2; exit 5", input=blob)
    assert (ran.returncode, ran.stdout == blob, ran.stderr) == (5, True, b"of errors\n")
    assert run(stage, workspace, "echo", "-n", "--", "$((1+1))").stdout == b"-- 2"
    assert run(stage, workspace, "ls", "-d", "/usr").stdout == b"/usr\n"
    assert run(stage, workspace, input=b"echo from a script\nexit 4\n").returncode == 4


def test_much_goes_through_whole(stage: Stage, workspace: str) -> None:
    ran = run(stage, workspace, "head -c 5000000 /dev/zero")
    assert ran.returncode == 0 and len(ran.stdout) == 5_000_000
    ran = run(stage, workspace, "sleep 1; wc -c", input=b"x" * 3_000_000)
    assert ran.stdout.strip() == b"3000000"


def test_who_stops_reading_ends_it(stage: Stage, workspace: str) -> None:
    line = " ".join(f"'{each}'" for each in words(stage, workspace, "yes")) + " | head -1"
    ran = subprocess.run(["bash", "-c", line + "; exit ${PIPESTATUS[0]}"], env=environment(stage), capture_output=True, timeout=40, check=False)
    assert ran.stdout == b"y\n"


def test_an_option_that_there_is_none_of_is_a_mistake(stage: Stage, workspace: str) -> None:
    ran = run(stage, workspace, "--no-such-option", "ls")
    assert ran.returncode == 2 and b"--no-such-option" in ran.stderr


def test_at_a_terminal_it_is_one(stage: Stage, workspace: str, seats: list[AtATerminal]) -> None:
    seats.append(seat := AtATerminal(stage, "has a shell", columns=97, rows=31))
    seat.type("stty size; tty; echo $TERM\n")
    seat.hear("31 97\r\n")
    assert seat.raw
    seat.hear("xterm-256color\r\n")
    seat.size(120, 40)
    os.killpg(seat.process.pid, signal.SIGWINCH)
    wait_for("the size", lambda: seat.type("stty size\n") or seat.step(0.5) or b"40 120\r\n" in seat.seen)
    seat.type("sleep 1000\n")
    seat.hear("sleep 1000\r\n")
    time.sleep(0.3)
    seat.type("\x03")
    seat.type("echo st''ill here\n")
    seat.hear("still here\r\n")
    seat.type("exit 9\n")
    assert seat.ended() == 9
    assert seat.is_as_before()


def test_a_tilde_leaves(stage: Stage, workspace: str, seats: list[AtATerminal]) -> None:
    seats.append(seat := AtATerminal(stage, workspace))
    seat.type("echo he''re ~.\n")
    seat.hear("here ~.\r\n")
    seat.type("~?")
    seat.hear("~.  leaves")
    seat.type("~.")
    assert seat.ended() == 0
    assert seat.is_as_before()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT])
def test_whatever_ends_it_the_terminal_is_as_before(stage: Stage, workspace: str, seats: list[AtATerminal], how: signal.Signals) -> None:
    seats.append(seat := AtATerminal(stage, workspace))
    seat.type("echo he''re\n")
    seat.hear("here\r\n")
    assert seat.raw
    seat.process.send_signal(how)
    assert seat.ended() == -how
    assert seat.is_as_before()


def test_it_goes_on_after_a_stop(stage: Stage, workspace: str, seats: list[AtATerminal]) -> None:
    seats.append(seat := AtATerminal(stage, workspace))
    seat.type("echo he''re\n")
    seat.hear("here\r\n")
    seat.process.send_signal(signal.SIGTSTP)
    wait_for("the mode of before", seat.is_as_before)
    seat.process.send_signal(signal.SIGCONT)
    wait_for("the other mode", lambda: seat.raw)
    seat.type("exit 0\n")
    assert seat.ended() == 0


def test_a_pause_ends_it_with_a_reason(stage: Stage, seats: list[AtATerminal]) -> None:
    workspace = make(stage, "paused meanwhile")
    online(stage, workspace)
    seats.append(seat := AtATerminal(stage, workspace))
    seat.type("echo he''re\n")
    seat.hear("here\r\n")
    stage.must("POST", f"/workspaces/{workspace}/pause")
    assert seat.ended() != 0
    assert b"the workspace was paused" in seat.seen and seat.is_as_before()


def test_a_platform_that_goes_away_is_told(own_stage: Stage, seats: list[AtATerminal]) -> None:
    workspace = make(own_stage, "left behind")
    online(own_stage, workspace)
    seats.append(seat := AtATerminal(own_stage, workspace))
    seat.type("echo he''re\n")
    seat.hear("here\r\n")
    own_stage.kill()
    assert seat.ended() == 3
    assert seat.is_as_before()
    own_stage.start()


def test_what_is_refused_is_told(stage: Stage, workspace: str) -> None:
    outside = stage.external("has none")["id"]
    ran = run(stage, outside, "ls")
    assert ran.returncode != 0 and b"this platform has started no agent for this workspace" in ran.stderr
    key = stage.must("POST", "/org/tokens", {"name": "reads", "scope": "read"})["auth_token"]
    ran = run(stage, workspace, "ls", MOLECULE_API_KEY=key)
    assert ran.returncode == 4 and b"scope" in ran.stderr, ran.stderr
