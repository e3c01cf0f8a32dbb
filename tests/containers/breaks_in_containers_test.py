"""What becomes of agents in containers when they are paused, and when something around them ends."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from containers import remove
from engine import Engine
from stage import Stage, wait_for
from stand_in import answer, log, make, online, process


@pytest.fixture
def broken(engine: Engine) -> Any:
    """An engine that a test may kill."""
    yield engine
    engine.start()


def containers(engine: Engine, workspace: str) -> list[str]:
    return engine.labelled(f"molecule.workspace={workspace}")["containers"]


def test_a_pause_keeps_its_files_alone(stage: Stage, engine: Engine) -> None:
    workspace = make(stage, "keeper", "cat >> $HOME/heard; cat $HOME/heard")
    online(stage, workspace)
    assert answer(stage, workspace, "one,") == "one,"
    stage.must("POST", f"/workspaces/{workspace}/pause")
    wait_for("its container to be gone", lambda: not containers(engine, workspace), 30)
    wait_for("it to be told", lambda: process(stage, workspace)["state"] == "stopped")
    stage.must("POST", f"/workspaces/{workspace}/resume")
    online(stage, workspace)
    assert answer(stage, workspace, "two") == "one,two"
    remove(stage, engine, workspace)


def test_it_goes_on_when_the_platform_is_killed(stage: Stage, engine: Engine) -> None:
    workspace = make(stage, "survivor")
    online(stage, workspace)
    before = containers(engine, workspace)
    stage.kill()
    stage.start()
    online(stage, workspace)
    wait_for("it to answer", lambda: answer(stage, workspace, "still here") == "still here", 40)
    assert containers(engine, workspace) == before
    remove(stage, engine, workspace)


def test_a_container_without_its_minder_is_removed_and_the_agent_started_again(stage: Stage, engine: Engine) -> None:
    workspace = make(stage, "orphan")
    online(stage, workspace)
    before = containers(engine, workspace)
    os.kill(process(stage, workspace)["pid"], signal.SIGKILL)
    wait_for("another container", lambda: (now := containers(engine, workspace)) and now != before, 40)
    wait_for("it to answer", lambda: answer(stage, workspace, "anew") == "anew", 40)
    assert len(containers(engine, workspace)) == 1
    remove(stage, engine, workspace)


def test_one_that_the_platform_never_made_is_left_and_one_of_a_removed_workspace_is_not(stage: Stage, engine: Engine) -> None:
    machine = (stage.data / "agents/machine").read_text().strip()
    for name, platform in (("stranger", "another"), ("stray", machine)):
        body = (f'{{"Image":"localhost/molecule-command:latest","Cmd":["sleep","600"],"Labels":{{"molecule.platform":"{platform}",'
                f'"molecule.workspace":"00000000-0000-4000-8000-00000000000{len(name) % 10}"}}}}')
        engine.must("POST", f"/v1.41/containers/create?name={name}", body.encode())
        engine.must("POST", f"/v1.41/containers/{name}/start")
    wait_for("the stray to be removed", lambda: engine.ask("GET", "/v1.41/containers/stray/json")[0] == 404, 30)
    assert engine.ask("GET", "/v1.41/containers/stranger/json")[0] == 200
    engine.must("DELETE", "/v1.41/containers/stranger?force=1")


def test_agents_outlive_their_engine_and_are_heard_again(stage: Stage, broken: Engine) -> None:
    workspace = make(stage, "steady", "read line; echo \"said $line\" >&2; echo $line")
    online(stage, workspace)
    before = containers(broken, workspace)
    broken.kill()
    assert answer(stage, workspace, "without it") == "without it"
    wait_for("word of it in the log", lambda: "does not answer" in log(stage, workspace), 30)
    broken.start()
    wait_for("word of its return", lambda: process(stage, workspace)["state"] == "running" and containers(broken, workspace) == before, 30)
    assert answer(stage, workspace, "with it") == "with it"
    remove(stage, broken, workspace)


def test_an_engine_that_is_away_is_told_and_waited_for(stage: Stage, broken: Engine) -> None:
    broken.kill()
    workspace = make(stage, "early")
    wait_for("the reason", lambda: "api.sock" in process(stage, workspace).get("reason", ""), 30)
    broken.start()
    online(stage, workspace, seconds=60)
    assert answer(stage, workspace, "there") == "there"
    remove(stage, broken, workspace)


def test_a_removal_waits_for_its_engine(stage: Stage, broken: Engine) -> None:
    workspace = make(stage, "leaving")
    online(stage, workspace)
    broken.kill()
    stage.must("DELETE", f"/workspaces/{workspace}")
    broken.start()
    remove(stage, broken, workspace, again=False)


def test_an_image_that_is_not_there_is_named(engine: Engine, tmp_path: Any) -> None:
    made = Stage(tmp_path, "--agents-in", "container", "--agents-engine", engine.socket, "--agents-images", "localhost/nowhere-{}:7")
    made.start()
    try:
        workspace = make(made, "imageless")
        wait_for("the reason", lambda: "no image localhost/nowhere-command:7" in process(made, workspace).get("reason", ""), 30)
        made.must("DELETE", f"/workspaces/{workspace}")
        wait_for("it to be gone", lambda: not (made.data / "agents" / workspace).exists(), 30)
    finally:
        made.close()


def test_a_tier_bounds_what_it_takes(stage: Stage, engine: Engine) -> None:
    workspace = make(stage, "greedy", "dd if=/dev/zero of=/dev/null bs=700M count=1 2>/dev/null && echo all of it || echo refused", tier=1)
    online(stage, workspace)
    assert answer(stage, workspace, "take") == "refused"
    remove(stage, engine, workspace)
