"""The source tree as the rules see it: paths, texts, C++ without comments, and the module lines.

A rule is a function from a Tree to a list of complaints, each "path:line: sentence". A Tree is built
from the checkout, or from a few texts in a test, so every rule can be shown a tree that breaks it.
"""

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

SOURCE = (".cc", ".h")


@dataclass(frozen=True)
class Module:
    """One module(PATH USES … TEST_USES …) line of CMakeLists.txt."""

    path: str
    uses: tuple[str, ...]
    test_uses: tuple[str, ...]
    line: int


def blank(match: re.Match) -> str:
    """Spaces in place of a match, with its line breaks kept so that line numbers stay right."""
    return re.sub(r"[^\n]", " ", match.group(0))


LITERAL = re.compile(
    r'(?P<raw>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")'
    r"|(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)"
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<digits>\b\d[\d']*)"
    r"|(?P<char>'(?:\\.|[^'\\\n])+')",
    re.DOTALL,
)


def without_comments(text: str) -> str:
    return LITERAL.sub(lambda m: blank(m) if m["line"] or m["block"] else m[0], text)


def code_only(text: str) -> str:
    """Neither comments nor what stands inside quotes; include lines keep their names."""

    def replace(match: re.Match) -> str:
        if match["digits"]:
            return match[0]
        if match["string"]:
            line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
            if line.lstrip().startswith("#"):
                return match[0]
        return blank(match)

    return LITERAL.sub(replace, text)


class Tree:
    def __init__(self, files: dict[str, str]):
        self.files = files

    @classmethod
    def of_checkout(cls, root: Path) -> "Tree":
        listed = subprocess.run(
            ["git", "-c", f"safe.directory={root}", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=root, capture_output=True, check=True,
        )
        files = {}
        for name in listed.stdout.decode().split("\0"):
            path = root / name
            if name and path.is_file() and not path.is_symlink():
                try:
                    files[name] = path.read_text()
                except UnicodeDecodeError:
                    files[name] = ""
        return cls(files)

    def cpp(self, under: str = "src/") -> list[str]:
        return sorted(p for p in self.files if p.startswith(under) and p.endswith(SOURCE))

    @cached_property
    def code(self) -> dict[str, str]:
        return {p: code_only(t) for p, t in self.files.items() if p.endswith(SOURCE)}

    @cached_property
    def modules(self) -> dict[str, Module]:
        found = {}
        text = re.sub(r"#[^\n]*", blank, self.files.get("CMakeLists.txt", ""))
        for match in re.finditer(r"^\s*module\(([^)]*)\)", text, re.MULTILINE):
            words = match[1].split()
            lists: dict[str, list[str]] = {"USES": [], "TEST_USES": [], "LINKS": []}
            current: list[str] = []
            for word in words[1:]:
                if word in lists:
                    current = lists[word]
                else:
                    current.append(word)
            line = text.count("\n", 0, match.start(1)) + 1
            found[words[0]] = Module(words[0], tuple(lists["USES"]), tuple(lists["TEST_USES"]), line)
        return found

    def module_of(self, path: str) -> str:
        """The folder below src/, which is what a module line names."""
        return str(PurePosixPath(path).parent).removeprefix("src/")

    @cached_property
    def includes(self) -> dict[str, list[tuple[int, str]]]:
        """Per C++ file: (line, included file of this tree)."""
        found = {}
        for path, code in self.code.items():
            rows = []
            for number, line in enumerate(code.splitlines(), 1):
                match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
                if match:
                    beside = str(PurePosixPath(path).parent / match[1])
                    target = f"src/{match[1]}" if f"src/{match[1]}" in self.files else beside
                    rows.append((number, target))
            found[path] = rows
        return found


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
