"""Files: sent up to the platform to be named in messages, and fetched when a message names them.

Both ways run in pieces, so a file may be larger than the memory an agent has. What comes down is written beside its place
and moved there once it is whole; the name that a sender gave is never a path.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from ._answers import MAX_ANSWER_BYTES, Answer, error_for, read_bounded
from ._errors import ForeignAnswerError, PlatformError
from ._models import SharedFile
from ._transport import Transport, segment

MAX_FILE_BYTES = 100 * 1024 * 1024
"""What the platform takes; see `GET /uploads/limits`."""
FILE_TIMEOUT = 60.0
"""Seconds without a byte."""
PIECE_BYTES = 256 * 1024

_ID = r"[0-9a-fA-F-]{36}"
_URI = re.compile(rf"platform-pending:({_ID})/({_ID})\Z")
_PLACE = re.compile(rf"https?://[^?#]*/workspaces/({_ID})/attachments/({_ID})\Z")


class FileCalls:
    """The part of `RemoteAgentClient` that moves files."""

    workspace_id: str
    _self_path: str
    _transport: Transport

    def upload(self, *paths: str | os.PathLike[str]) -> list[SharedFile]:
        """Send files up; all are taken or none. Give the result to `reply` or `call_peer` as `files`, within a day: a file
        that no message names is removed then. Raises OSError for a file that cannot be read, PlatformError with the codes
        `file_too_large`, `attachments_full` or `attachment_refused` for one that is not taken."""
        if not paths:
            raise ValueError("which files?")
        with contextlib.ExitStack() as open_files:
            form = _Form([(Path(path).name, open_files.enter_context(open(path, "rb"))) for path in paths])
            with self._transport.send(f"{self._self_path}/chat/uploads", form, form.media_type, timeout=FILE_TIMEOUT) as response:
                answer = Answer(response, read_bounded(response, MAX_ANSWER_BYTES))
        if answer.status != 200:
            raise error_for(answer, "upload")
        files = answer.details().get("files")
        found = [SharedFile.from_upload(file) for file in files] if isinstance(files, list) else []
        if len(found) != len(paths):
            raise ForeignAnswerError(f"upload: {answer.status}, {answer.shown()}, which names no files",
                                     status=answer.status, response=answer.response)
        return found

    def download(self, file: SharedFile | Mapping[str, Any], folder: str | os.PathLike[str],
                 limit: int = MAX_FILE_BYTES) -> Path:
        """Fetch a file that a message names (`message.files`), or the answer to a delegation (`delegation["files"]`), into
        `folder` and return where it is: under its name, or under one with a number when that is taken. Raises ValueError for a
        file that is somewhere else than on the platform, PlatformError when it is not there any more, or longer than
        `limit`."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        if not isinstance(file, SharedFile):
            file = SharedFile.from_upload(dict(file))
        if file.inline:
            try:
                return _written(place, file.name, iter([base64.b64decode(file.inline, validate=True)]))
            except binascii.Error as error:
                raise ValueError(f"{file.name} is no base64") from error
        found = _URI.match(file.uri) or _PLACE.match(file.uri)
        if not found:
            raise ValueError(f"{file.uri!r} is no file of the platform; fetch it yourself, without this agent's token")
        with self._transport.open(f"{self._self_path}/attachments/{segment(found.group(2))}", timeout=FILE_TIMEOUT) as response:
            if response.status_code != 200:
                raise error_for(Answer(response, read_bounded(response, MAX_ANSWER_BYTES)), "download")
            written = _written(place, file.name, _pieces(response, limit))
        if found.group(1) == self.workspace_id:
            # It need not wait any longer. A file that a peer shared does not wait.
            with contextlib.suppress(requests.RequestException):
                self._transport.post(f"{self._self_path}/pending-uploads/{segment(found.group(2))}/ack", {}, timeout=FILE_TIMEOUT)
        return written


class _Form:
    """Files as multipart/form-data, read while they are sent. Their size is known before, so that the platform can refuse
    at once what it would not take."""

    def __init__(self, files: list[tuple[str, Any]]) -> None:
        boundary = f"molecule-{secrets.token_hex(16)}"
        self.media_type = f"multipart/form-data; boundary={boundary}"
        self._parts = []
        self._length = 0
        for name, file in files:
            shown = "".join("_" if c in '"\\' or not c.isprintable() else c for c in name)
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{shown}"\r\n\r\n'.encode()
            size = os.fstat(file.fileno()).st_size
            self._parts.append((head, file, size))
            self._length += len(head) + size + 2
        self._end = f"--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return self._length + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        for head, file, size in self._parts:
            yield head
            left = size
            while left:
                piece = file.read(min(PIECE_BYTES, left))
                if not piece:
                    raise OSError("a file became shorter while it was sent")
                left -= len(piece)
                yield piece
            yield b"\r\n"
        yield self._end


def _pieces(response: requests.Response, limit: int) -> Iterator[bytes]:
    size = 0
    for piece in response.iter_content(PIECE_BYTES):
        size += len(piece)
        if size > limit:
            raise PlatformError(f"the file is longer than {limit} bytes", status=response.status_code, response=response)
        yield piece
    expected = response.headers.get("Content-Length", "")
    if expected.isdigit() and int(expected) != size:
        raise requests.ConnectionError("the file ended before its end")


def _written(folder: Path, name: str, pieces: Iterator[bytes]) -> Path:
    partial = folder / f".{secrets.token_hex(8)}.part"
    try:
        with open(partial, "xb") as out:
            for piece in pieces:
                out.write(piece)
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", re.split(r"[/\\]", name)[-1])[-100:].lstrip(".") or "file"
        stem, dot, suffix = safe.rpartition(".")
        for number in range(1000):
            place = folder / (safe if number == 0 else f"{stem}-{number}.{suffix}" if dot and stem else f"{safe}-{number}")
            with contextlib.suppress(FileExistsError):
                os.link(partial, place)
                return place
        raise FileExistsError(f"{folder} has a thousand files of the name {safe}")
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
