"""Gets the text a person named: a file below the allowed folders, or a page whose address is on the allow-list.

Every refusal is a `Refused` with a sentence for the person. Nothing outside the roots is read, whatever links or dots
a path holds, and nothing outside the list is asked for, whatever a redirect says.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import requests

MAX_TEXT_BYTES = 4 * 1024 * 1024
MAX_LISTED = 3000
"""Files that are looked at when a missing one is to be corrected."""
FETCH_TIMEOUT = 15.0
MAX_REDIRECTS = 5
PRIVATE_NAME = re.compile(r"\.(?:pem|key|p12|pfx|kdbx|sqlite3?|db)$|^demo\.json$|(?:^|[_.-])(?:token|keys?|secrets?"
                          r"|credentials?|passw(?:or)?d|id_rsa|id_ed25519)(?:[_.-]|$)", re.IGNORECASE)
SKIPPED_FOLDERS = {"node_modules", "build", "dist", "__pycache__", "target", "venv"}


class Refused(Exception):
    """Something that will not or cannot be read; the text says why, to the person who asked."""


@dataclass(frozen=True)
class Document:
    name: str
    text: str
    suffix: str


class Sources:
    """`roots` are the folders files may come from; `prefixes` the allowed beginnings of addresses."""

    def __init__(self, roots: list[Path], prefixes: list[str]) -> None:
        self.roots = [root.resolve() for root in roots]
        self.prefixes = prefixes

    @classmethod
    def from_environment(cls) -> Sources:
        roots = [Path(r).expanduser() for r in os.environ.get("MOLECULE_DEMO_ROOTS", "").split(os.pathsep) if r]
        prefixes = [url.strip() for url in os.environ.get("MOLECULE_DEMO_URLS", "").split(",") if url.strip()]
        return cls(roots or [Path.cwd()], prefixes)

    def read(self, name: str) -> Document:
        """The document called `name`: an address when it begins like one, else a path. Raises Refused."""
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", name):
            return self._fetch(name)
        return self._open(name)

    # --- files ---

    def _open(self, name: str) -> Document:
        path = self._find(name)
        shown = self._shown(path)
        if any(part.startswith(".") for part in Path(shown).parts) or PRIVATE_NAME.search(path.name):
            raise Refused(f"{shown} looks private (hidden, or a key or token), so I do not read it.")
        try:
            # Non-blocking: opening a pipe must not wait for somebody to write into it.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                status = os.fstat(descriptor)
                if stat.S_ISDIR(status.st_mode):
                    raise Refused(f"{shown} is a folder. Name a file in it{self._some_names(path)}.")
                if not stat.S_ISREG(status.st_mode):
                    raise Refused(f"{shown} is not an ordinary file.")
                if self._for_owner_alone(path, status.st_mode):
                    raise Refused(f"{shown} is marked for its owner alone, so I do not read it.")
                if status.st_size > MAX_TEXT_BYTES:
                    raise Refused(f"{shown} has {status.st_size:,} bytes; I read texts of up to {MAX_TEXT_BYTES:,}.")
                with open(descriptor, "rb", closefd=False) as source:
                    raw = source.read(MAX_TEXT_BYTES + 1)
            finally:
                os.close(descriptor)
        except PermissionError:
            raise Refused(f"I may not read {shown}: permission denied.") from None
        except OSError as error:
            raise Refused(f"I cannot read {shown}: {error.strerror}.") from None
        return Document(shown, decode(raw, shown), path.suffix)

    def _for_owner_alone(self, path: Path, mode: int) -> bool:
        """True for a file that was closed to others on purpose: the root it lies in is open to them."""
        root = next(root for root in self.roots if path.is_relative_to(root))
        return not mode & 0o044 and bool(root.stat().st_mode & 0o044)

    def _find(self, name: str) -> Path:
        if "\0" in name or len(name) > 1024:
            raise Refused("That is not a file name.")
        outside = False
        for root in self.roots:
            for candidate in (root / name, root / f"{name}.md", root / f"{name}.txt"):
                try:
                    resolved = candidate.resolve(strict=True)
                except (OSError, RuntimeError):
                    continue
                if not resolved.is_relative_to(root):
                    outside = True
                    continue
                if resolved.is_dir() and candidate.name == Path(name).name and (root / f"{name}.md").is_file():
                    continue
                return resolved
            same = self._same_but_case(root, name)
            if same is not None:
                return same
        climbs = Path(name).is_absolute() or ".." in Path(name).parts
        if outside or (climbs and not self._may_name(name)):
            raise Refused(f"{name} lies outside the folders I may read ({self._root_names()}).")
        raise Refused(f"I could not find {name} below {self._root_names()}.{self._suggestion(name)}")

    def _may_name(self, name: str) -> bool:
        """True when `name` points below a root, whether or not something is there."""
        return any(Path(os.path.normpath(root / name)).is_relative_to(root) for root in self.roots)

    def _same_but_case(self, root: Path, name: str) -> Path | None:
        folder = (root / name).parent
        wanted = {Path(name).name.lower(), f"{Path(name).name}.md".lower()}
        try:
            if not folder.resolve(strict=True).is_relative_to(root):
                return None
            found = [entry for entry in os.listdir(folder) if entry.lower() in wanted]
        except OSError:
            return None
        path = (folder / found[0]).resolve() if len(found) == 1 else None
        return path if path is not None and path.is_relative_to(root) else None

    def _suggestion(self, name: str) -> str:
        names: list[str] = []
        for root in self.roots:
            for folder, folders, files in os.walk(root):
                folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED_FOLDERS)
                names += [os.path.relpath(os.path.join(folder, f), root) for f in sorted(files) if f[0] != "."]
                if len(names) > MAX_LISTED:
                    break
        near = difflib.get_close_matches(name, names[:MAX_LISTED], n=3, cutoff=0.6)
        base = {os.path.basename(n).lower(): n for n in reversed(names)}
        for match in difflib.get_close_matches(os.path.basename(name).lower(), base, n=3, cutoff=0.7):
            if base[match] not in near:
                near.append(base[match])
        return f" Did you mean {' or '.join(near[:3])}?" if near else ""

    def _some_names(self, folder: Path) -> str:
        try:
            names = sorted(e.name for e in os.scandir(folder) if e.is_file() and not e.name.startswith("."))
        except OSError:
            return ""
        return f": {', '.join(names[:8])}{' …' if len(names) > 8 else ''}" if names else ""

    def _shown(self, path: Path) -> str:
        root = next((root for root in self.roots if path.is_relative_to(root)), None)
        return path.relative_to(root).as_posix() if root else path.name

    def _root_names(self) -> str:
        return ", ".join(str(root) for root in self.roots)

    # --- addresses ---

    def _fetch(self, url: str) -> Document:
        deadline = time.monotonic() + FETCH_TIMEOUT
        with requests.Session() as session:
            session.trust_env = False  # no proxies and no ~/.netrc: exactly the listed host is asked, as nobody
            for _ in range(MAX_REDIRECTS + 1):
                self._check(url)
                try:
                    with session.get(url, timeout=FETCH_TIMEOUT, stream=True, allow_redirects=False,
                                     headers={"User-Agent": "molecule-demo-researcher",
                                              "Accept": "text/*, application/xhtml+xml, application/json;q=0.5"}) as r:
                        if r.is_redirect:
                            url = urllib.parse.urljoin(url, r.headers["Location"])
                            continue
                        return self._received(url, r, deadline)
                except requests.Timeout:
                    raise Refused(f"{url} did not answer within {FETCH_TIMEOUT:.0f} seconds.") from None
                except requests.RequestException as error:
                    raise Refused(f"I could not fetch {url} ({type(error).__name__}).") from None
        raise Refused(f"{url} redirects more than {MAX_REDIRECTS} times.")

    def _check(self, url: str) -> None:
        if not allowed(url, self.prefixes):
            if not self.prefixes:
                raise Refused(f"I may not fetch {url}: no address is on my allow-list (MOLECULE_DEMO_URLS).")
            raise Refused(f"I may not fetch {url}: my allow-list has {', '.join(self.prefixes)}.")

    def _received(self, url: str, response: requests.Response, deadline: float) -> Document:
        if response.status_code != 200:
            raise Refused(f"{url} answered {response.status_code} {response.reason}.")
        kind = response.headers.get("Content-Type", "text/plain").partition(";")[0].strip().lower()
        if not (kind.startswith("text/") or kind in ("application/json", "application/xhtml+xml", "application/xml")):
            raise Refused(f"{url} is {kind}, not a text.")
        raw = b""
        for chunk in response.iter_content(16 * 1024):
            raw += chunk
            if len(raw) > MAX_TEXT_BYTES:
                raise Refused(f"{url} is longer than {MAX_TEXT_BYTES:,} bytes.")
            if time.monotonic() > deadline:
                raise Refused(f"{url} took longer than {FETCH_TIMEOUT:.0f} seconds.")
        suffix = ".html" if "html" in kind else Path(urllib.parse.urlsplit(url).path).suffix
        return Document(url, decode(raw, url), suffix)


def allowed(url: str, prefixes: list[str]) -> bool:
    """True when scheme, host and port are those of a prefix and the path lies at or below its path. Addresses with
    credentials, a backslash or dots that could climb are never allowed."""
    try:
        asked = urllib.parse.urlsplit(url)
        place = (asked.scheme.lower(), (asked.hostname or "").lower(), asked.port or _port(asked.scheme))
    except ValueError:
        return False
    path = urllib.parse.unquote(asked.path or "/")
    if place[0] not in ("http", "https") or not place[1] or "@" in asked.netloc or "\\" in url \
            or re.search(r"[\x00-\x20]", url) or "%" in path or any(part in ("..", ".") for part in path.split("/")):
        return False
    for prefix in prefixes:
        listed = urllib.parse.urlsplit(prefix)
        if place != (listed.scheme.lower(), (listed.hostname or "").lower(), listed.port or _port(listed.scheme)):
            continue
        base = listed.path or "/"
        if path == base or path.startswith(base if base.endswith("/") else base + "/"):
            return True
    return False


def _port(scheme: str) -> int:
    return 443 if scheme.lower() == "https" else 80


def decode(raw: bytes, name: str) -> str:
    """Bytes as text. Raises Refused for what is not text."""
    if len(raw) > MAX_TEXT_BYTES:
        raise Refused(f"{name} is longer than {MAX_TEXT_BYTES:,} bytes.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError:
            raise Refused(f"{name} is not a text file.") from None
    if b"\0" in raw:
        raise Refused(f"{name} is not a text file.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
        # Old Western text has few marks that are no letters; a picture or an archive has many.
        odd = sum(c == "\ufffd" or (c < " " and c not in "\t\n\r\f") for c in text)
        if odd > len(text) // 100:
            raise Refused(f"{name} is not a text file.") from None
        return text
