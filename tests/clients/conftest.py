"""A platform, a model that does as it is told, and the clients that are on this machine. Where one of them is missing, its
tests do not exist; that is said once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sdk")]
from model import Model  # noqa: E402
from programs import KINDS, NAMES, Client, program  # noqa: E402
from stage import Stage  # noqa: E402

PRESENT = [name for name in NAMES if program(name)]
collect_ignore_glob: list[str] = []
REQUIRED = os.environ.get("MOLECULE_REQUIRE_CLIENTS") == "1"
if missing := [label for name, label in NAMES.items() if name not in PRESENT]:
    if REQUIRED:
        raise RuntimeError(f"tests/clients: {', '.join(missing)} must be there, in MOLECULE_CLIENTS_DIR or in PATH")
    print(f"tests/clients: without {', '.join(missing)}, which ./dev check installs (or MOLECULE_CLIENTS_DIR names)", file=sys.stderr)
if not PRESENT:
    collect_ignore_glob = ["*_test.py"]
elif "claude" not in PRESENT:
    collect_ignore_glob = ["channel_session_test.py"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "client_name" in metafunc.fixturenames:
        metafunc.parametrize("client_name", PRESENT)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"))
    made.start()
    yield made
    made.close()


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model()
    yield made
    made.close()


@pytest.fixture
def client(client_name: str, tmp_path: Path, model: Model) -> Client:
    return KINDS[client_name](client_name, tmp_path / "home", model.url)
