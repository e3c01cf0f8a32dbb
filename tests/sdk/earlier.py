"""A store that an earlier version left behind: its content is text, its tables come from the migrations of its time."""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from stage import ROOT, Schema

CONTENT = Path(__file__).with_suffix(".sql")
SEALING_KEY = "thirty-two letters, made for it."
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def token_of(name: str) -> str:
    """The token whose digest the store holds under this name."""
    text = "mol_" + base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode().rstrip("=")
    left, check = zlib.crc32(text.encode()), ""
    for _ in range(6):
        left, letter = divmod(left, 62)
        check = LETTERS[letter] + check
    return text + check


def statements(postgresql: bool) -> str:
    """The store as one engine understands it."""
    content = CONTENT.read_text()
    history, _, _ = content.partition("INSERT INTO sequences")
    tables = ""
    for version, name in re.findall(r"^\((\d+), '(\w+)', '[0-9a-f]{16}'", history, re.MULTILINE):
        for line in (ROOT / "migrations" / f"{int(version):04}_{name}.sql").read_text().splitlines(keepends=True):
            if postgresql or not line.startswith("{{shared}}"):
                tables += line.removeprefix("{{shared}}")
    tables = tables.replace("{{rowid}}", "BIGINT PRIMARY KEY" if postgresql else "INTEGER PRIMARY KEY")
    if postgresql:
        content = re.sub(r"\bx'([0-9a-f]*)'", r"'\\x\1'", content)
    return tables + content


def lay(data: Path, schema: Schema | None) -> None:
    """Put the store where a platform finds it: in the schema, or in the data directory."""
    data.mkdir(mode=0o700)
    if schema:
        schema.tell(statements(postgresql=True))
        return
    with closing(sqlite3.connect(data / "molecule.db")) as made:
        made.executescript("PRAGMA journal_mode = WAL; BEGIN;" + statements(postgresql=False) + "COMMIT;")
