"""Backing a platform up while it runs, and putting the backup into an empty data directory."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from stage import BINARY, DATABASE, Stage

DONE, FAILED, WRONG_USAGE, NOT_REACHABLE, REFUSED = range(5)


def molecule(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return subprocess.run([str(BINARY), "admin", *map(str, arguments)], env={**kept, **environment}, capture_output=True,
                          text=True, timeout=60, check=False)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    made.start()
    yield made
    made.close()


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def test_a_running_platform_is_backed_up_and_restored_elsewhere(own: Stage, tmp_path: Path) -> None:
    agent = own.external("kept")
    own.must("PUT", f"/workspaces/{agent['id']}/secrets", {"key": "TOKEN", "value": "sealed"})
    backup = tmp_path / "backup"
    told = molecule("backup", backup, "--data", own.data, "-o", "json")
    assert told.returncode == DONE, told.stderr
    report = json.loads(told.stdout)
    assert report["files"] == ["molecule.db", "sealing_key", "platform_key", "admin_token"] and report["database_bytes"] > 0
    assert modes(backup) == {"molecule.db": 0o600, "sealing_key": 0o600, "platform_key": 0o600, "admin_token": 0o600}
    assert backup.stat().st_mode & 0o777 == 0o700
    key = own.must("GET", "/platform/key")
    own.external("after the backup")
    own.stop()

    other = Stage(tmp_path / "other")
    (tmp_path / "other").mkdir()
    restored = molecule("restore", backup, "--data", other.data)
    assert restored.returncode == DONE and "Restored" in restored.stdout, restored.stderr
    other.start()
    try:
        assert [row["name"] for row in other.must("GET", "/workspaces")] == ["kept"]
        bearer = {"Authorization": f"Bearer {agent['connection']['auth_token']}"}
        values = other.ask("GET", f"/workspaces/{agent['id']}/secrets/values", headers=bearer)
        assert values.json() == {"TOKEN": "sealed"}, "by the key of the backup and the token of before"
        assert other.must("GET", "/platform/key") == key, "agents know it again"
    finally:
        other.close()


def test_a_backup_is_of_one_moment_however_much_is_written(own: Stage, tmp_path: Path) -> None:
    stop = threading.Event()
    made: list[str] = []

    def write() -> None:
        while not stop.is_set():
            made.append(own.external(f"busy {len(made)}")["id"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        known = 0
        for number in range(3):
            before = len(made)
            backup = tmp_path / f"backup {number}"
            ran = molecule("backup", backup, "--data", own.data)
            assert ran.returncode == DONE, ran.stderr
            with closing(sqlite3.connect(backup / "molecule.db")) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                found = {str(uuid.UUID(bytes=row[0])) for row in db.execute("SELECT id FROM workspaces")}
            assert set(made[:before]) <= found and len(found) >= known
            known = len(found)
    finally:
        stop.set()
        writer.join(30)
    assert own.ask("GET", "/readyz").status_code == 200


def test_a_stopped_and_a_killed_platform_are_backed_up(own: Stage, tmp_path: Path) -> None:
    made = own.external("promised")["id"]
    for how in (own.kill, own.stop):
        how()
        backup = tmp_path / how.__name__
        assert molecule("backup", backup, "--data", own.data).returncode == DONE
        with closing(sqlite3.connect(backup / "molecule.db")) as db:
            assert [str(uuid.UUID(bytes=row[0])) for row in db.execute("SELECT id FROM workspaces")] == [made]
        own.start()
        assert own.workspace(made)["name"] == "promised"


def test_nothing_is_overwritten(own: Stage, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    assert molecule("backup", backup, "--data", own.data).returncode == DONE
    again = molecule("backup", backup, "--data", own.data)
    assert again.returncode == REFUSED and str(backup) in again.stderr
    running = molecule("restore", backup, "--data", own.data)
    assert running.returncode == REFUSED and f"pid {own.pid}" in running.stderr
    own.stop()
    before = {file.name: file.read_bytes() for file in own.data.iterdir() if file.is_file() and file.name != "lock"}
    stopped = molecule("restore", backup, "--data", own.data)
    assert stopped.returncode == REFUSED and "molecule.db" in stopped.stderr and "nothing was changed" in stopped.stderr
    assert {file.name: file.read_bytes() for file in own.data.iterdir() if file.is_file() and file.name != "lock"} == before


def test_what_is_no_platform_and_what_is_no_backup_is_said(tmp_path: Path, own: Stage) -> None:
    empty = tmp_path / "empty"
    ran = molecule("backup", tmp_path / "to", "--data", empty)
    assert (ran.returncode, ran.stdout) == (FAILED, "") and str(empty) in ran.stderr
    assert not empty.exists() and not (tmp_path / "to").exists()
    ran = molecule("restore", empty, "--data", tmp_path / "fresh")
    assert (ran.returncode, ran.stdout) == (FAILED, "") and "molecule admin backup" in ran.stderr
    assert not (tmp_path / "fresh").exists()
    url = {"DATABASE_URL": DATABASE or "postgresql://nobody@127.0.0.1/none"}
    for verb in ("backup", "restore"):
        backup = tmp_path / "theirs"
        if verb == "restore":
            shutil.copytree(own.data, backup)
        ran = molecule(verb, backup, "--data", own.data if verb == "backup" else tmp_path / "fresh", **url)
        assert ran.returncode == REFUSED and "pg_" in ran.stderr, ran.stderr


def test_a_key_that_is_not_in_the_data_directory_is_missed_aloud(tmp_path: Path) -> None:
    stage = Stage(tmp_path, environment={"SECRETS_ENCRYPTION_KEY": "k" * 32})
    stage.start()
    try:
        ran = molecule("backup", tmp_path / "backup", "--data", stage.data)
        assert ran.returncode == DONE and "SECRETS_ENCRYPTION_KEY" in ran.stderr
    finally:
        stage.close()
