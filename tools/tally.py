"""Adds up what the rings of ./dev test found and prints the result as its last line.

Reads build/results: rings.tsv (ring, exit status, seconds), and in each ring's folder the JUnit files
and Vitest reports it wrote. A ring that failed without naming a failed case counts as one failure, so
does a test binary that died before it could report, and so does a skipped case: a test that did not
run has not passed. What failed and then passed when it was run once more, alone, is in again/ of its
ring's folder, under the same name: it is counted as passed and named as unsteady.
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
    unsteady: list[str] = field(default_factory=list)

    def add(self, name: str, bad: bool, *, again: bool = False) -> None:
        """`again`: it passed when it was run once more."""
        if bad and again:
            self.unsteady.append(name)
        if bad and not again:
            self.failed += 1
            self.names.append(name)
        else:
            self.passed += 1

    def plus(self, other: "Count") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.names += other.names
        self.unsteady += other.unsteady


@dataclass
class Case:
    name: str
    passed: bool
    skipped: bool


def cases(path: Path) -> list[Case]:
    """GoogleTest, pytest and node --test all write this shape."""
    found = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        inside = {child.tag for child in case}
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        skipped = "skipped" in inside or case.get("status") == "notrun" or case.get("result") == "skipped"
        found.append(Case(name, not skipped and not inside & {"failure", "error"}, skipped))
    return found


def passed_again(path: Path) -> set[str]:
    """What the second attempt at a report's tests passed; nothing where any of them failed in it."""
    try:
        found = cases(path)
    except (OSError, xml.etree.ElementTree.ParseError):
        return set()
    return {case.name for case in found} if all(case.passed for case in found) else set()


def junit(path: Path) -> Count:
    count = Count()
    again = passed_again(path.parent / "again" / path.name)
    try:
        found = cases(path)
    except xml.etree.ElementTree.ParseError:
        count.add(f"{path.name} (the report is not complete)", True)
        return count
    for case in found:
        if case.skipped:
            count.add(f"{case.name} (skipped)", True)
        else:
            count.add(case.name, not case.passed, again=case.name in again)
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
            if path.parent.name == "again":
                continue
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
    for name in total.unsteady:
        print(f"unsteady (failed, and passed when it was run again): {name}")
    for name in total.names:
        print(f"failed: {name}")
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
