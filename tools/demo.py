"""Keeps the demo organisation running: the platform, and the agents that come and go.

    demo.py free DATA [--fresh]     exits 1 with the reason when a platform runs on DATA; removes DATA when told to
    demo.py run BINARY DATA PORT    until Ctrl-C

What a person does on the canvas never ends the run: an agent that ended is reported with its last words and started
again, later each time; one whose workspace was paused is started again once it is resumed; one that was deleted is let
go. Only the platform's own end ends it. Logs and the claim link are readable by their owner only; the link is printed,
never kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
AGENTS = ("researcher", "pm")
READY_SECONDS = 30.0
AGENT_STOP_SECONDS = 10.0
PLATFORM_STOP_SECONDS = 35.0  # It gives requests under way 25 s.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY_SECONDS = 60.0  # An agent that ran this long starts again at once when it ends.
LOOK_SECONDS = 2.0  # How often a paused workspace is looked at.
ANSWER_SECONDS = 3.0
LINK = re.compile(r'"claim_url":"(https?://[^\s"]+)"')


class Failed(Exception):
    """The run cannot go on; the text is for the person."""


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


# --- the data directory ---


def holder(data: Path) -> list[str]:
    """[pid, address] of the platform that runs on `data`; empty when none does."""
    try:
        with (data / "lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return [*lock.read(1024).splitlines(), "", ""][:2]
    except FileNotFoundError:
        pass
    return []


def require_free(data: Path) -> None:
    held = holder(data)
    if held:
        pid, url = held
        where = f" at {url}" if url else ""
        raise Failed(f"the demo is running already{where} (pid {pid}); nothing was changed. Use that one, or end it first")


def remove(data: Path) -> None:
    require_free(data)
    if data.exists():
        shutil.rmtree(data)
        say(f"removed {shown(data)}: the demo's workspaces, chats, keys and sign-ins are gone")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


# --- processes ---


def fresh_log(data: Path, name: str) -> Path:
    """Beside the data directory, empty, its owner's alone whatever an earlier run left there."""
    log = data.parent / name
    log.unlink(missing_ok=True)
    log.touch(mode=0o600)
    return log


def start(argv: list[str], **options: object) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches this program alone, and never outliving it."""
    return subprocess.Popen(["setpriv", "--pdeathsig=TERM", "--", *argv], stdin=subprocess.DEVNULL,  # type: ignore[call-overload]
                            start_new_session=True, **options)


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def last_words(log: Path) -> str:
    """The last line that says something, without its time."""
    with contextlib.suppress(OSError), log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - 8192))
        lines = [line.strip() for line in source.read().decode(errors="replace").splitlines() if line.strip()]
        if lines:
            return re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ", "", lines[-1])[:300]
    return "it said nothing"


class Platform:
    """The platform's process, its address and, on the first run, its claim link."""

    def __init__(self, binary: Path, data: Path, port: int) -> None:
        self.log = fresh_log(data, "demo.log")
        self.url, self.link = "", ""
        self._told = threading.Event()  # Its standard error has said that it is ready, and the link with it.
        self._said: list[str] = []  # What was no log line: why it could not start.
        self.process = start(
            [str(binary), "serve", "--listen", f"127.0.0.1:{port}", "--data", str(data), "--demo", "--dial-allow",
             "127.0.0.1/32", "--log-format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._copying = threading.Thread(target=self._copy, daemon=True)
        self._copying.start()
        self._wait()

    def _copy(self) -> None:
        """Its standard error into the log, but for the claim link."""
        assert self.process.stderr is not None
        with self.log.open("ab", buffering=0) as log:
            for raw in self.process.stderr:
                line = raw.decode(errors="replace")
                if '"message":"ready"' in line:
                    if found := LINK.search(line):
                        self.link = found[1]
                    self._told.set()
                    continue
                if line.startswith("molecule: "):
                    self._said.append(line.removeprefix("molecule: ").strip())
                log.write(raw)

    def _wait(self) -> None:
        assert self.process.stdout is not None
        deadline, seen = time.monotonic() + READY_SECONDS, b""
        while not (ready := re.search(rb"^ready (\S+)", seen, re.MULTILINE)):
            if time.monotonic() > deadline:
                end(self.process, PLATFORM_STOP_SECONDS)
                raise Failed(f"the platform was not ready after {READY_SECONDS:.0f} s; see {shown(self.log)}")
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                chunk = os.read(self.process.stdout.fileno(), 4096)
                if not chunk:
                    why = self.why()
                    busy = ". Take another with ./dev run --port N" if "is in use" in why else ""
                    raise Failed(f"the platform did not start: {why}{busy}")
                seen += chunk
        self.url = ready[1].decode()
        self._told.wait(READY_SECONDS)

    def why(self) -> str:
        self.process.wait()
        self._copying.join(5)
        return "; ".join(self._said) or last_words(self.log)


@dataclass
class Agent:
    """One demo agent: running, waiting to be started again, or let go."""

    name: str
    url: str
    demo_file: Path
    workspace: str
    token: str
    process: subprocess.Popen[bytes] | None = None
    gone: str = ""
    _next: float = 0.0
    _pause: float = FIRST_PAUSE
    _started: float = 0.0
    _waits: bool = False
    _log: Path = field(init=False)

    def __post_init__(self) -> None:
        self._log = fresh_log(self.demo_file.parent, f"demo.{self.name}.log")

    def turn(self, now: float) -> None:
        """Notices an end, starts again what is due."""
        if self.gone:
            return
        if self.process is not None:
            status = self.process.poll()
            if status is None:
                return
            self.process = None
            self._ended(status, now)
        elif now >= self._next:
            self._try(now)

    def _ended(self, status: int, now: float) -> None:
        if now - self._started >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self._next = now
        if self._state() != "run":
            return  # The next turn says why.
        self._next = now + self._pause
        say(f"{self.name} ended (status {status}): {last_words(self._log)}. Starting it again in {self._pause:.0f} s")
        self._pause = min(LONGEST_PAUSE, self._pause * 2)

    def _try(self, now: float) -> None:
        state = self._state()
        if state == "paused":
            if not self._waits:
                say(f"{self.name} is paused; it starts again when you resume it")
            self._waits = True
            self._next = now + LOOK_SECONDS
            return
        if state != "run":
            self.gone = state
            say(f"{self.name} {state} and is not started again; `./dev run --fresh` makes the demo anew, without what you did")
            return
        if self._waits:
            say(f"{self.name} was resumed")
        self._waits = False
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "sdk/python/src"), "PYTHONUNBUFFERED": "1",
                       "MOLECULE_DEMO_FILE": str(self.demo_file)}
        with self._log.open("ab") as log:
            self.process = start(["/usr/bin/python3", str(ROOT / f"sdk/python/examples/demo/{self.name}.py")],
                                 stdout=log, stderr=log, env=environment, cwd=ROOT)
        self._started = now

    def _state(self) -> str:
        """run, paused, or why this agent has no work left; what cannot be known counts as run."""
        request = urllib.request.Request(f"{self.url}/workspaces/{self.workspace}/state",
                                         headers={"Authorization": f"Bearer {self.token}"})
        try:
            with LOCAL.open(request, timeout=ANSWER_SECONDS) as answer:
                return "paused" if json.loads(answer.read(65536)).get("status") == "paused" else "run"
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                return "was deleted from the organisation"
            return "lost its token" if error.code == 401 else "run"
        except (OSError, ValueError):
            return "run"

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stopped(self) -> None:
        if self.process is not None:
            end(self.process, AGENT_STOP_SECONDS)


LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def agents(platform: Platform, data: Path) -> list[Agent]:
    path = data / "demo.json"
    try:
        told = json.loads(path.read_text())["agents"]
        return [Agent(name, platform.url, path, told[name]["workspace_id"], told[name]["token"]) for name in AGENTS]
    except FileNotFoundError:
        say(f"{shown(data)} holds another organisation, so no demo agents are started; `./dev run --fresh` removes it")
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"{shown(path)} cannot be used ({type(error).__name__}), so no demo agents are started; `./dev run --fresh` makes it anew")
    return []


def claim_link(platform: Platform, binary: Path, data: Path) -> str:
    """The one the platform made for its first operator, else a new one: never both."""
    if platform.link:
        return platform.link
    made = subprocess.run([str(binary), "admin", "claim", "--data", str(data), "--url", platform.url], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
    return made.stdout.strip()


# --- the run ---


def banner(platform: Platform, binary: Path, data: Path, link: str) -> str:
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    bold, dim, off = ("\033[1m", "\033[2m", "\033[0m") if colour else ("", "", "")

    def row(name: str, value: str) -> str:
        return f"  {dim}{name:<9}{off}{value}"

    sign_in = f"{bold}{link}{off}" if link else f"{shown(binary)} admin claim --data {shown(data)}   prints a link"
    return "\n".join((
        "",
        f"  {bold}Molecule is running{off}",
        "",
        row("canvas", f"{bold}{platform.url}{off}"),
        row("sign in", sign_in),
        row("", "good once, within 30 minutes" if link else "good once"),
        row("data", f"{shown(data)}   kept for the next run; `./dev run --fresh` removes it: workspaces, chats, keys, sign-ins"),
        row("logs", f"{shown(data.parent)}/demo.log, demo.pm.log, demo.researcher.log"),
        "",
        "  Next: open the sign-in link, click \"pm\" and write in its chat:",
        f"        {bold}Summarise README.md in 3 bullet points{off}",
        "",
        "  Ctrl-C ends everything.",
        "",
    ))


def watch(platform: Platform, team: list[Agent], asked: threading.Event) -> None:
    while not asked.is_set():
        if platform.process.poll() is not None:
            raise Failed(f"the platform ended (status {platform.process.returncode}): {platform.why()}")
        for agent in team:
            agent.turn(time.monotonic())
        asked.wait(0.2)


def run(binary: Path, data: Path, port: int) -> None:
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)
    os.umask(0o077)
    require_free(data)
    say("starting the platform")
    platform = Platform(binary, data, port)
    team: list[Agent] = []
    try:
        say("starting the demo agents")
        team = agents(platform, data)
        for agent in team:
            agent.turn(time.monotonic())
        print(banner(platform, binary, data, claim_link(platform, binary, data)), flush=True)
        watch(platform, team, asked)
        say("stopping")
    finally:
        # The platform goes last: agents say goodbye to it.
        for agent in team:
            agent.stop()
        for agent in team:
            agent.stopped()
        end(platform.process, PLATFORM_STOP_SECONDS)


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["free", data]:
                require_free(Path(data))
            case ["free", data, "--fresh"]:
                remove(Path(data))
            case ["run", binary, data, port]:
                run(Path(binary), Path(data), int(port))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Failed as why:
        print(f"dev run: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
