"""What the table says must follow from what was measured."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import bench


def test_the_median_run_is_one_of_the_runs():
    runs = [bench.Run(30, 1, 9, 1, 1), bench.Run(10, 3, 7, 1, 1), bench.Run(20, 2, 8, 1, 1)]
    assert bench.median_run(runs) is runs[2]


def test_a_table_lines_up():
    text = bench.table(("", "a"), [("long name", "1,000"), ("x", "2")]).splitlines()
    assert text[1] == "long name  1,000" and text[2].endswith("    2")


def test_reads_its_own_memory_and_processor_time():
    import os

    assert 1 < bench.memory_mb(os.getpid(), "VmRSS") <= bench.memory_mb(os.getpid(), "VmHWM") + 1
    assert bench.processor_seconds(os.getpid()) >= 0
