"""Adds up what the rings of ./dev test found and prints the result as its last line.

Reads build/results: rings.tsv (ring, exit status, seconds), and in each ring's folder the JUnit files
and Vitest reports it wrote. A ring that failed without naming a failed case counts as one failure, so
does a test binary that died before it could report, and so does a skipped case: a test that did not
run has not passed.
"""

import json
import sys
import xml.etree.ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str, bad: bool) -> None:
        if bad:
            self.failed += 1
            self.names.append(name)
        else:
            self.passed += 1

    def plus(self, other: "Count") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.names += other.names


def junit(path: Path) -> Count:
    """GoogleTest, pytest and node --test all write this shape."""
    count = Count()
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except xml.etree.ElementTree.ParseError:
        count.add(f"{path.name} (the report is not complete)", True)
        return count
    for case in root.iter("testcase"):
        inside = {child.tag for child in case}
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        if "skipped" in inside or case.get("status") == "notrun" or case.get("result") == "skipped":
            count.add(f"{name} (skipped)", True)
        else:
            count.add(name, bool(inside & {"failure", "error"}))
    return count


def vitest(path: Path) -> Count:
    count = Count()
    try:
        report = json.loads(path.read_text())
    except ValueError:
        count.add(f"{path.name} (the report is not complete)", True)
        return count
    for suite in report.get("testResults", []):
        cases = suite.get("assertionResults", [])
        for case in cases:
            count.add(case.get("fullName", "?"), case.get("status") != "passed")
        if not cases and suite.get("status") != "passed":
            count.add(suite.get("name", "?"), True)
    return count


def ring(folder: Path, status: int) -> Count:
    count = Count()
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".xml":
                count.plus(junit(path))
            elif path.suffix == ".json":
                count.plus(vitest(path))
            elif path.name == "broken":
                for line in path.read_text().splitlines():
                    count.add(line, True)
    if status != 0 and count.failed == 0:
        count.add(f"{folder.name} (stopped with status {status})", True)
    return count


def tally(results: Path) -> tuple[list[tuple[str, Count, int]], Count]:
    rows = []
    total = Count()
    for line in (results / "rings.tsv").read_text().splitlines():
        name, status, seconds = line.split("\t")
        count = ring(results / name, int(status))
        rows.append((name, count, int(seconds)))
        total.plus(count)
    if not rows:
        total.add("no ring ran", True)
    return rows, total


def main() -> int:
    rows, total = tally(Path(sys.argv[1]))
    print(f"\n{'ring':<10} {'passed':>7} {'failed':>7} {'seconds':>8}")
    for name, count, seconds in rows:
        print(f"{name:<10} {count.passed:>7} {count.failed:>7} {seconds:>8}")
    for name in total.names:
        print(f"failed: {name}")
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
