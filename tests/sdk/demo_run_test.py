"""The demo as `./dev run` keeps it, while its user pauses, deletes and kills what is in it."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from stage import BINARY, ROOT, wait_for

LINK = re.compile(r"http://127\.0\.0\.1:\d+/claim/mol_[\w-]+")


class Run:
    """One `tools/demo.py run` on a data directory, and an operator's way to its platform."""

    def __init__(self, folder: Path, port: int = 0, **environment: str) -> None:
        self.data = folder / "data"
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.process = subprocess.Popen(
            ["/usr/bin/python3", str(ROOT / "tools/demo.py"), "run", str(BINARY), str(self.data), str(port)],
            env={**kept, "RATE_LIMIT": "1000000", **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = ""

    def read(self) -> str:
        assert self.process.stdout is not None
        while not self.process.stdout.closed and select.select([self.process.stdout], [], [], 0)[0]:
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                break
            self.said += chunk.decode()
        return self.said

    def says(self, text: str, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.read():
            assert time.monotonic() < deadline and self.process.poll() is None, f"never said {text!r}:\n{self.read()}"
            time.sleep(0.05)

    def ready(self) -> "Run":
        self.says("Ctrl-C ends everything.")
        return self

    @property
    def url(self) -> str:
        match = LINK.search(self.said)
        assert match is not None, self.said
        return match[0].split("/claim/")[0]

    def ask(self, method: str, path: str) -> Any:
        session = requests.Session()
        session.trust_env = False
        answer = session.request(method, self.url + path, timeout=20,
                                 headers={"Authorization": f"Bearer {(self.data / 'admin_token').read_text().strip()}"})
        assert answer.status_code < 300, answer.text
        return answer.json()

    def workspace(self, name: str) -> dict[str, Any]:
        return next((dict(row) for row in self.ask("GET", "/workspaces") if row["name"] == name), {})

    def is_online(self, name: str) -> None:
        wait_for(f"{name} online", lambda: self.workspace(name).get("status") == "online", 40)

    def pids(self, program: str) -> list[int]:
        """Processes of this run: those that name its data directory or have it in their environment."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                line = (entry / "cmdline").read_bytes()
                around = (entry / "environ").read_bytes()
            except OSError:
                continue
            mine = str(self.data).encode()
            if program.encode() in line and (mine in line or mine in around) and b"demo.py\0run" not in line:
                found.append(int(entry.name))
        return found

    def end(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(60)
        self.read()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def free(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/usr/bin/python3", str(ROOT / "tools/demo.py"), "free", str(data), *options], timeout=30,
                          capture_output=True, text=True)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path).ready()
    yield made
    made.end()


def claims(data: Path) -> int:
    with closing(sqlite3.connect(f"file:{data / 'molecule.db'}?mode=ro", uri=True)) as store:
        return int(store.execute("SELECT count(*) FROM claims").fetchone()[0])


def test_one_link_is_made_and_no_file_holds_it(run: Run, tmp_path: Path) -> None:
    links = LINK.findall(run.said)
    assert len(links) == 1 and claims(run.data) == 1
    shown = re.sub(r"\x1b\[\d*m", "", run.said)
    assert f"sign in  {links[0]}" in shown.replace("   ", "  "), "the link stands there alone"
    run.is_online("pm")
    secret = links[0].rsplit("/", 1)[1].encode()
    for file in [f for f in tmp_path.rglob("*") if f.is_file()]:
        assert secret not in file.read_bytes(), f"{file} holds the claim link"
        assert file.stat().st_mode & 0o077 == 0, f"{file} is readable by others"
    assert run.end() == 0
    # Nobody signed in, so the second run's first link is the platform's, too.
    second = Run(tmp_path).ready()
    assert len(LINK.findall(second.said)) == 1 and claims(second.data) <= 2
    assert second.end(signal.SIGTERM) == 0


def test_logs_of_an_earlier_run_become_private(tmp_path: Path) -> None:
    (tmp_path / "demo.log").write_text("old")
    (tmp_path / "demo.log").chmod(0o644)
    run = Run(tmp_path).ready()
    assert (tmp_path / "demo.log").stat().st_mode & 0o777 == 0o600
    assert run.end() == 0


def test_a_pause_is_waited_out(run: Run) -> None:
    run.is_online("researcher")
    researcher = run.workspace("researcher")["id"]
    run.ask("POST", f"/workspaces/{researcher}/pause")
    wait_for("the pause", lambda: run.workspace("researcher")["status"] == "paused")
    # Whether the agent's process ends on a pause or waits is its own business; the platform stays.
    time_to_notice = time.monotonic() + 6
    while time.monotonic() < time_to_notice:
        assert run.process.poll() is None, run.read()
        time.sleep(0.1)
    run.ask("POST", f"/workspaces/{researcher}/resume")
    run.is_online("researcher")


def test_an_agent_that_dies_is_reported_and_started_again(run: Run) -> None:
    run.is_online("researcher")
    [first] = run.pids("researcher.py")
    os.kill(first, signal.SIGKILL)
    run.says("researcher ended (status -9)")
    again = wait_for("a new researcher", lambda: run.pids("researcher.py"))
    assert again != [first]
    os.kill(again[0], signal.SIGKILL)
    run.says("Starting it again in 2 s")
    run.is_online("pm")


def test_a_deleted_agent_is_let_go_and_the_next_run_works(run: Run, tmp_path: Path) -> None:
    run.is_online("researcher")
    run.ask("DELETE", f"/workspaces/{run.workspace('researcher')['id']}?confirm=true")
    run.says("researcher was deleted from the organisation and is not started again")
    run.is_online("pm")
    assert run.pids("researcher.py") == []
    assert run.end() == 0
    second = Run(tmp_path).ready()
    second.says("researcher was deleted from the organisation and is not started again")
    second.is_online("pm")
    assert second.workspace("researcher") == {}
    assert second.end() == 0
    assert free(second.data, "--fresh").returncode == 0
    third = Run(tmp_path).ready()
    third.is_online("researcher")
    assert third.end() == 0


def test_a_paused_agent_waits_across_runs(run: Run, tmp_path: Path) -> None:
    researcher = run.workspace("researcher")["id"]
    run.ask("POST", f"/workspaces/{researcher}/pause")
    assert run.end() == 0
    second = Run(tmp_path).ready()
    second.says("researcher is paused; it starts again when you resume it")
    second.ask("POST", f"/workspaces/{researcher}/resume")
    second.says("researcher was resumed")
    second.is_online("researcher")
    assert second.end() == 0


def test_a_running_demo_is_not_removed_and_not_doubled(run: Run, tmp_path: Path) -> None:
    before = (run.data / "demo.json").read_bytes()
    for options in ((), ("--fresh",)):
        refused = free(run.data, *options)
        assert refused.returncode == 1 and f"running already at {run.url}" in refused.stderr
    second = Run(tmp_path)
    assert second.process.wait(30) == second.end() == 1 and "running already" in second.said
    assert (run.data / "demo.json").read_bytes() == before
    run.is_online("pm")
    assert run.end() == 0
    assert free(run.data).returncode == 0 and run.data.exists()
    removed = free(run.data, "--fresh")
    assert removed.returncode == 0 and "workspaces, chats, keys and sign-ins are gone" in removed.stdout
    assert not run.data.exists()


def test_a_busy_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = Run(tmp_path, port)
        assert run.process.wait(30) == 1
        run.end()
    assert f"127.0.0.1:{port} is in use by another process" in run.said and "--port" in run.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_outlives_the_run(tmp_path: Path, number: int) -> None:
    run = Run(tmp_path).ready()
    run.is_online("pm")
    assert len(run.pids("molecule")) >= 1 and len(run.pids("pm.py")) == 1
    assert run.end(number) == (0 if number != signal.SIGKILL else -9)
    for program in ("molecule", "pm.py", "researcher.py"):
        wait_for(f"the end of {program}", lambda: not run.pids(program), 30)
