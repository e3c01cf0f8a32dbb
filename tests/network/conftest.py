"""A platform on a host of its own, and homes whose agents can only dial out. Where network namespaces cannot be made, the
tests of this folder do not exist."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sdk")]
from dialling import Joining  # noqa: E402
from namespaces import PLATFORM, Internet, living_in, why_not  # noqa: E402
from stage import Stage  # noqa: E402

collect_ignore_glob: list[str] = []
if reason := why_not():
    print(f"tests/network: none, because {reason}", file=sys.stderr)
    collect_ignore_glob = ["*_test.py"]


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    made = Internet()
    try:
        # The test itself is on the platform's host.
        with living_in(made.platform):
            yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def joining(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joining]:
    folder = tmp_path_factory.mktemp("network")
    stage = Stage(folder, listen=f"{PLATFORM}:0")
    made = Joining(stage, folder)
    try:
        stage.start()
        yield made
    finally:
        made.close()
        stage.close()
