"""What is run once more must be what failed, and nothing when more than chance is at work."""

import subprocess
import sys
from pathlib import Path

AGAIN = Path(__file__).with_name("again.py")


def again(tmp_path, report: str, most: int = 2):
    (tmp_path / "tests/sdk").mkdir(parents=True, exist_ok=True)
    (tmp_path / "tests/sdk/agent_test.py").touch()
    (tmp_path / "sdk/python/tests").mkdir(parents=True, exist_ok=True)
    (tmp_path / "sdk/python/tests/client_test.py").touch()
    (tmp_path / "report.xml").write_text(report)
    done = subprocess.run([sys.executable, AGAIN, str(most), "report.xml"], cwd=tmp_path, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout.splitlines()


def case(classname, name, inside=""):
    return f'<testcase classname="{classname}" name="{name}">{inside}</testcase>'


def test_names_what_failed_as_pytest_takes_it(tmp_path):
    report = "<s>" + case("tests.sdk.agent_test", "test_a[sqlite]") + case("tests.sdk.agent_test", "test_b[x.y]", "<failure/>") + case("tests.client_test", "test_c", "<error/>") + "</s>"
    assert again(tmp_path, report) == (0, ["tests/sdk/agent_test.py::test_b[x.y]", "sdk/python/tests/client_test.py::test_c"])


def test_names_nothing_when_many_failed_or_none_did_or_one_has_no_file(tmp_path):
    bad = case("tests.sdk.agent_test", "test_a", "<failure/>")
    for report in (f"<s>{bad * 3}</s>", "<s></s>", f"<s>{case('tests.gone_test', 'test_a', '<failure/>')}</s>", "<s>", f"<s>{bad}"):
        assert again(tmp_path, report) == (1, []), report
