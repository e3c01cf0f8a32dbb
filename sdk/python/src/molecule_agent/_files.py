"""Small files that must survive a crash whole: the token and the inbox cursor.

A writer fills a new file that only its owner may read from the moment it exists, syncs it, and renames it over the
old one. A reader therefore needs no lock: it sees the old content or the new one, never a part.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

MAX_SMALL_FILE_BYTES = 64 * 1024


def make_private_dir(path: Path) -> None:
    """Create `path` and missing parents, each for the owner alone; an existing directory keeps its mode."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for part in reversed(missing):
        with contextlib.suppress(FileExistsError):
            part.mkdir(mode=0o700)


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text`, all or nothing. Raises OSError and leaves the old content when that fails."""
    make_private_dir(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    # The rename itself has to reach the disk too; some file systems cannot sync a directory, and say so.
    with contextlib.suppress(OSError):
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def read_small(path: Path) -> str:
    """The stripped text of `path`, "" when it does not exist. Raises OSError, or ValueError when it is too large or
    not text."""
    try:
        with open(path, "rb") as source:
            raw = source.read(MAX_SMALL_FILE_BYTES + 1)
    except FileNotFoundError:
        return ""
    if len(raw) > MAX_SMALL_FILE_BYTES:
        raise ValueError(f"{path} is larger than {MAX_SMALL_FILE_BYTES} bytes")
    return raw.decode("utf-8").strip()
