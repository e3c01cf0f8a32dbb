"""Fixtures: a scripted platform and a client of it, both gone when the test is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from molecule_agent import RemoteAgentClient
from scripted_platform import ScriptedPlatform

WORKSPACE = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def platform() -> Iterator[ScriptedPlatform]:
    scripted = ScriptedPlatform()
    yield scripted
    scripted.close()


@pytest.fixture
def client(platform: ScriptedPlatform, tmp_path: Path) -> Iterator[RemoteAgentClient]:
    with RemoteAgentClient(WORKSPACE, platform.url + "/", token_dir=tmp_path / "agent") as made:
        yield made
