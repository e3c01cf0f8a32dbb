"""Agents that crash, hang, cannot be configured or take too much."""

from __future__ import annotations

import os
import time

from stage import Stage, wait_for
from stand_in import answer, log, make, nothing_left, online, process, processes_of


def test_one_that_crashes_is_started_again_and_then_said_to_fail(stage: Stage) -> None:
    workspace = make(stage, "crasher", "exit 7")
    wait_for("a first crash to be told", lambda: process(stage, workspace)["crashes"] >= 1)
    shown = process(stage, workspace)
    assert "status 7" in shown["reason"] and "the last line before the end" in shown["reason"]
    wait_for("it to wait", lambda: "next_start_seconds" in process(stage, workspace))
    # 1, 2, 4 and 8 seconds lie between five crashes.
    began = time.monotonic()
    online(stage, workspace, "failed", 60)
    assert time.monotonic() - began > 8
    failure = stage.workspace(workspace)["last_sample_error"]
    assert "status 7" in failure and "5 times in a row" in failure, failure
    assert process(stage, workspace)["state"] == "waiting", "it goes on trying"
    stage.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: nothing_left(stage, workspace))


def test_a_wrong_configuration_is_told_and_not_tried_again(stage: Stage) -> None:
    workspace = make(stage, "misconfigured", "exit 2")
    online(stage, workspace, "failed")
    failure = stage.workspace(workspace)["last_sample_error"]
    assert failure.startswith("its configuration is wrong:") and "the last line before the end" in failure
    assert process(stage, workspace)["state"] == "ended"
    begun = log(stage, workspace).count("-- started")
    time.sleep(2.5)  # Longer than a crash would wait.
    assert log(stage, workspace).count("-- started") == begun
    stage.must("POST", f"/workspaces/{workspace}/restart")
    wait_for("it to be tried again", lambda: log(stage, workspace).count("-- started") == begun + 1)


def test_one_that_ends_by_itself_is_offline(stage: Stage) -> None:
    workspace = make(stage, "done", "exit 0")
    online(stage, workspace, "offline")
    assert process(stage, workspace)["state"] == "ended"
    assert process(stage, workspace)["reason"] == "it ended by itself"


def test_one_that_ignores_signals_is_removed_all_the_same(stage: Stage) -> None:
    workspace = make(stage, "deaf", "hang")
    wait_for("it to hang", lambda: "hangs" in log(stage, workspace))
    stage.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: nothing_left(stage, workspace), 30)


def test_what_it_leaves_running_goes_with_it(stage: Stage) -> None:
    workspace = make(stage, "breeder", "sh -c 'setsid sleep 54321 </dev/null >/dev/null 2>&1 & cat'")
    online(stage, workspace)
    answer(stage, workspace, "breed")
    stage.must("POST", f"/workspaces/{workspace}/pause")
    wait_for("its processes to end", lambda: not processes_of(workspace))


def test_one_that_fills_its_disk_is_stopped_with_the_reason(stage: Stage) -> None:
    workspace = make(stage, "hoarder", "fill", tier=1)
    online(stage, workspace, "failed", 40)
    assert "filled its disk" in stage.workspace(workspace)["last_sample_error"]
    assert process(stage, workspace)["state"] == "ended"
    stage.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: nothing_left(stage, workspace))


def test_a_killed_keeper_takes_its_agent_along_and_both_come_back(stage: Stage) -> None:
    workspace = make(stage, "orphan")
    online(stage, workspace)
    before = process(stage, workspace)["pid"]
    os.kill(before, 9)
    wait_for("another keeper", lambda: process(stage, workspace).get("pid", before) != before)
    online(stage, workspace)
    assert answer(stage, workspace, "back") == "back"
