"""The last line of ./dev test must be right when things go wrong, not only when they go well."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import tally


def results(tmp_path, rings, files):
    (tmp_path / "rings.tsv").write_text("".join(f"{n}\t{s}\t1\n" for n, s in rings))
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tally.tally(tmp_path)[1]


GOOD = '<testsuites><testsuite><testcase name="a" status="run" result="completed"/><testcase name="b"/></testsuite></testsuites>'
BAD = '<testsuite><testcase classname="C" name="a"><failure message="x"/></testcase><testcase name="b"/></testsuite>'
SKIPPED = '<testsuite><testcase name="a"><skipped/></testcase><testcase name="b" result="skipped"/></testsuite>'


def test_counts_what_passed(tmp_path):
    total = results(tmp_path, [("unit", 0)], {"unit/one.xml": GOOD, "unit/two.xml": GOOD})
    assert (total.passed, total.failed) == (4, 0)


def test_a_failed_case_is_named(tmp_path):
    total = results(tmp_path, [("unit", 1)], {"unit/one.xml": BAD})
    assert (total.passed, total.failed, total.names) == (1, 1, ["C.a"])


def test_a_skipped_case_has_not_passed(tmp_path):
    total = results(tmp_path, [("unit", 0)], {"unit/one.xml": SKIPPED})
    assert (total.passed, total.failed) == (0, 2)


def test_a_ring_that_hangs_counts_once(tmp_path):
    total = results(tmp_path, [("crash", 124)], {})
    assert (total.passed, total.failed) == (0, 1)


def test_a_binary_that_died_counts_beside_the_ones_that_reported(tmp_path):
    total = results(tmp_path, [("unit", 1)], {"unit/one.xml": GOOD, "unit/broken": "http_test ended with 139\n"})
    assert (total.passed, total.failed) == (2, 1)


def test_a_half_written_report_is_a_failure(tmp_path):
    total = results(tmp_path, [("unit", 0)], {"unit/one.xml": GOOD[:40], "unit/vitest.json": "{"})
    assert (total.passed, total.failed) == (0, 2)


def test_reads_vitest(tmp_path):
    report = {
        "testResults": [
            {"name": "a", "status": "failed", "assertionResults": [{"fullName": "x", "status": "passed"}, {"fullName": "y", "status": "failed"}]},
            {"name": "does not compile", "status": "failed", "assertionResults": []},
        ]
    }
    total = results(tmp_path, [("web", 1)], {"web/vitest.json": json.dumps(report)})
    assert (total.passed, total.failed, total.names) == (1, 2, ["y", "does not compile"])


def test_nothing_at_all_is_a_failure(tmp_path):
    total = results(tmp_path, [], {})
    assert total.failed == 1


def test_what_passed_at_the_second_attempt_is_counted_and_named(tmp_path):
    again = '<testsuite><testcase classname="C" name="a"/></testsuite>'
    total = results(tmp_path, [("e2e", 0)], {"e2e/one.xml": BAD, "e2e/again/one.xml": again})
    assert (total.passed, total.failed, total.unsteady) == (2, 0, ["C.a"])


def test_a_second_attempt_that_failed_or_never_came_to_the_case_changes_nothing(tmp_path):
    half = '<testsuite><testcase classname="C" name="a"/><testcase name="b"><failure/></testcase></testsuite>'
    for again in (BAD, half, GOOD, SKIPPED, BAD[:40]):
        total = results(tmp_path, [("e2e", 1)], {"e2e/one.xml": BAD, "e2e/again/one.xml": again})
        assert (total.passed, total.failed, total.unsteady) == (1, 1, []), again
