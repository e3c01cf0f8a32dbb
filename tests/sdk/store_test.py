"""What a platform finds out about its store: somebody else holds it, it was put back from a backup, it cannot hold all text."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from stage import BINARY, DATABASE, Schema, Stage, libpq_environment, wait_for

EACH_ENGINE = True
REFUSED = 4
SNAPSHOT = 410


def refusal(data: Path, database_url: str = "") -> str:
    """What a start says that ends with the exit status of a refusal."""
    named = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    if database_url:
        named["DATABASE_URL"] = database_url
    done = subprocess.run([str(BINARY), "serve", "--listen", "127.0.0.1:0", "--data", str(data)], env=named,
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == REFUSED, (done.returncode, done.stderr)
    assert done.stdout == ""
    return done.stderr


class Kept:
    """A platform, and a backup of its store that was taken while it ran."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.schema = Schema() if engine else None
        self.stage = Stage(folder, database_url=self.schema.url if self.schema else "")
        self._folder = folder
        self._text = ""

    def back_up(self) -> None:
        if self.schema:
            self._text = self.schema.dump()
            return
        with closing(sqlite3.connect(self.stage.data / "molecule.db")) as db, \
                closing(sqlite3.connect(self._folder / "backup.db")) as to:
            db.backup(to)

    def put_back(self) -> None:
        if self.schema:
            self.schema.restore(self._text)
            return
        shutil.copy(self._folder / "backup.db", self.stage.data / "molecule.db")

    def position(self) -> int:
        return int(self.stage.ask("GET", "/workspaces").headers["X-Molecule-Seq"])

    def resumes(self, workspace: str, position: int) -> bool:
        """Whether a follower of the log that read so far may go on from there."""
        with self.stage.ask("GET", f"/workspaces/{workspace}/events/stream", stream=True,
                            headers={"Last-Event-ID": str(position)}) as answer:
            assert answer.status_code in (200, SNAPSHOT), answer.text
            return answer.status_code == 200

    def close(self) -> None:
        self.stage.close()
        if self.schema:
            self.schema.drop()


@pytest.fixture
def kept(tmp_path: Path, engine: str) -> Iterator[Kept]:
    made = Kept(tmp_path, engine)
    yield made
    made.close()


def test_followers_of_a_restored_backup_are_told_to_take_a_snapshot(kept: Kept) -> None:
    kept.stage.start()
    agent = kept.stage.external("in the backup")["id"]
    early = kept.position()
    kept.back_up()
    for number in range(3):
        kept.stage.external(f"after the backup {number}")
    late = kept.position()
    assert kept.resumes(agent, early) and kept.resumes(agent, late)
    kept.stage.stop()
    kept.put_back()
    kept.stage.start()
    assert [row["name"] for row in kept.stage.must("GET", "/workspaces")] == ["in the backup"]
    # As many facts as the others had seen, so that a number alone tells nothing.
    for number in range(3):
        kept.stage.external(f"after the restore {number}")
    assert not kept.resumes(agent, late)
    assert not kept.resumes(agent, early)
    now = kept.position()
    assert kept.resumes(agent, now)
    assert now < 2**53, "JavaScript holds it exactly"
    # A start in between changes nothing for those who follow since.
    kept.stage.stop()
    kept.stage.start()
    assert kept.resumes(agent, now)


def test_a_restart_alone_lets_followers_resume(kept: Kept) -> None:
    kept.stage.start()
    agent = kept.stage.external("one")["id"]
    before = kept.position()
    kept.stage.external("two")
    for end in (kept.stage.stop, kept.stage.kill):
        end()
        kept.stage.start()
        assert kept.resumes(agent, before)


def test_a_backup_beside_the_log_of_a_killed_platform_is_refused(kept: Kept) -> None:
    if kept.schema:
        return  # The server keeps its log where nobody reaches it.
    kept.stage.start()
    kept.stage.external("in the backup")
    kept.back_up()
    kept.stage.external("after the backup")
    kept.stage.kill()
    kept.put_back()
    data = kept.stage.data
    told = refusal(data)
    for name in ("molecule.db", "molecule.db-wal", "molecule.db-shm"):
        assert str(data / name) in told, told
    assert "backup" in told
    # As the message says.
    for name in ("molecule.db-wal", "molecule.db-shm"):
        (data / name).rename(data / f"{name}.away")
    kept.stage.start()
    assert [row["name"] for row in kept.stage.must("GET", "/workspaces")] == ["in the backup"]
    kept.stage.stop()
    with closing(sqlite3.connect(data / "molecule.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_stopped_platform_leaves_no_log_that_a_backup_could_meet(kept: Kept) -> None:
    if kept.schema:
        return
    kept.stage.start()
    kept.stage.external("one")
    assert kept.stage.stop() == 0
    assert not list(kept.stage.data.glob("molecule.db-*"))


def test_a_second_platform_on_one_store_is_refused_and_told_who_holds_it(kept: Kept, tmp_path: Path) -> None:
    kept.stage.start()
    if kept.schema:
        told = refusal(tmp_path / "another", kept.schema.url)
        assert f"molecule pid {kept.stage.pid} on " in told and "UTC" in told, told
        assert not (tmp_path / "another" / "sealing_key").exists()
    else:
        told = refusal(kept.stage.data)
        assert f"pid {kept.stage.pid}" in told and kept.stage.url in told, told
    made = kept.stage.external("undisturbed")["id"]
    assert kept.stage.workspace(made)["name"] == "undisturbed"
    # Killed, it holds nothing any more.
    kept.stage.kill()
    kept.stage.start()
    wait_for("readiness", lambda: kept.stage.ask("GET", "/readyz").status_code == 200)


def test_a_platform_that_another_replaced_ends_itself(kept: Kept, tmp_path: Path) -> None:
    if not kept.schema:
        return  # The lock of the data directory sees to it.
    kept.stage.start()
    agent = kept.stage.external("whose token is revoked")
    token = agent["connection"]["auth_token"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "data").mkdir(mode=0o700)
    for name in ("sealing_key", "admin_token", "store_mark"):
        shutil.copy2(kept.stage.data / name, tmp_path / "other" / "data" / name)
    other = Stage(tmp_path / "other", database_url=kept.schema.url)
    assert kept.stage.pid is not None
    os.kill(kept.stage.pid, signal.SIGSTOP)
    try:
        # As when its machine sleeps: the server ends its sessions, and another platform starts.
        kept.schema.end_session(kept.stage.pid)
        other.start()
        for row in other.must("GET", f"/workspaces/{agent['id']}/tokens")["tokens"]:
            assert other.ask("DELETE", f"/workspaces/{agent['id']}/tokens/{row['id']}").ok
    finally:
        os.kill(kept.stage.pid, signal.SIGCONT)
    # While the other still runs.
    assert kept.stage.stopped() == REFUSED
    assert "another platform has taken over the store" in kept.stage.log_text()
    with pytest.raises(requests.ConnectionError):
        kept.stage.ask("GET", f"/workspaces/{agent['id']}/activity", headers={"Authorization": f"Bearer {token}"})
    assert other.must("GET", "/workspaces")[0]["id"] == agent["id"]
    other.close()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_a_database_that_cannot_hold_all_text_is_refused(engine: str, tmp_path: Path, encoding: str) -> None:
    if not engine:
        return  # Every encoding of SQLite holds all text, see sqlite_files_test.cc.
    name = f"molecule_{encoding.lower()}_{os.getpid()}"
    server = {"PATH": os.environ["PATH"], **libpq_environment(DATABASE)}

    def psql(statement: str) -> None:
        subprocess.run(["psql", "--quiet", "--no-psqlrc", "--command", statement], check=True, timeout=60, env=server,
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    psql(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        url = urllib.parse.urlsplit(DATABASE)._replace(path=f"/{name}").geturl()
        told = refusal(tmp_path / "data", url)
        for words in (name, encoding, "UTF8", "createdb", "DATABASE_URL"):
            assert words in told, told
        assert (url.rpartition("@")[0].rpartition(":")[2] or "no password") not in told
    finally:
        psql(f"DROP DATABASE {name} WITH (FORCE)")
