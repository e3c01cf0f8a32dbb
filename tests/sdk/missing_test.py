"""A part of the platform is missing: the database, a key file, the write-ahead log. Nothing is made anew in silence."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from stage import BINARY, Schema, Stage, wait_for

EACH_ENGINE = True
REFUSED = 4
KEY = "k" * 32


class Place:
    """A platform that the test starts, stops, robs and puts back together."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.schema = Schema() if engine else None
        self._stages: list[Stage] = []

    def start(self, *options: str, **environment: str) -> Stage:
        made = Stage(self.folder, *options, database_url=self.schema.url if self.schema else "", environment=environment)
        self._stages.append(made)
        made.start()
        return made

    def refusal(self, *options: str, **environment: str) -> str:
        """What a start says that ends with the exit status of a refusal."""
        done = self.molecule("serve", "--listen", "127.0.0.1:0", *options, **environment)
        assert done.returncode == REFUSED, (done.returncode, done.stderr)
        assert done.stdout == ""
        return done.stderr

    def molecule(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        named = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        if self.schema:
            named["DATABASE_URL"] = self.schema.url
        return subprocess.run([str(BINARY), *arguments, "--data", str(self.data)], env={**named, **environment},
                              capture_output=True, text=True, timeout=30, check=False)

    def tell(self, statement: str) -> None:
        """Change the database of a platform that does not run."""
        if self.schema:
            self.schema.tell(statement)
            return
        with closing(sqlite3.connect(self.data / "molecule.db")) as db:
            db.executescript(statement)

    def lose_database(self) -> None:
        if self.schema:
            self.schema.lose()
        else:
            (self.data / "molecule.db").rename(self.folder / "lost.db")

    def put_database_back(self) -> None:
        if self.schema:
            self.schema.put_back()
        else:
            shutil.copy(self.folder / "lost.db", self.data / "molecule.db")

    def close(self) -> None:
        for stage in self._stages:
            stage.close()
        if self.schema:
            self.schema.drop()


@pytest.fixture
def place(tmp_path: Path, engine: str) -> Iterator[Place]:
    made = Place(tmp_path, engine)
    yield made
    made.close()


def test_a_lost_database_is_refused_and_can_be_put_back(place: Place) -> None:
    stage = place.start()
    made = stage.external("kept")["id"]
    stage.stop()
    place.lose_database()
    before = {file.name: file.read_bytes() for file in place.data.iterdir() if file.is_file() and file.name != "lock"}
    told = place.refusal()
    for words in ("sealing_key", "platform_key", "admin_token", "backup", "--begin-anew"):
        assert words in told, told
    if not place.schema:
        assert str(place.data / "molecule.db") in told
    assert {file.name: file.read_bytes() for file in place.data.iterdir() if file.is_file() and file.name != "lock"} == before
    place.put_database_back()
    stage.start()
    assert stage.workspace(made)["name"] == "kept"


def test_told_to_begin_anew_it_keeps_the_keys_and_numbers_on_elsewhere(place: Place) -> None:
    stage = place.start()
    stage.external("forgotten")
    old = int(stage.ask("GET", "/workspaces").headers["X-Molecule-Seq"])
    stage.stop()
    keys = {name: (place.data / name).read_bytes() for name in ("sealing_key", "admin_token")}
    place.lose_database()
    anew = place.start("--begin-anew")
    assert anew.must("GET", "/workspaces") == []
    assert {name: (place.data / name).read_bytes() for name in keys} == keys
    assert int(anew.ask("GET", "/workspaces").headers["X-Molecule-Seq"]) > old + 1_000_000
    made = anew.external("new")["id"]
    anew.stop()
    assert place.start().workspace(made)["name"] == "new"


@pytest.mark.parametrize("name", ["sealing_key", "admin_token"])
def test_a_missing_key_file_is_refused_and_can_be_put_back(place: Place, name: str) -> None:
    stage = place.start()
    stage.external("one")
    stage.stop()
    file = place.data / name
    key = file.read_bytes()
    file.unlink()
    told = place.refusal()
    assert str(file) in told and "backup" in told and "--begin-anew" in told, told
    assert not file.exists()
    file.write_bytes(key)
    file.chmod(0o600)
    stage.start()
    stage.must("GET", "/workspaces")
    stage.stop()
    file.unlink()
    place.start("--begin-anew").must("GET", "/workspaces")
    assert file.read_bytes() != key


@pytest.mark.parametrize(("name", "content", "mode"), [
    ("sealing_key", None, 0o644), ("sealing_key", b"", 0o600), ("sealing_key", b"nonsense\n", 0o600),
    ("platform_key", None, 0o644), ("platform_key", b"", 0o600), ("platform_key", b"nonsense\n", 0o600),
    ("admin_token", None, 0o644), ("admin_token", b"", 0o600), ("store_mark", b"", 0o600), ("store_mark", b"nonsense\n", 0o600),
])
def test_a_file_that_cannot_be_used_is_refused_and_nothing_is_changed(place: Place, name: str, content: bytes | None,
                                                                       mode: int) -> None:
    stage = place.start()
    stage.external("one")
    stage.stop()
    file = place.data / name
    kept = file.read_bytes()
    if content is not None:
        file.write_bytes(content)
    file.chmod(mode)
    before = {each.name: each.read_bytes() for each in place.data.iterdir() if each.is_file()}
    assert str(file) in place.refusal()
    now = {each.name: each.read_bytes() for each in place.data.iterdir() if each.is_file()}
    assert {each for each in before.keys() | now.keys() if before.get(each) != now.get(each)} <= {"lock"}
    file.write_bytes(kept)
    file.chmod(0o600)
    stage.start()
    assert [row["name"] for row in stage.must("GET", "/workspaces")] == ["one"]


def test_keys_from_the_environment_need_no_files_and_are_missed(place: Place) -> None:
    given = {"ADMIN_TOKEN": "a-token-of-the-environment", "SECRETS_ENCRYPTION_KEY": KEY}
    stage = place.start(**given)
    stage.external("one")
    stage.stop()
    assert not (place.data / "sealing_key").exists() and not (place.data / "admin_token").exists()
    stage.start()
    stage.stop()
    told = place.refusal(ADMIN_TOKEN=given["ADMIN_TOKEN"])
    assert "SECRETS_ENCRYPTION_KEY is not set" in told, told
    place.start(SECRETS_ENCRYPTION_KEY=KEY).must("GET", "/workspaces")


def test_another_sealing_key_than_the_secrets_have_is_refused(place: Place) -> None:
    stage = place.start()
    stage.must("PUT", "/settings/secrets", {"key": "TOKEN", "value": "sealed"})
    stage.stop()
    file = place.data / "sealing_key"
    own = file.read_bytes()
    file.write_bytes(b"molecule-sealing-keys 1\n" + b"A" * 43 + b"=\n")
    told = place.refusal()
    assert str(file) in told and "--begin-anew" in told, told
    file.unlink()
    told = place.refusal(SECRETS_ENCRYPTION_KEY=KEY)
    assert "SECRETS_ENCRYPTION_KEY" in told and not file.exists(), told
    file.write_bytes(own)
    file.chmod(0o600)
    place.start(SECRETS_ENCRYPTION_KEY=KEY).stop()
    place.start().must("GET", "/workspaces")


def promise(place: Place, fingerprint: str) -> None:
    place.tell(f"INSERT INTO store_facts (name, value) VALUES ('platform_key', '{fingerprint}')")


def test_a_lost_platform_key_is_refused_once_agents_know_the_platform_by_it(place: Place) -> None:
    stage = place.start()
    known = stage.must("GET", "/platform/key")["fingerprint"]
    stage.stop()
    promise(place, known)
    file = place.data / "platform_key"
    key = file.read_bytes()
    file.unlink()
    told = place.refusal()
    for words in (str(file), "ticket", "backup", "--begin-anew"):
        assert words in told, told
    assert not file.exists()
    file.write_bytes(key)
    file.chmod(0o600)
    stage.start()
    assert stage.must("GET", "/platform/key")["fingerprint"] == known
    stage.stop()
    file.unlink()
    anew = place.start("--begin-anew")
    fresh = anew.must("GET", "/platform/key")["fingerprint"]
    assert fresh != known
    anew.stop()
    # From now on it is the new one that is promised.
    assert place.start().must("GET", "/platform/key")["fingerprint"] == fresh


def test_another_platform_key_than_agents_know_is_refused(place: Place) -> None:
    stage = place.start()
    known = stage.must("GET", "/platform/key")["fingerprint"]
    stage.stop()
    promise(place, known)
    file = place.data / "platform_key"
    own = file.read_bytes()
    foreign = "A" * 43 + "="
    file.write_bytes(f"molecule-signing-key 1\n{foreign}\n".encode())
    told = place.refusal()
    assert str(file) in told and known in told and "--begin-anew" in told, told
    told = place.refusal(MOLECULE_PLATFORM_KEY=foreign)
    assert "MOLECULE_PLATFORM_KEY" in told and foreign not in told, told
    file.unlink()
    given = own.splitlines()[1].decode()
    assert place.start(MOLECULE_PLATFORM_KEY=given).must("GET", "/platform/key")["fingerprint"] == known
    assert not file.exists(), "it is kept where it was set"


def test_a_platform_key_that_nobody_was_told_of_is_made_anew(place: Place) -> None:
    stage = place.start()
    stage.stop()
    (place.data / "platform_key").unlink()
    stage.start()
    assert (place.data / "platform_key").stat().st_mode & 0o777 == 0o600


def test_a_first_start_that_was_cut_short_is_taken_up(place: Place) -> None:
    place.start().stop()
    # As it lies between the database and the keys.
    for name in ("sealing_key", "admin_token"):
        (place.data / name).unlink()
    place.tell("DELETE FROM store_facts WHERE name IN ('admin_token', 'sealing_key')")
    place.start().must("GET", "/workspaces")


def test_a_data_directory_of_an_older_version_is_taken_up_where_it_was(place: Place) -> None:
    stage = place.start()
    made = stage.external("old")["id"]
    old = int(stage.ask("GET", "/workspaces").headers["X-Molecule-Seq"])
    stage.stop()
    place.tell("DROP TABLE store_facts")
    (place.data / "store_mark").unlink()
    key = (place.data / "sealing_key").read_bytes()
    (place.data / "sealing_key").unlink()
    assert "sealing_key is missing" in place.refusal()
    place.tell("DROP TABLE IF EXISTS store_facts")
    (place.data / "sealing_key").write_bytes(key)
    (place.data / "sealing_key").chmod(0o600)
    stage.start()
    assert stage.workspace(made)["name"] == "old"
    assert int(stage.ask("GET", "/workspaces").headers["X-Molecule-Seq"]) == old


def test_a_claim_link_is_not_made_in_an_empty_store(place: Place) -> None:
    place.start().stop()
    place.lose_database()
    done = place.molecule("admin", "claim")
    assert done.returncode != 0 and done.stdout == "", done
    if not place.schema:
        assert not (place.data / "molecule.db").exists()


@pytest.mark.parametrize("parts", [("-wal",), ("-wal", "-shm"), ("-shm",)])
def test_a_write_ahead_log_deleted_from_under_a_running_platform(place: Place, parts: tuple[str, ...]) -> None:
    if place.schema:
        return  # The server keeps its log where nobody reaches it.
    stage = place.start()
    promised = stage.external("promised")["id"]
    for part in parts:
        (place.data / f"molecule.db{part}").unlink()
    answer = stage.ask("POST", "/workspaces", {"name": "lost", "runtime": "external", "tier": 2})
    assert answer.status_code == 503, answer.text
    assert stage.ask("GET", "/readyz").status_code == 503
    assert "deleted or replaced" in stage.log_text()
    stage.stop()
    stage.start()
    assert [row["id"] for row in stage.must("GET", "/workspaces")] == [promised]
    stage.stop()
    with closing(sqlite3.connect(place.data / "molecule.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def zero(log: Path) -> None:
    with log.open("r+b") as file:
        file.write(bytes(log.stat().st_size))


def cut(log: Path) -> None:
    os.truncate(log, 0)


@pytest.mark.parametrize("damage", [cut, zero])
def test_a_write_ahead_log_damaged_under_a_running_platform(place: Place, damage: Callable[[Path], None]) -> None:
    if place.schema:
        return
    stage = place.start()
    stage.external("in the file")
    with closing(sqlite3.connect(place.data / "molecule.db", isolation_level=None)) as reader:
        # Whoever reads keeps what comes after from being moved into the file.
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM workspaces").fetchone()
        stage.external("in the log alone")
        damage(place.data / "molecule.db-wal")
        for _ in range(5):
            answer = stage.ask("POST", "/workspaces", {"name": "lost", "runtime": "external", "tier": 2})
            assert answer.status_code == 503, answer.text
        assert stage.ask("GET", "/readyz").status_code == 503
    assert "truncated or overwritten" in stage.log_text()
    stage.stop()
    stage.start()
    names = [row["name"] for row in stage.must("GET", "/workspaces")]
    assert "lost" not in names, names
    stage.external("goes on")
    stage.stop()
    with closing(sqlite3.connect(place.data / "molecule.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_damaged_database_is_named_at_the_start(place: Place) -> None:
    if place.schema:
        return
    stage = place.start()
    stage.stop()
    database = place.data / "molecule.db"
    database.write_bytes(b"x" * database.stat().st_size)
    done = place.molecule("serve", "--listen", "127.0.0.1:0")
    assert done.returncode != 0 and done.stdout == "", done
    assert str(database) in done.stderr and "is damaged" in done.stderr and "backup" in done.stderr, done.stderr


def test_readiness_alone_shows_a_deleted_log(place: Place) -> None:
    if place.schema:
        return
    stage = place.start()
    (place.data / "molecule.db-wal").unlink()
    wait_for("readiness to end", lambda: stage.ask("GET", "/readyz").status_code == 503)
