"""Who may include whom: module lines, their order, cycles, test-only code and expensive headers."""

import re

from tree import Tree

# What each layer may use at all, whatever its module line says.
LAYERS = {
    "base": (),
    "platform": ("base", "platform"),
    "wire": ("base", "platform/json", "platform/yaml", "platform/crypto", "platform/protobuf", "wire"),
    "dialogue": ("base", "platform", "wire", "dialogue"),
    "server": ("base", "platform", "wire", "dialogue", "server"),
    "client": ("base", "platform", "wire", "client"),
    "agent": ("base", "platform", "wire", "client", "join", "agent"),
    "mcp": ("base", "platform", "wire", "dialogue", "client", "mcp"),
    "manage": ("base", "platform", "wire", "dialogue", "client", "mcp", "manage"),
    "cli": ("base", "platform", "wire", "client", "cli"),
    "tui": ("base", "platform", "wire", "client", "tui"),
}

HEAVY = re.compile(r"\s*#\s*include\s*<(boost/asio|boost/json|boost/beast|openssl/|libpq-fe\.h|nghttp2/|yaml-cpp/|sqlite3\.h|hiredis)")


def below(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == p or module.startswith(p + "/") for p in prefixes)


def is_test(path: str) -> bool:
    """Tests, and the headers beside them that hold what several of them start from."""
    return path.endswith(("_test.cc", "_fixture.h"))


def includes_match_module_lines(tree: Tree) -> list[str]:
    complaints = []
    for path in tree.cpp():
        own = tree.module_of(path)
        if own not in tree.modules:
            complaints.append(f"{path}:1: CMakeLists.txt has no module({own} …) line")
            continue
        module = tree.modules[own]
        allowed = set(module.uses) | (set(module.test_uses) if is_test(path) else set())
        for line, target in tree.includes[path]:
            if target.endswith(".inc"):
                continue  # Made by the build.
            if target not in tree.files:
                complaints.append(f"{path}:{line}: includes {target}, which does not exist")
                continue
            other = tree.module_of(target)
            if other != own and other not in allowed:
                complaints.append(f"{path}:{line}: module({own}) does not list {other} under USES")
    return complaints


def module_lines_name_only_what_is_included(tree: Tree) -> list[str]:
    complaints = []
    for module in tree.modules.values():
        files = [p for p in tree.cpp() if tree.module_of(p) == module.path]
        if not files:
            complaints.append(f"CMakeLists.txt:{module.line}: module({module.path}) has no sources in src/{module.path}")
        used = {tree.module_of(t) for p in files for _, t in tree.includes[p]}
        for name in module.uses:
            if files and name not in used:
                complaints.append(f"CMakeLists.txt:{module.line}: module({module.path}) lists {name} but includes nothing of it")
    return complaints


def modules_use_only_earlier_lines(tree: Tree) -> list[str]:
    """Order is rank: with it no cycle between folders can be written down."""
    complaints = []
    seen: set[str] = set()
    for module in tree.modules.values():
        for name in module.uses:
            if name not in seen:
                complaints.append(f"CMakeLists.txt:{module.line}: module({module.path}) uses {name}, which is not declared above it")
        seen.add(module.path)
    return complaints


def layers_hold(tree: Tree) -> list[str]:
    complaints = []
    for module in tree.modules.values():
        allowed = LAYERS.get(module.path.split("/")[0])
        for name in module.uses if allowed is not None else ():
            if not below(name, allowed):
                complaints.append(f"CMakeLists.txt:{module.line}: {module.path} is not allowed to know {name}")
    return complaints


def no_file_cycles(tree: Tree) -> list[str]:
    complaints = []
    done: set[str] = set()

    def visit(path: str, trail: list[str]) -> None:
        if path in trail:
            ring = trail[trail.index(path) :] + [path]
            complaints.append(f"{path}:1: files include each other: {' -> '.join(ring)}")
            return
        if path in done:
            return
        for _, target in tree.includes.get(path, []):
            visit(target, trail + [path])
        done.add(path)

    for path in tree.cpp():
        visit(path, [])
    return complaints


def testing_only_from_tests(tree: Tree) -> list[str]:
    complaints = []
    for path in tree.cpp():
        if is_test(path) or path.startswith("src/testing/"):
            continue
        for line, target in tree.includes[path]:
            if target.startswith("src/testing/") or is_test(target):
                complaints.append(f"{path}:{line}: only tests include {target}")
    return complaints


def heavy_headers_stay_in_platform(tree: Tree) -> list[str]:
    """They cost seconds a file, so no header that reaches one may be included above platform."""
    heavy: dict[str, str] = {}
    complaints = []
    for path in tree.cpp():
        for number, line in enumerate(tree.code[path].splitlines(), 1):
            match = HEAVY.match(line)
            if match:
                heavy[path] = match[1]
                # What tests start from plays peers and makes certificates; its headers stay cheap too.
                if not path.startswith("src/platform/") and not (
                    path.startswith("src/testing/") and path.endswith(".cc")
                ):
                    complaints.append(f"{path}:{number}: <{match[1]}…> belongs to platform sources")
    changed = True
    while changed:
        changed = False
        for path in tree.cpp("src/platform/"):
            if path not in heavy:
                reached = [heavy[t] for _, t in tree.includes[path] if t in heavy]
                if reached:
                    heavy[path] = reached[0]
                    changed = True
    for path in tree.cpp():
        if not path.startswith("src/platform/"):
            for line, target in tree.includes[path]:
                if target in heavy and target.startswith("src/platform/"):
                    complaints.append(f"{path}:{line}: {target} reaches <{heavy[target]}…>; keep that in platform sources")
    return complaints


RULES = [
    includes_match_module_lines,
    module_lines_name_only_what_is_included,
    modules_use_only_earlier_lines,
    layers_hold,
    no_file_cycles,
    testing_only_from_tests,
    heavy_headers_stay_in_platform,
]
