"""Reads the one line of a `plugin.yaml` that decides whether a plugin is verified: `sha256:`.

This is not a YAML reader. It understands plain block mappings and refuses, with ValueError, every file in which it
could not tell whether a line that mentions `sha256` is the top-level key: a refused plugin can be fixed, a skipped
check cannot be seen.
"""

from __future__ import annotations

import re
from pathlib import Path

MAX_MANIFEST_BYTES = 1024 * 1024

KEY = re.compile(r"""(?: "(?P<double>[^"\\]*)" | '(?P<single>[^']*)' | (?P<plain>[A-Za-z0-9_][A-Za-z0-9_.\ -]*?) )
                     \s*:(?:\s+(?P<value>.*))?$""", re.VERBOSE)
DOUBLE = re.compile(r'"(?:[^"\\]|\\.)*"\s*(?:#.*)?$')
SINGLE = re.compile(r"'(?:[^']|'')*'\s*(?:#.*)?$")
HASH = re.compile(r"""(?P<quote>["']?)(?P<hash>[0-9a-fA-F]{64})(?P=quote)\s*(?:\s\#.*)?$""", re.VERBOSE)


def stated_sha256(manifest: Path) -> str | None:
    """The content hash that a manifest states, None when it states none. Raises ValueError when there is no manifest
    or it cannot be read for certain."""
    try:
        with open(manifest, "rb") as source:
            raw = source.read(MAX_MANIFEST_BYTES + 1)
        if len(raw) > MAX_MANIFEST_BYTES:
            raise ValueError(f"plugin.yaml is larger than {MAX_MANIFEST_BYTES} bytes")
        return read(raw.decode("utf-8"))
    except OSError as error:
        raise ValueError(f"plugin.yaml cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ValueError("plugin.yaml is not UTF-8") from None


def read(text: str) -> str | None:
    """As `stated_sha256`, of the manifest's text."""
    # An escape could spell the key without these letters; only a double-quoted key may hold one.
    if "sha256" not in text and not re.search(r'^\s*(?:\?\s*)?"[^"]*\\', text, re.MULTILINE):
        return None
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x85\u2028\u2029\ufeff]", text):
        raise ValueError("plugin.yaml holds control characters")
    found: list[str] = []
    started = False
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if not line.strip() or line.startswith("#") or (not started and line.rstrip() == "---"):
            continue
        if started and (line[0] == " " or line.startswith("- ")):
            continue  # belongs to the value above, whatever that is
        key, value = _top_level(line, number)
        started = True
        if key == "sha256":
            found.append(value)
    if not found:
        return None
    if len(found) > 1:
        raise ValueError("plugin.yaml states sha256 twice")
    match = HASH.fullmatch(found[0])
    if match is None:
        raise ValueError("sha256 in plugin.yaml must be 64 hexadecimal digits on the same line")
    return match["hash"].lower()


def _top_level(line: str, number: int) -> tuple[str, str]:
    """Key and value of a line that has to be a top-level `key: value`."""
    match = KEY.match(line)
    if match is None:
        raise _unsure(number)
    key = match["double"] or match["single"] or match["plain"] or ""
    value = (match["value"] or "").strip()
    if value[:1] == '"' and not DOUBLE.match(value) or value[:1] == "'" and not SINGLE.match(value):
        raise _unsure(number)
    if value[:1] in ("[", "{") and not _closed(value):
        raise _unsure(number)
    return key, value


def _closed(value: str) -> bool:
    """True for a flow list or mapping that ends on its line and holds nothing that would need a real reader."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'', "", value)
    bare = re.sub(r"\s#.*$", "", bare).rstrip()
    return not re.search(r"[\"']", bare) and bare.count("[") == bare.count("]") and \
        bare.count("{") == bare.count("}") and bare.endswith(("]", "}"))


def _unsure(number: int) -> ValueError:
    return ValueError(f"line {number} of plugin.yaml cannot be read for certain; write top-level values on one line "
                      "(or as an indented block), so that sha256 can be found")
