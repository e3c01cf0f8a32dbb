"""What bare.sh says when something was not there: one line that names it."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("bare.sh")

LOGS = [
    ("x/a.cc:3:10: fatal error: 'fmt/core.h' file not found\n", "fatal error: 'fmt/core.h' file not found"),
    ("tools/build.sh: line 9: ninja: command not found\n", "ninja: command not found"),
    ("E   ModuleNotFoundError: No module named 'pytest'\n", "ModuleNotFoundError: No module named 'pytest'"),
    ("/usr/bin/python3: No module named pytest\n", "No module named pytest"),
    ("CMake Error:\n  Could NOT find SQLite3 (missing: SQLite3_LIBRARY)\n", "Could NOT find SQLite3"),
    ("ld: error: unable to find library -ljemalloc\n", "unable to find library -ljemalloc"),
    ("FileNotFoundError: [Errno 2] No such file or directory: 'taskset'\n", "No such file or directory: 'taskset'"),
    ("E: Unable to locate package nowhere\n", "Unable to locate package nowhere"),
]


def said(tmp_path: Path, log: str) -> str:
    file = tmp_path / "log"
    file.write_text(f"before\n{log}after\n")
    code = f"source <(sed -n '/^what_was_missing()/,/^}}/p' '{SCRIPT}'); what_was_missing \"$1\" \"$1.gone\""
    return subprocess.run(["bash", "-c", code, "bare", str(file)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("log", "line"), LOGS, ids=[line for _, line in LOGS])
def test_one_line_names_what_was_missing(tmp_path: Path, log: str, line: str) -> None:
    assert said(tmp_path, log) == f"missing: {line}\n"


def test_another_failure_is_not_called_missing(tmp_path: Path) -> None:
    assert said(tmp_path, "1 failed, 2 passed\n") == "nothing that is known by its message was missing\n"
