"""Ways in which the store goes away under a working platform.

A full disk is played by a limit on the size of the platform's files, a lost PostgreSQL by a relay that hangs up, one that
says nothing any more by a relay that passes nothing on and by a server whose processes are all stopped.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import urllib.parse
from pathlib import Path

from attackers import Org, Relay
from stage import DATABASE, ROOT, Schema, Stage


class FullDisk:
    """No file of the platform may grow beyond what it has."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)

    def begin(self) -> None:
        self._limit(400_000)

    def end(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        # A limit ends with its process.
        if self.stage.pid is not None:
            resource.prlimit(self.stage.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def close(self) -> None:
        self.stage.close()


class NoByteLeft(FullDisk):
    """Nothing at all can be written, while everything can be read."""

    def begin(self) -> None:
        self._limit(1)


class LostDatabase:
    """The server is unreachable, and every connection to it ends."""

    def __init__(self, folder: Path) -> None:
        self._schema = Schema()
        parts = urllib.parse.urlsplit(self._schema.url)
        self._relay = Relay(parts.hostname or "127.0.0.1", parts.port or 5432)
        credentials = parts.netloc.rpartition("@")[0]
        there = f"{credentials}{'@' if credentials else ''}127.0.0.1:{self._relay.port}"
        self.stage = Stage(folder, database_url=parts._replace(netloc=there).geturl())

    def begin(self) -> None:
        self._relay.cut()

    def end(self) -> None:
        self._relay.mend()

    def close(self) -> None:
        self.stage.close()
        self._relay.close()
        self._schema.drop()


class SilentDatabase(LostDatabase):
    """The server takes connections and bytes, and nothing comes back."""

    def begin(self) -> None:
        self._relay.fall_silent()

    def end(self) -> None:
        self._relay.speak()


class FrozenDatabase:
    """A server of its own whose every process is stopped."""

    def __init__(self, folder: Path) -> None:
        self._services = folder / "services"
        printed = subprocess.run([str(ROOT / "tools/services.sh"), "start", str(self._services), "pg"], check=True, timeout=120,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
        url = next(line.partition("=")[2] for line in printed.splitlines() if "MOLECULE_TEST_DATABASE_URL=" in line)
        self._pid = int((self._services / "pg.pid").read_text().split()[0])
        self.stage = Stage(folder, database_url=url.strip("'\""))

    def begin(self) -> None:
        self._tell_all(signal.SIGSTOP)

    def end(self) -> None:
        self._tell_all(signal.SIGCONT)

    def _tell_all(self, told: signal.Signals) -> None:
        # The one that makes the others first, so that none is made behind our back.
        os.kill(self._pid, told)
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and parent_of(folder) == self._pid:
                os.kill(int(folder.name), told)

    def close(self) -> None:
        self.stage.close()
        self.end()
        subprocess.run([str(ROOT / "tools/services.sh"), "stop", str(self._services)], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def parent_of(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0  # Ended meanwhile.


OUTAGES = [FullDisk] if not DATABASE else [FullDisk, LostDatabase, SilentDatabase, FrozenDatabase]
SILENT = OUTAGES[2:]
Outage = FullDisk | LostDatabase | FrozenDatabase


def ready(org: Org) -> bool:
    return org.ask("GET", "/readyz").status_code == 200
