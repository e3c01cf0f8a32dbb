"""Plugins: the content hash, and an installation that changes nothing until every check has passed."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tarfile
from pathlib import Path
from typing import BinaryIO

import requests

from . import _manifest
from ._answers import Answer, error_for, read_bounded
from ._errors import PlatformError
from ._transport import Transport, segment

log = logging.getLogger("molecule_agent")

DOWNLOAD_TIMEOUT = 60.0
SETUP_TIMEOUT = 120.0
MAX_ARCHIVE_BYTES = 100 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_MEMBERS = 20_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
HEX64 = re.compile(r"[0-9a-fA-F]{64}")


def compute_plugin_sha256(plugin_dir: str | Path) -> str:
    """The content hash of a plugin: SHA-256 over the JSON list of `[path, sha256]` of every regular file but the root
    `plugin.yaml`, sorted by path. Symbolic links are not part of a plugin. Raises NotADirectoryError."""
    root = Path(plugin_dir)
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a directory")
    listed = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if relative != "plugin.yaml" and stat.S_ISREG(path.lstat().st_mode):
                with open(path, "rb") as source:
                    listed.append([relative, hashlib.file_digest(source, "sha256").hexdigest()])
    listed.sort()
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def verify_plugin_sha256(plugin_dir: str | Path, expected: str) -> bool:
    """True when the content hash is `expected`, in either case. Raises ValueError when that is not 64 hex digits."""
    if not isinstance(expected, str) or not HEX64.fullmatch(expected):
        raise ValueError("a content hash has 64 hexadecimal digits")
    return secrets.compare_digest(compute_plugin_sha256(plugin_dir), expected.lower())


def install(transport: Transport, self_path: str, plugins_dir: Path, name: str, source: str | None, *,
            run_setup_sh: bool, report: bool) -> Path:
    """See `RemoteAgentClient.install_plugin`."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a plugin name: letters, digits, dot, dash and underscore, at most 128")
    plugins_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark = secrets.token_hex(4)
    staging = plugins_dir / f".staging-{name}-{mark}"
    replaced = plugins_dir / f".replaced-{name}-{mark}"
    target = plugins_dir / name
    try:
        staging.mkdir(mode=0o700)
        _download(transport, self_path, name, source, staging)
        expected = _manifest.stated_sha256(staging / "plugin.yaml")
        if expected is None:
            log.info("plugin %s states no content hash; its content is not verified", name)
        elif not verify_plugin_sha256(staging, expected):
            raise ValueError(f"plugin {name} does not have the content that its plugin.yaml states; nothing was "
                             "installed")
        if target.exists() or target.is_symlink():
            os.rename(target, replaced)
        try:
            os.rename(staging, target)
        except OSError:
            if replaced.exists():
                os.rename(replaced, target)
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if replaced.is_symlink():
            replaced.unlink()
        shutil.rmtree(replaced, ignore_errors=True)
    if run_setup_sh and (target / "setup.sh").is_file():
        _run_setup(target)
    if report:
        _report(transport, self_path, source or f"local://{name}")
    return target


def _download(transport: Transport, self_path: str, name: str, source: str | None, into: Path) -> None:
    path = f"{self_path}/plugins/{segment(name)}/download"
    params = {"source": source} if source else None
    archive = into.with_name(into.name + ".tar.gz")
    try:
        with transport.open(path, params=params, timeout=DOWNLOAD_TIMEOUT) as response:
            if response.status_code != 200:
                raise error_for(Answer(response, read_bounded(response, 1024 * 1024)), f"download plugin {name}")
            with open(archive, "wb") as out:
                size = 0
                for chunk in response.iter_content(256 * 1024):
                    size += len(chunk)
                    if size > MAX_ARCHIVE_BYTES:
                        raise ValueError(f"plugin {name} is larger than {MAX_ARCHIVE_BYTES} bytes")
                    out.write(chunk)
        with open(archive, "rb") as packed:
            unpack(packed, into)
    finally:
        archive.unlink(missing_ok=True)


def unpack(packed: BinaryIO, into: Path) -> None:
    """Unpack a gzip tar of plain files and directories. Links, devices and pipes are skipped, set-uid bits dropped.
    Raises ValueError for a damaged archive, a path that leaves `into`, too many members or too much content."""
    total = 0
    try:
        with tarfile.open(fileobj=packed, mode="r|gz") as archive:
            for count, member in enumerate(archive, 1):
                if count > MAX_MEMBERS:
                    raise ValueError(f"the archive has more than {MAX_MEMBERS} members")
                parts = [part for part in member.name.split("/") if part not in ("", ".")]
                if member.name.startswith("/") or ".." in parts or any("\\" in p or "\0" in p for p in parts):
                    raise ValueError(f"the archive member {member.name!r} leaves the plugin")
                if not (member.isreg() or member.isdir()):
                    log.warning("skipping %r in the archive: neither a file nor a directory", member.name)
                    continue
                if not parts:
                    continue
                place = into.joinpath(*parts)
                if member.isdir():
                    place.mkdir(parents=True, exist_ok=True, mode=0o755)
                    continue
                total += member.size
                if total > MAX_UNPACKED_BYTES:
                    raise ValueError(f"the archive unpacks to more than {MAX_UNPACKED_BYTES} bytes")
                place.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
                content = archive.extractfile(member)
                assert content is not None  # a regular member always has content
                with open(place, "wb") as out:
                    shutil.copyfileobj(content, out)
                place.chmod(0o755 if member.mode & 0o111 else 0o644)
    except (tarfile.TarError, EOFError, OSError, UnicodeError) as error:
        raise ValueError(f"the archive cannot be unpacked: {error}") from error


def _run_setup(target: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MOLECULE_WORKSPACE_TOKEN"}
    log.info("running setup.sh of plugin %s", target.name)
    try:
        process = subprocess.Popen(["bash", "setup.sh"], cwd=target, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        log.warning("cannot run setup.sh of plugin %s: %s", target.name, error)
        return
    try:
        status = process.wait(SETUP_TIMEOUT)
        if status != 0:
            log.warning("setup.sh of plugin %s ended with %d", target.name, status)
    except subprocess.TimeoutExpired:
        log.warning("setup.sh of plugin %s took longer than %.0f s and was ended", target.name, SETUP_TIMEOUT)
    finally:
        # The script leads its own group, so what it left running ends with it.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        process.wait()


def _report(transport: Transport, self_path: str, source: str) -> None:
    try:
        answer = transport.post(f"{self_path}/plugins", {"source": source}, timeout=10.0)
        if answer.status >= 300:
            log.info("the platform did not record the installation: %s", error_for(answer, "report plugin"))
    except (PlatformError, requests.RequestException) as error:
        log.info("the platform did not record the installation: %s", error)
