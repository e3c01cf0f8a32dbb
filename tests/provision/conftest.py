"""Fixtures: one platform for the module, which starts agents."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "sdk"), str(Path(__file__).parent)]
from stage import Stage  # noqa: E402
from stand_in import end, with_agents  # noqa: E402


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = with_agents(tmp_path_factory.mktemp("agents"), "--agents-linger", "1")
    made.start()
    yield made
    end(made)


@pytest.fixture
def own_stage(tmp_path: Path) -> Iterator[Stage]:
    """One that a test may kill and start again."""
    made = with_agents(tmp_path, "--agents-linger", "20")
    made.start()
    yield made
    end(made)
