"""Fixtures: a platform for the module, terminals that end with the test."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "sdk"), str(Path(__file__).resolve().parents[1] / "attacks"),
                str(Path(__file__).parent)]
from attackers import Org, PushAgents  # noqa: E402
from stage import Stage  # noqa: E402
from terminals import Terminal  # noqa: E402


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("watched"))
    made.start()
    yield made
    made.close()


@pytest.fixture
def org(stage: Stage) -> Iterator[Org]:
    """An organisation with nobody in it."""
    made = Org(stage)
    for each in stage.must("GET", "/workspaces"):
        stage.ask("DELETE", f"/workspaces/{each['id']}?confirm=true")
    yield made
    made.close()


@pytest.fixture
def push_agents() -> Iterator[PushAgents]:
    made = PushAgents()
    yield made
    made.close()


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    # A socket's path is short, which those of tests are not.
    folder = Path(tempfile.mkdtemp(prefix="top-"))
    opened: list[Terminal] = []

    def make(columns: int = 80, rows: int = 24) -> Terminal:
        opened.append(Terminal(folder, columns, rows))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
    shutil.rmtree(folder, ignore_errors=True)
