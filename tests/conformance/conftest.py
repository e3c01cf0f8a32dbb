"""A platform with an organisation of two, for whoever judges its MCP servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sdk")]
from organisation import Workspace, made  # noqa: E402
from stage import Stage  # noqa: E402


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    platform = Stage(tmp_path_factory.mktemp("stage"))
    platform.start()
    yield platform
    platform.close()


@pytest.fixture(scope="session")
def workspace(stage: Stage) -> Workspace:
    """One that has a card, and no process."""
    it = made(stage, "conformance")
    stage.must("POST", "/registry/update-card", {"workspace_id": it.id, "agent_card": {
        "name": "conformance 123", "description": "is judged", "version": "1", "skills": []}})
    return it


@pytest.fixture
def member(stage: Stage) -> Workspace:
    """One for a process."""
    return made(stage, "member")
