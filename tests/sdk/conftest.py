"""Fixtures: one platform for the module, one agent after the other."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from dialling import Joining  # noqa: E402
from loops import Agents  # noqa: E402
from stage import DATABASE, Schema, Stage  # noqa: E402


def engines() -> list[str]:
    """SQLite always; PostgreSQL where a test server is named, and where one is demanded."""
    return ["sqlite", "postgresql"] if DATABASE or os.environ.get("MOLECULE_REQUIRE_POSTGRES") == "1" else ["sqlite"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # A file that says EACH_ENGINE is run on every engine, the others on SQLite.
    if "stage" in metafunc.fixturenames or "engine" in metafunc.fixturenames:
        chosen = engines() if getattr(metafunc.module, "EACH_ENGINE", False) else ["sqlite"]
        metafunc.parametrize("engine", chosen, scope="module", indirect=True)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database address for a platform, "" for SQLite in its data directory."""
    if request.param == "sqlite":
        yield ""
        return
    schema = Schema()
    yield schema.url
    schema.drop()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"), database_url=engine)
    made.start()
    yield made
    made.close()


@pytest.fixture
def agents(stage: Stage, tmp_path: Path) -> Iterator[Agents]:
    made = Agents(stage, tmp_path)
    yield made
    made.close()


@pytest.fixture
def joining(stage: Stage, tmp_path: Path) -> Iterator[Joining]:
    made = Joining(stage, tmp_path)
    yield made
    made.close()
