"""What the tree needs from the machine: the rules' samples, and the table against Debian's own records."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import commands
import needs
import pytest
from tree import Tree

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = """
declare -A PACKAGES=(
  [build]="clang-19 libfmt-dev python3"  # a remark
  [demo]="curl"
  [test]="python3-pytest"
  [check]="shellcheck"
)
"""
TABLE = """
coreutils (base): cat env
curl: curl
shellcheck: shellcheck
sudo (optional): sudo
npm (by need_node): npm
libfmt-dev: <fmt/>
libc6-dev (by clang-19): <unistd.h>
libstdc++-12-dev (by clang-19): <c++>
libcli11-dev: <CLI/>
python3-pytest: py:pytest
python3: python3
"""


def needing(files: dict[str, str], table: str = TABLE) -> Tree:
    return Tree({"tools/packages.sh": PACKAGES, "tools/provides.txt": table, **files})


installed, listed = needs.what_is_used_is_installed, needs.the_table_lists_what_is_used
SAMPLES = [
    # In no group, known or not.
    (installed, needing({"src/a/a.cc": "#include <CLI/CLI.hpp>"}), needing({"src/a/a.cc": "#include <fmt/core.h>"})),
    (installed, needing({"src/a/a.cc": "#include <zlib.h>"}), needing({"src/a/a.cc": "#include <vector>\n#include <unistd.h>"})),
    # In a group that is not installed by then.
    (installed, needing({"tools/build.sh": "shellcheck x"}), needing({"tools/ring.sh": "ring_shell() {\n  shellcheck x\n}"})),
    (installed, needing({"tools/packages.sh": PACKAGES + "curl x"}), needing({"tools/build.sh": "curl x | cat"})),
    (installed, needing({"sdk/python/src/a.py": "import pytest"}), needing({"sdk/python/tests/a.py": "import pytest, json"})),
    # Wherever a script puts a command.
    (installed, needing({"tools/a.sh": "x=$(cat y | jq .)"}), needing({"tools/a.sh": "x='cat | jq' # jq\ncat <<E\njq\nE\n"})),
    (installed, needing({"tools/a.sh": "if ! timeout 5 jq; then :; fi"}), needing({"tools/a.sh": "case jq in jq) cat ;; esac"})),
    (installed, needing({"dev": "#!/bin/bash\nas_root() { \"$@\"; }\nas_root env A=1 jq"}), needing({"dev": "#!/bin/bash\nas_root() { \"$@\"; }\nas_root env A=1 npm ci"})),
    (installed, needing({"tools/a.sh": "xargs -I{} bash -c 'jq {}'"}, TABLE + "findutils (base): xargs\nbash (base): bash\n"),
     needing({"tools/a.sh": "xargs -I{} bash -c 'sudo {}'"}, TABLE + "findutils (base): xargs\nbash (base): bash\n")),
    (installed, needing({"tests/a.py": "import subprocess\nargv = ['jq', '.']\nsubprocess.run(argv)"}),
     needing({"tests/a.py": "import subprocess\nsubprocess.run([binary(), 'jq'])"})),
    (installed, needing({"web/e2e/a.mjs": 'spawn("jq", [])'}), needing({"web/e2e/a.mjs": 'spawn("/usr/bin/python3", ["jq"])'})),
    # A row that outlived its use.
    (listed, needing({"src/a/a.cc": ""}, "libcli11-dev: <CLI/>\n"), needing({"src/a/a.cc": "#include <CLI/CLI.hpp>"}, "libcli11-dev: <CLI/>\n")),
]


def test_a_complaint_says_what_to_add():
    [unknown] = installed(needing({"src/a/a.cc": "\n#include <zlib.h>"}))
    assert unknown == "src/a/a.cc:2: no package is known for the header <zlib.h>; add a line to tools/provides.txt"
    [unlisted] = installed(needing({"src/a/a.cc": "#include <CLI/CLI.hpp>"}))
    assert unlisted.endswith("is in libcli11-dev, which tools/packages.sh does not list for build")


def test_commands_are_found_where_a_shell_finds_them():
    script = """
a=(x y) b="$(one "$(two)")"; for i in $(three); do four; done
case $x in
  p | q) five && six ;;
  *) a=1 seven <(eight) ;;
esac
[[ $x == "$(nine)" ]] || { command -v ten >/dev/null; }
f() { setsid env -i A=1 timeout -k 2 5 eleven; }
cat <<TXT
none $(twelve)
TXT
"$here/thirteen" "$fourteen" -x none
"""
    shell = commands.Shell(script).read()
    assert {c.program for c in shell.calls} - {"command", "setsid", "env", "timeout", "cat"} == {
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"}
    assert shell.functions == {"f"}
    assert next(c.line for c in shell.calls if c.program == "nine") == 7


def debian(*arguments: str) -> str:
    return subprocess.run(["dpkg-query", *arguments], capture_output=True, text=True, timeout=60).stdout


def holds(files: str, item: str) -> bool:
    """Whether a package with these files has an item of the table."""
    if item == "<c++>":
        return "/vector\n" in files
    if item.startswith("<"):
        return re.search(rf"^/usr/include/(\S+/)?{re.escape(item.strip('<>'))}", files, re.MULTILINE) is not None
    if item.startswith("lib:"):
        return re.search(rf"/lib{re.escape(item[4:])}(_pic)?\.(so|a)$", files, re.MULTILINE) is not None
    if item.startswith("py:"):
        return f"/dist-packages/{item[3:]}" in files
    if ".so." in item:
        return f"/{item}" in files
    if re.search(rf"/s?bin/{re.escape(item)}$", files, re.MULTILINE):
        return True
    found = shutil.which(item)  # A name that an alternative stands for: awk.
    return found is not None and f"{os.path.realpath(found)}\n" in files + "\n"


@pytest.mark.parametrize("row", needs.rows(Tree.of_checkout(ROOT)), ids=lambda row: row.package)
def test_the_table_agrees_with_debian(row):
    """For what is installed here; ./dev test has installed all but the groups of the other verbs."""
    status = debian("-W", "-f", "${db:Status-Abbrev}|${Essential}|${Priority}", row.package)
    if not status.startswith("ii "):
        return
    if row.base:
        # apt has installed whatever else there is.
        assert "|yes|" in status or status.endswith("|required") or row.package == "apt", f"not every Debian has {row.package}"
    if row.by == "need_node":  # Fetched, or Debian's where it is new enough.
        return
    if row.by:
        depends = re.findall(r"[\w.+-]+", debian("-W", "-f", "${Depends} ${Pre-Depends}", row.by))
        assert row.package in depends, f"{row.by} does not depend on {row.package}"
    files = debian("-L", row.package)
    missing = [item for item in row.items if not holds(files, item)]
    assert not missing, f"{row.package} does not hold {' '.join(missing)}"
