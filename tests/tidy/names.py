"""Names, folder pages, and things that have no place in the tree."""

import re
from pathlib import PurePosixPath

from tree import Tree, line_of

DRAWERS = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc", "shared", "core", "lib"}
CODE = (".cc", ".h", ".py", ".ts", ".tsx", ".sh", ".mjs", ".sql")
# Folders that hold nothing but data, or whose shape a tool prescribes.
NO_PAGE = re.compile(r"^(\.|fuzz/corpus|docs/images|tools/node|web/public)")
NAMED_FILE = re.compile(r"`([A-Za-z0-9.][\w./-]*\.(?:cc|h|py|sh|ts|tsx|sql|mjs|cmake))`")

# Written in parts so that this file does not match itself.
CREDENTIALS = re.compile(
    "|".join([
        r"\bAK" r"IA[0-9A-Z]{16}\b",
        r"\bgh" r"[pousr]_[A-Za-z0-9]{30,}",
        r"\bgithub_" r"pat_[A-Za-z0-9_]{22,}",
        r"\bsk" r"-[A-Za-z0-9_-]{24,}",
        r"\bxox" r"[abprs]-[A-Za-z0-9-]{10,}",
        r"\bmol" r"_[A-Za-z0-9_-]{43,}",
        r"-----BEGIN [A-Z ]*PRIVATE " r"KEY-----",
    ])
)
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
ONE_MACHINE = re.compile(r"(?<![\w.~}])/(?:wo" r"rk|fa" r"rm|ho" r"me/[a-z]+|Us" r"ers/\w+)/")
REGISTRY = re.compile(r"\b(?:registry\.np" r"mjs|deb\.deb" r"ian|py" r"pi)\.org\b")


def no_drawers(tree: Tree) -> list[str]:
    """A drawer is a whole name, or the noun a longer name ends with: string_utils."""
    complaints = []
    for path in sorted(tree.files):
        for part in PurePosixPath(path).parts:
            if re.split(r"[_-]", part.split(".")[0])[-1] in DRAWERS:
                complaints.append(f"{path}:1: '{part}' is a drawer, not a name; say what it holds")
    return complaints


def sources_are_snake_case(tree: Tree) -> list[str]:
    return [
        f"{path}:1: C++ files and folders are snake_case"
        for path in tree.cpp()
        if not re.fullmatch(r"[a-z0-9_/]+(\.(sqlite|postgres))?\.(cc|h)", path)
    ]


def folders_have_pages(tree: Tree) -> list[str]:
    folders = {str(PurePosixPath(p).parent) for p in tree.files if p.endswith(CODE)}
    folders |= {"src/" + m for m in tree.modules}
    return [
        f"{folder}/README.md:1: missing; say what lives here, what does not, and how it fails"
        for folder in sorted(folders - {"."})
        if not NO_PAGE.match(folder) and f"{folder}/README.md" not in tree.files
    ]


def pages_name_existing_files(tree: Tree) -> list[str]:
    complaints = []
    for path, text in sorted(tree.files.items()):
        if not path.endswith(".md") or path == "CHANGELOG.md":
            continue
        folder = PurePosixPath(path).parent
        for match in NAMED_FILE.finditer(text):
            name = match[1].removeprefix("./")
            candidates = {str(folder / name), name, f"src/{name}"}
            if not candidates & tree.files.keys() and not any(f.endswith("/" + name) and f.startswith(f"{folder}/") for f in tree.files):
                complaints.append(f"{path}:{line_of(text, match.start())}: names {match[1]}, which does not exist")
    return complaints


def nothing_that_does_not_belong(tree: Tree) -> list[str]:
    complaints = []
    for path, text in sorted(tree.files.items()):
        for pattern, sentence in (
            (CREDENTIALS, "looks like a credential; make it at run time"),
            (UNFINISHED, "marks unfinished work"),
            (ONE_MACHINE, "is a path of one machine"),
            (REGISTRY, "names a package registry's host"),
        ):
            for match in pattern.finditer(text):
                complaints.append(f"{path}:{line_of(text, match.start())}: '{match[0][:24]}' {sentence}")
    return complaints


RULES = [no_drawers, sources_are_snake_case, folders_have_pages, pages_name_existing_files, nothing_that_does_not_belong]
