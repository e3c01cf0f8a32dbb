"""What the tree needs from the machine belongs to a package that tools/packages.sh installs for it.

tools/provides.txt says which package carries a header, a program, a library or a Python module. What the
sources use is read from their text, so nothing has to be built on a machine that lacks it to find out.
"""

import re
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePosixPath

import commands
from tree import Tree, line_of

TABLE = "tools/provides.txt"
GROUPS = "tools/packages.sh"
# Functions of our scripts that run the command in their arguments; see WRAPPERS in commands.py.
RUNNERS = {"as_root": (0, ()), "as_user": (1, ()), "quietly": (0, ()), "until_ready": (1, ()), "inside": (1, ()),
           "apt_get": (9, ())}
BUILTINS = set("""[ . : break cd command continue declare echo eval exec exit export false hash kill local mapfile printf
    pwd read return set shift source test trap true type ulimit umask unset wait""".split())

BUILD, RUN = {"build"}, {"build", "demo"}
TEST, CHECK, BENCH = RUN | {"test"}, RUN | {"test", "check"}, RUN | {"bench"}
# Who uses what a file uses, which is which groups are installed by then; the first line that fits counts. A file of
# shell functions is named with the function: dev:verb_fmt.
USERS = [
    (r"src/|cmake/|CMake", BUILD), (r"bench/.*\.(cc|txt)$", BUILD | {"bench"}), (r"fuzz/", BUILD | {"check"}),
    (r"dev:verb_fmt$", {"fmt"}), (r"dev:verb_bench$", BENCH), (r"dev:verb_new_slice$|tools/new_slice\.py", {"slice"}),
    (r"dev:|tools/(build|words)\.sh|tools/demo\.py|sdk/python/(src|examples)/", RUN),
    (r"tools/packages\.sh", set()),
    (r"tools/ring\.sh:ring_(format|shell|asan|tsan|fuzz|simulation|torture|bare)$|tools/bare\.sh", CHECK),
    (r"bench/bench\.py$", BENCH),
    (r"tools/|\.ci/|tests/|sdk/python/|bench/|web/", TEST),
]


@dataclass(frozen=True)
class Row:
    package: str
    base: bool
    optional: bool
    by: str
    items: tuple[str, ...]
    line: int


def rows(tree: Tree) -> list[Row]:
    found: list[Row] = []
    text = re.sub(r"\n[ \t]+", lambda m: " " * len(m[0]), tree.files.get(TABLE, ""))
    for match in re.finditer(r"^([\w.+-]+)(?: \((base|optional|by [\w.+-]+)\))?:(.*)$", text, re.MULTILINE):
        kind = match[2] or ""
        line = tree.files[TABLE].count("\n", 0, match.start()) + 1
        by = kind.removeprefix("by ") if kind.startswith("by ") else ""
        found.append(Row(match[1], kind == "base", kind == "optional", by, tuple(match[3].split()), line))
    return found


def groups(tree: Tree) -> dict[str, set[str]]:
    text = re.sub(r"#[^\n]*", "", tree.files.get(GROUPS, ""))
    return {m[1]: set(m[2].split()) for m in re.finditer(r'^\s*\[(\w+)\]="([^"]*)"', text, re.MULTILINE)}


def is_shell(path: str, text: str) -> bool:
    return path.endswith(".sh") or re.match(r"#!.*\b(ba|da)?sh\b", text) is not None


def headers(text: str) -> list[commands.Call]:
    found = re.finditer(r"^[ \t]*#[ \t]*include[ \t]*<([^>]+)>", text, re.MULTILINE)
    return [commands.Call(line_of(text, m.start(1)), f"<{m[1]}>") for m in found]


def libraries(text: str) -> list[commands.Call]:
    """What CMake links by name, and what it runs: compilers, generators, programs that have to be there."""
    found = [(m.start(), f"lib:{m[2]}") for m in re.finditer(r"system_library\((\w+) ([\w-]+) ", text)]
    found += [(m.start(), m[1]) for m in re.finditer(r'"(?:CC|CXX)": "([^"]+)"', text)]
    found += [(m.start(), "ninja") for m in re.finditer(r'"generator": "Ninja"', text)]
    found += [(m.start(), m[1]) for m in re.finditer(r"find_program\(\w+ ([\w.+-]+)", text)]
    found += [(m.start(), "python3") for m in re.finditer(r"find_package\(Python3\b", text)]
    return [commands.Call(line_of(text, at), item) for at, item in found]


def function_at(text: str, line: int) -> str:
    """The shell function around a line; ours start and end in the first column."""
    name = ""
    for number, content in enumerate(text.splitlines(), 1):
        match = re.match(r"(\w+)\(\) ?[{(]", content)
        if match:
            name = match[1]
        if number == line:
            return name
        if content in ("}", ")") or (match and content.endswith(("}", ")"))):
            name = ""
    return ""


@cache
def uses(tree: Tree) -> list[tuple[str, str, int, str]]:
    """(user, path, line, item) for everything that the tree takes from outside."""
    shells = {p: commands.Shell(t, RUNNERS).read() for p, t in tree.files.items() if is_shell(p, t)}
    own = {name for shell in shells.values() for name in shell.functions} | BUILTINS
    own |= {PurePosixPath(p).name for p in tree.files} | {"molecule"}
    modules = {PurePosixPath(p).stem for p in tree.files if p.endswith(".py")}
    modules |= {part for p in tree.files if p.endswith(".py") for part in PurePosixPath(p).parts[:-1]}
    found = []
    for path, text in sorted(tree.files.items()):
        calls: list[commands.Call] = []
        if path in shells:
            calls = [c for c in shells[path].calls if c.program not in own]
        elif path.endswith((".cc", ".h")):
            calls = headers(text) + [commands.Call(line_of(text, m.start()), m[1]) for m in re.finditer(r'"(lib[\w+-]+\.so\.\d+)"', text)]
        elif path.endswith(".py"):
            calls = [c for c in commands.of_python(text) if c.program not in own]
            calls += [commands.Call(c.line, f"py:{c.program}") for c in commands.python_modules(text)
                      if c.program not in modules and c.program not in sys.stdlib_module_names]
        elif path.endswith((".mjs", ".ts", ".tsx")):
            calls = [c for c in commands.of_node(text) if c.program not in own]
        elif PurePosixPath(path).name in ("CMakeLists.txt", "CMakePresets.json") or path.endswith(".cmake"):
            calls = libraries(text)
        for call in calls:
            user = f"{path}:{function_at(text, call.line)}" if path in shells else path
            found.append((user, path, call.line, call.program))
    return found


def carries(row: Row, item: str) -> bool:
    """Whether a row covers an item: <boost/> covers <boost/asio.hpp>, <c++> the standard library's own headers."""
    for listed in row.items:
        if listed == item or (listed.endswith("/>") and item.startswith(listed[:-1])):
            return True
        if listed == "<c++>" and re.fullmatch(r"<[a-z_]+>", item):
            return True
    return False


def kind_of(item: str) -> str:
    kinds = ((r"<", "header"), (r"lib:", "library"), (r"py:", "Python module"), (r".*\.so\.", "library"))
    return next((kind for pattern, kind in kinds if re.match(pattern, item)), "program")


def what_is_used_is_installed(tree: Tree) -> list[str]:
    table, sets, complaints = rows(tree), groups(tree), []
    for user, path, line, item in uses(tree):
        row = next((row for row in table if carries(row, item)), None)
        allowed = next((groups_of for pattern, groups_of in USERS if re.match(pattern, user)), None)
        if row is None:
            complaints.append(f"{path}:{line}: no package is known for the {kind_of(item)} {item}; add a line to {TABLE}")
        elif allowed is None:
            complaints.append(f"{path}:{line}: nothing says who runs this; add a line to USERS in tests/tidy/needs.py")
        elif not (row.base or row.optional or row.by == "need_node" or any({row.package, row.by} & sets.get(g, set()) for g in allowed)):
            listed = " or ".join(sorted(allowed)) or "no group: this runs before anything is installed"
            complaints.append(f"{path}:{line}: the {kind_of(item)} {item} is in {row.by or row.package}, which {GROUPS} does not "
                              f"list for {listed}")
    return complaints


def the_table_lists_what_is_used(tree: Tree) -> list[str]:
    items = {item for _, _, _, item in uses(tree)}
    complaints = []
    for row in rows(tree):
        for listed in row.items:
            if not any(carries(replace(row, items=(listed,)), item) for item in items):
                complaints.append(f"{TABLE}:{row.line}: nothing uses {listed} of {row.package} any more")
    return complaints


RULES = [what_is_used_is_installed, the_table_lists_what_is_used]
