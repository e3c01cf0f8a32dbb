"""Keeps the workspace token, which the platform shows exactly once.

It lives in memory and in one file, `<token_dir>/.auth_token`. When the file cannot be written, the token stays in
memory and the next beat tries again, because a token that is only in memory is lost with the process.
"""

from __future__ import annotations

import logging
import stat
import threading
from pathlib import Path

from . import _files

log = logging.getLogger("molecule_agent")


class TokenFile:
    """The token of one workspace. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._token: str | None = None
        self._unsaved = False
        self._on_trial = False

    def load(self) -> str | None:
        """The token from memory, else from the file; None when there is none or the file cannot be read."""
        with self._lock:
            if self._token is None:
                self._token = self._read()
            return self._token

    def save(self, token: str) -> None:
        """Keep `token`. Raises ValueError when it is empty or could not travel in a header; a file that cannot be
        written is logged and tried again by `retry`."""
        token = _checked(token)
        with self._lock:
            self._token = token
            self._on_trial = False
            self._unsaved = True
            self._write()

    def try_out(self, token: str) -> None:
        """Use `token` without touching the file: `accepted` saves it. Raises ValueError as `save` does."""
        token = _checked(token)
        with self._lock:
            self._token = token
            self._on_trial = True
            self._unsaved = False

    def accepted(self) -> None:
        """The platform took the token: one on trial is saved."""
        with self._lock:
            if self._on_trial:
                self._on_trial = False
                self._unsaved = True
                self._write()

    def refused(self) -> bool:
        """The platform refused the token: one on trial makes way for the saved one. False when there is no other."""
        with self._lock:
            saved = self._read() if self._on_trial else None
            if saved is None or saved == self._token:
                return False
            self._token = saved
            self._on_trial = False
            return True

    @property
    def on_trial(self) -> bool:
        with self._lock:
            return self._on_trial

    def retry(self) -> None:
        """Write the token if the last attempt failed."""
        with self._lock:
            if self._unsaved:
                self._write()

    def _read(self) -> str | None:
        try:
            token = _files.read_small(self.path)
            if token and stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                log.warning("token file %s was readable by others; narrowing it to its owner", self.path)
                self.path.chmod(0o600)
        except (OSError, ValueError) as error:
            log.warning("cannot read token file %s: %s", self.path, error)
            return None
        return token or None

    def _write(self) -> None:
        assert self._token is not None
        try:
            _files.write_private(self.path, self._token + "\n")
        except OSError as error:
            log.warning("cannot write token file %s: %s; the token is kept in memory and written later",
                        self.path, error)
            return
        self._unsaved = False


def _checked(token: str) -> str:
    token = token.strip()
    if not token:
        raise ValueError("the token is empty")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("the token holds characters that no token has")
    return token
