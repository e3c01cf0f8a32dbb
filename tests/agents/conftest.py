"""A platform for the module, and runtimes that are ended after each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sdk"), str(Path(__file__).parents[1] / "clients")]
from programs import NAMES, program  # noqa: E402
from stage import Stage  # noqa: E402

collect_ignore_glob = [] if any(map(program, NAMES)) else ["real_test.py"]
"""Without the programs of other makers their tests do not exist."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"))
    made.start()
    yield made
    made.close()
