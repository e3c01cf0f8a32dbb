"""Calls that only the platform makes, and tests that would not run."""

import re

from tree import Tree, line_of

# Time, chance, the environment and unowned work come through the platform, so that tests replay.
PLATFORM_ONLY = re.compile(
    r"\b(co_spawn|detached|system_clock|steady_clock|high_resolution_clock|random_device|getenv|secure_getenv)\b|(?<!\w )(?<![\w.>])(system|popen)\s*\("
)
# A file that only its owner may read is made in one place. SQLite makes its own, and a lock is no content.
MAKES_FILES = re.compile(r"\b(O_CREAT|O_TMPFILE|mko?stemp)\b|(?<!\w)::(rename|link)\s*\(")
FILE_MAKERS = ("src/platform/files/", "src/platform/sql/sqlite_", "src/platform/process/environment.cc")
# Bounds of requests are too narrow for what others answer, which may hold a request and all that was made of it.
PARSES_ANSWER = re.compile(r"\bDocument::parse\(\s*(?:\w+(?:\.|->))*(answer\w*|response\w*|outcome\w*|came|reply)\b[^,;]*?\)\s*[;.)]")
# What is read there came from a platform.
CLIENTS = ("src/client/", "src/cli/", "src/tui/", "src/mcp/", "src/manage/", "src/join/", "src/agent/")
PARSES_BODY = re.compile(r"\bDocument::parse\(\s*(?!request\b)(?:\w+(?:\.|->))*(body(?:\(\))?)\s*\)")
SWITCHED_OFF = {
    ".cc": re.compile(r"\b(GTEST_SKIP|DISABLED_\w+)"),
    ".py": re.compile(r"\b(mark\.skip|mark\.xfail|pytest\.skip|unittest\.skip)"),
    ".ts": re.compile(r"\b(?:(?:it|test|describe)\.(?:skip|only|todo)|xit|xdescribe)\b"),
    ".tsx": re.compile(r"\b(?:(?:it|test|describe)\.(?:skip|only|todo)|xit|xdescribe)\b"),
    ".mjs": re.compile(r"\b(?:(?:it|test|describe)\.(?:skip|only|todo)|xit|xdescribe)\b"),
}


def system_calls_stay_in_platform(tree: Tree) -> list[str]:
    complaints = []
    for path in tree.cpp():
        if path.startswith(("src/platform/", "src/testing/")):
            continue
        for match in PLATFORM_ONLY.finditer(tree.code[path]):
            name = match[1] or match[2]
            complaints.append(f"{path}:{line_of(tree.code[path], match.start())}: {name} belongs to platform; take a Clock, Random, Scope or setting instead")
    return complaints


def files_are_made_in_one_place(tree: Tree) -> list[str]:
    complaints = []
    for path in tree.cpp():
        if path.startswith(FILE_MAKERS) or path.endswith("_test.cc"):
            continue
        for match in MAKES_FILES.finditer(tree.code[path]):
            name = match[1] or match[2]
            complaints.append(f"{path}:{line_of(tree.code[path], match.start())}: {name} belongs to platform/files; write_private or FreshFile does it")
    return complaints


def answers_are_read_as_answers(tree: Tree) -> list[str]:
    complaints = []
    for path in tree.cpp():
        if path.endswith("_test.cc"):
            continue
        patterns = [PARSES_ANSWER, PARSES_BODY] if path.startswith(CLIENTS) else [PARSES_ANSWER]
        for match in (match for pattern in patterns for match in pattern.finditer(tree.code[path])):
            complaints.append(f"{path}:{line_of(tree.code[path], match.start())}: {match[1]}: what others answer is read by json::parse_answer, or with limits of its own")
    return complaints


def no_switched_off_tests(tree: Tree) -> list[str]:
    complaints = []
    for path, text in sorted(tree.files.items()):
        pattern = SWITCHED_OFF.get(path[path.rfind(".") :])
        if pattern is None or path.startswith("tests/tidy/"):
            continue
        for match in pattern.finditer(tree.code.get(path, text)):
            complaints.append(f"{path}:{line_of(text, match.start())}: {match[0]}: a test that does not run proves nothing")
    return complaints


RULES = [system_calls_stay_in_platform, files_are_made_in_one_place, answers_are_read_as_answers, no_switched_off_tests]
