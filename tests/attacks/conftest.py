"""Fixtures: a platform for the module, and agents that end with the test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "sdk"), str(Path(__file__).parent)]
from attackers import Org, PushAgents  # noqa: E402
from stage import Stage  # noqa: E402


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("attacked"))
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def org(stage: Stage) -> Iterator[Org]:
    made = Org(stage)
    yield made
    made.close()


@pytest.fixture
def push_agents() -> Iterator[PushAgents]:
    made = PushAgents()
    yield made
    made.close()
