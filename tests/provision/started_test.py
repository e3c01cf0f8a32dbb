"""The same with the real runtime: what a person has who installs nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, wait_for
from stand_in import answer, end, log, make, nothing_left, online, process


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("real"), "--agents-linger", "2")
    made.start()
    yield made
    end(made)


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_a_command_answers_in_every_tier_and_leaves_nothing(real: Stage, tier: int) -> None:
    workspace = make(real, f"counter of tier {tier}", "wc -w", tier=tier)
    online(real, workspace)
    assert answer(real, workspace, "three short words") == "3"
    assert process(real, workspace)["isolation"]["applied"]
    real.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: nothing_left(real, workspace), 30)


def test_it_goes_on_when_the_platform_is_killed(real: Stage) -> None:
    workspace = make(real, "survivor", "cat")
    online(real, workspace)
    before = process(real, workspace)["pid"]
    real.kill()
    real.start()
    online(real, workspace)
    wait_for("it to be taken over", lambda: process(real, workspace).get("pid") == before)
    wait_for("it to answer", lambda: answer(real, workspace, "still here") == "still here", 40)


def test_secrets_reach_it_by_its_token_alone(real: Stage) -> None:
    secret = "of-the-workspace-" + os.urandom(6).hex()
    workspace = make(real, "reader", "printenv SOME_SECRET; true", secrets={"SOME_SECRET": secret})
    online(real, workspace)
    assert answer(real, workspace, "which?") == secret
    for each in Path("/proc").iterdir():
        if not each.name.isdigit():
            continue
        try:
            arguments = (each / "cmdline").read_bytes()
        except OSError:
            continue
        assert secret.encode() not in arguments
    config = (real.data / "agents" / workspace / "config/config.yaml").read_text()
    assert secret not in config and secret not in log(real, workspace)
