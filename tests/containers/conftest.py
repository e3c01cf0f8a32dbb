"""Engines of containers that run on this machine, each with an image for agents. Where one cannot run, its tests do not
exist; why is said once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sdk"), str(Path(__file__).parents[1] / "provision")]
from engine import SERVICES, Engine  # noqa: E402
from stage import Stage  # noqa: E402
from stand_in import end  # noqa: E402

KINDS = ("docker", "podman")


def trouble(kind: str) -> str:
    for program, package in (("busybox", "busybox-static"), ("objcopy", "binutils")):
        if not shutil.which(program):
            return f"{program} is not installed (package {package})"
    return subprocess.run([str(SERVICES), "why", os.devnull, kind], check=True, timeout=30, text=True, stdout=subprocess.PIPE).stdout.strip()


TROUBLES = {kind: trouble(kind) for kind in KINDS}
PRESENT = [kind for kind in KINDS if not TROUBLES[kind]]
collect_ignore_glob: list[str] = [] if PRESENT else ["*_test.py"]
if len(PRESENT) < len(KINDS):
    WHY = "; ".join(f"without {kind}: {why}" for kind, why in TROUBLES.items() if why)
    if os.environ.get("MOLECULE_REQUIRE_ENGINES") == "1":
        raise RuntimeError(f"tests/containers: {WHY}")
    print(f"tests/containers: {WHY}", file=sys.stderr)


@pytest.fixture(scope="session", params=PRESENT)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = Engine(request.param, tmp_path_factory.mktemp(request.param))
    made.start()
    try:
        made.make_base()
        made.build("command", "localhost/molecule-command:latest")
        yield made
    finally:
        made.stop()


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, "--agents-in", "container", "--agents-engine", engine.socket, "--agents-linger", "20")
    made.start()
    yield made
    end(made)
