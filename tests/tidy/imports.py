"""Modules of Python that import each other, over however many steps: the SDK's, the demo's, the tests' and the tools'."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tree import Tree

# Packages that are imported by name from elsewhere; other modules stand beside who imports them.
PACKAGES = {"molecule_agent": PurePosixPath("sdk/python/src/molecule_agent")}


def names_in(text: str, folder: PurePosixPath) -> Iterator[tuple[PurePosixPath, str, int]]:
    """(where to look, dotted name, line) of all that may be modules: at the top, in functions, for types alone."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            base, names = folder, [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ([folder, *folder.parents])[max(node.level - 1, 0)]
            # "from . import a" names a module; "from a import b" names a, and perhaps one below it.
            below = [f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names]
            names = [*([node.module] if node.module else []), *below]
        else:
            continue
        relative = isinstance(node, ast.ImportFrom) and node.level > 0
        for name in names:
            head, _, rest = name.partition(".")
            if relative or head not in PACKAGES:
                # A module of a package finds its neighbours by a dot alone.
                if relative or folder not in PACKAGES.values():
                    yield base, name, node.lineno
            else:
                yield PACKAGES[head], rest or "__init__", node.lineno


def imported(tree: Tree, path: str) -> dict[str, int]:
    """The files of the tree that one imports, with the line."""
    found: dict[str, int] = {}
    for base, name, line in names_in(tree.files[path], PurePosixPath(path).parent):
        stem = base / name.replace(".", "/")
        for file in (f"{stem}.py", f"{stem}/__init__.py"):
            if file in tree.files and file != path:
                found.setdefault(file, line)
    return found


def no_module_imports_itself_over_others(tree: Tree) -> list[str]:
    left = {path: imported(tree, path) for path in sorted(tree.files) if path.endswith(".py")}
    # Off with who imports nothing that is left, and with whom nothing left imports: circles stay.
    while loose := [path for path, needs in left.items()
                    if not needs.keys() & left.keys() or not any(path in other for other in left.values())]:
        left = {path: needs for path, needs in left.items() if path not in loose}
    return [f"{path}:{line}: imports {other}, which needs it in turn"
            for path, needs in left.items() for other, line in needs.items() if other in left]


RULES = [no_module_imports_itself_over_others]
