"""A platform with an organisation of two, for whoever judges its MCP servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sdk"), str(Path(__file__).parents[2] / "sdk/python/src")]
from loops import Agents  # noqa: E402
from molecule_agent import RelayDelivery  # noqa: E402
from organisation import Workspace, made  # noqa: E402
from peer import Draughtsman  # noqa: E402
from stage import Stage, wait_for  # noqa: E402


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


@pytest.fixture(scope="session")
def draughtsman(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A peer that draws, hums and writes; its id."""
    folder = tmp_path_factory.mktemp("draughtsman")
    agents = Agents(stage, folder)
    client = agents.client("draughtsman")
    agents.run(client, Draughtsman(folder), RelayDelivery(client))
    wait_for("the draughtsman", lambda: stage.workspace(client.workspace_id)["status"] == "online")
    yield client.workspace_id
    agents.close()


@pytest.fixture
def member(stage: Stage) -> Workspace:
    """One for a process."""
    return made(stage, "member")
