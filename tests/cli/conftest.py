"""Fixtures: a platform for the module, and a person's machine with a home of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "sdk"), str(Path(__file__).parent)]
from stage import Stage  # noqa: E402
from terminal import Machine  # noqa: E402


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("cli"))
    made.start()
    yield made
    made.close()


@pytest.fixture
def machine(stage: Stage, tmp_path: Path) -> Machine:
    """One on whose data directory the platform runs."""
    return Machine(tmp_path / "home", MOLECULE_DATA_DIR=str(stage.data))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Machine:
    """One that knows of no platform."""
    return Machine(tmp_path / "elsewhere", MOLECULE_DATA_DIR=str(tmp_path / "no data"))
