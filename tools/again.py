"""Names the tests of pytest's JUnit reports that failed, to run them once more: tools/again.py MOST REPORT.

Prints each as pytest takes it, one a line. Prints nothing and fails when there is none, when there are
more than MOST, or when one cannot be named: then something is broken, and not by chance.
"""

import sys
import xml.etree.ElementTree
from pathlib import Path


def failed(report: Path) -> list[str]:
    names = []
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        if {child.tag for child in case} & {"failure", "error", "skipped"}:
            names.append(f"{file_of(case.get('classname', ''))}::{case.get('name')}")
    return names


# Where names begin: reports of the SDK, which is a project of its own, name its files from its folder.
ROOTS = (Path(), Path("sdk/python"))


def file_of(classname: str) -> str:
    path = Path(*classname.split(".")).with_suffix(".py")
    for root in ROOTS:
        if (root / path).is_file():
            return str(root / path)
    raise FileNotFoundError(f"{path} is no file of tests")


def main() -> int:
    most, report = int(sys.argv[1]), Path(sys.argv[2])
    try:
        names = failed(report)
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        print(error, file=sys.stderr)
        return 1
    if not 0 < len(names) <= most:
        return 1
    print("\n".join(names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
