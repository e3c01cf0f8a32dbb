"""An agent that the platform starts, from its making to its removal."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from stage import BINARY, Stage, wait_for
from stand_in import answer, keepers, log, make, nothing_left, online, process, processes_of, with_agents


def test_a_workspace_of_a_command_answers_and_leaves_nothing(stage: Stage) -> None:
    workspace = make(stage, "counter", "wc -w")
    online(stage, workspace)
    assert answer(stage, workspace, "three short words") == "3"
    shown = process(stage, workspace)
    assert shown["state"] == "running" and shown["driver"] == "process" and shown["crashes"] == 0
    assert "filter of system calls" in shown["isolation"]["applied"], shown
    assert processes_of(workspace)
    stage.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: nothing_left(stage, workspace))
    assert stage.ask("GET", f"/workspaces/{workspace}/process").status_code == 410


def test_a_pause_ends_the_process_and_keeps_its_files(stage: Stage) -> None:
    workspace = make(stage, "keeper of notes", "sh -c 'cat >> notes; cat notes'")
    online(stage, workspace)
    assert answer(stage, workspace, "one") == "one"
    assert stage.must("POST", f"/workspaces/{workspace}/pause")["status"] == "paused"
    wait_for("its processes to end", lambda: not processes_of(workspace))
    wait_for("it to be stopped", lambda: process(stage, workspace)["state"] == "stopped")
    assert stage.must("POST", f"/workspaces/{workspace}/resume")["status"] == "provisioning"
    online(stage, workspace)
    assert answer(stage, workspace, " two") == "one two"


def test_a_restart_starts_it_anew_with_another_token(stage: Stage) -> None:
    workspace = make(stage, "restarted")
    online(stage, workspace)
    token = stage.data / "agents" / workspace / "config/.auth_token"
    before, old = process(stage, workspace)["pid"], token.read_text()
    assert token.stat().st_mode & 0o777 == 0o600
    assert stage.must("POST", f"/workspaces/{workspace}/restart")["status"] == "provisioning"
    wait_for("another process", lambda: process(stage, workspace).get("pid", before) != before)
    online(stage, workspace)
    assert token.read_text() != old
    assert len(stage.must("GET", f"/workspaces/{workspace}/tokens")["tokens"]) == 1
    assert answer(stage, workspace, "again") == "again"


def test_what_it_says_is_shown_without_secrets(stage: Stage) -> None:
    secret = "value-of-a-secret-" + os.urandom(8).hex()
    workspace = make(stage, "talker", f"sh -c 'echo it is {secret} and {'mol_' + 'A' * 50} >&2; cat'",
                     secrets={"SOME_KEY": secret})
    online(stage, workspace)
    answer(stage, workspace, "say it")
    text = log(stage, workspace)
    assert "-- started" in text and "begins with" in text
    assert secret not in text and "AAAAAAAA" not in text and "[redacted]" in text
    raw = b"".join(path.read_bytes() for path in (stage.data / "agents" / workspace / "log").iterdir())
    assert secret.encode() in raw, "nothing was there to be hidden"


def test_its_log_can_be_followed(stage: Stage) -> None:
    workspace = make(stage, "followed", "sh -c 'echo heard >&2; cat'")
    online(stage, workspace)
    first = stage.must("GET", f"/workspaces/{workspace}/logs", params={"tail": 1})
    assert len(first["lines"]) == 1
    nothing = stage.must("GET", f"/workspaces/{workspace}/logs", params={"since": first["next"]})
    assert nothing["lines"] == [] and nothing["next"] == first["next"]
    stage.must("POST", f"/workspaces/{workspace}/restart")
    more = stage.must("GET", f"/workspaces/{workspace}/logs", params={"since": first["next"], "wait": 20})
    assert more["lines"] and more["next"] > first["next"]


def test_the_machine_says_what_it_can_start(stage: Stage) -> None:
    offers = stage.must("GET", "/runtimes")
    assert offers["agents"] is True and offers["driver"] == "process"
    by_id = {each["id"]: each for each in offers["runtimes"]}
    assert by_id["command"]["startable"] and by_id["command"]["takes_command"]
    assert by_id["claude-code"]["keys"] == ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"]
    assert by_id["claude-code"]["install"].startswith("npm install")


@pytest.mark.parametrize(("body", "code", "words"), [
    ({"runtime": "no-such"}, "runtime_unknown", "claude-code, gemini-cli"),
    ({"runtime": "command"}, "command_required", "command is required"),
    ({"runtime": "command", "command": "cat", "tier": 4}, "tier_not_allowed", "agents-tier-max"),
    ({"runtime": "command", "command": "a\nb"}, "invalid_workspace_fields", "command"),
])
def test_what_cannot_be_started_is_refused(stage: Stage, body: dict[str, object], code: str, words: str) -> None:
    answered = stage.ask("POST", "/workspaces", {"name": "refused", **body})
    assert answered.status_code == 400 and answered.json()["code"] == code and words in answered.json()["error"]


def test_a_key_that_may_only_read_starts_nothing(stage: Stage) -> None:
    key = stage.must("POST", "/org/tokens", {"scope": "read"})["auth_token"]
    bearer = {"Authorization": f"Bearer {key}"}
    body = {"name": "by a reader", "runtime": "command", "command": "cat"}
    assert stage.ask("POST", "/workspaces", body, headers=bearer).status_code == 403
    assert stage.ask("GET", "/runtimes", headers=bearer).status_code == 200
    workspace = make(stage, "asker")
    online(stage, workspace)
    token = (stage.data / "agents" / workspace / "config/.auth_token").read_text()
    for method, path in (("POST", "/workspaces"), ("GET", f"/workspaces/{workspace}/logs"), ("GET", "/runtimes")):
        answered = stage.ask(method, path, body if method == "POST" else None, headers={"Authorization": f"Bearer {token}"})
        assert answered.status_code == 403, (path, answered.text)


def test_it_is_told_of_a_program_that_is_not_there(tmp_path: Path) -> None:
    alone = Stage(tmp_path, environment={"PATH": "/usr/bin:/bin"})
    alone.start()
    try:
        for offer in alone.must("GET", "/runtimes")["runtimes"]:
            if offer["startable"] or not offer["program"] or "program_path" in offer:
                continue
            made = alone.must("POST", "/workspaces", {"name": offer["id"], "runtime": offer["id"]})
            shown = alone.workspace(made["id"])
            assert shown["status"] == "failed" and shown["last_sample_error"] == offer["why_not"]
    finally:
        alone.close()


@pytest.mark.parametrize("options", [["--agents", "off"], ["--platform-url", "https://molecule.example"],
                                     ["--trusted-proxies", "127.0.0.1/32"], ["--dev"], ["--dev", "--agents", "on"]])
def test_it_starts_nothing_where_others_reach_it_unless_told(tmp_path: Path, options: list[str]) -> None:
    closed = with_agents(tmp_path, *options)
    closed.start()
    try:
        offers = closed.must("GET", "/runtimes")
        assert offers["agents"] is False and offers["why_not"] and not any(each["startable"] for each in offers["runtimes"])
        made = closed.must("POST", "/workspaces", {"name": "none", "runtime": "command", "command": "cat"})
        assert closed.workspace(made["id"])["status"] == "failed"
        assert "starts no agents" in closed.workspace(made["id"])["last_sample_error"]
        assert not keepers(closed)
    finally:
        closed.close()


def test_the_platform_takes_over_what_ran_before(own_stage: Stage) -> None:
    workspace = make(own_stage, "survivor")
    online(own_stage, workspace)
    before = process(own_stage, workspace)["pid"]
    own_stage.kill()
    assert processes_of(workspace)
    own_stage.start()
    wait_for("it to be taken over", lambda: process(own_stage, workspace).get("pid") == before)
    online(own_stage, workspace)
    assert answer(own_stage, workspace, "still here") == "still here"
    assert len(keepers(own_stage)) == 1
    own_stage.stop()
    own_stage.start()
    wait_for("it to be taken over", lambda: process(own_stage, workspace).get("pid") == before)
    own_stage.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: nothing_left(own_stage, workspace))


def test_agents_end_when_no_platform_comes_back(tmp_path: Path) -> None:
    left = with_agents(tmp_path, "--agents-linger", "1")
    left.start()
    workspace = make(left, "left alone")
    online(left, workspace)
    left.stop()
    wait_for("it to end by itself", lambda: not processes_of(workspace) and not keepers(left), 40)
    left.start()
    online(left, workspace)
    assert answer(left, workspace, "back") == "back"
    left.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: nothing_left(left, workspace))
    left.close()


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_platform_killed_at_any_moment_leaves_nothing_unattended(own_stage: Stage, moment: float) -> None:
    staying = [make(own_stage, f"staying {i}") for i in range(3)]
    leaving = [make(own_stage, f"leaving {i}") for i in range(3)]
    for each in leaving[:2]:
        online(own_stage, each)
    for each in leaving:
        own_stage.must("DELETE", f"/workspaces/{each}")
    own_stage.must("POST", f"/workspaces/{staying[0]}/restart")
    time.sleep(moment)  # The moment is what is tried.
    own_stage.kill()
    own_stage.start()
    for each in staying:
        online(own_stage, each)
    wait_for("what was removed to be gone", lambda: all(nothing_left(own_stage, each) for each in leaving), 40)
    assert len(keepers(own_stage)) == len(staying)
    for each in staying:
        assert answer(own_stage, each, "well") == "well"


def test_a_process_of_no_workspace_is_ended(own_stage: Stage, tmp_path: Path) -> None:
    workspace = make(own_stage, "soon unknown")
    online(own_stage, workspace)
    own_stage.kill()
    for name in ("molecule.db", "molecule.db-wal", "molecule.db-shm"):
        (own_stage.data / name).unlink(missing_ok=True)
    forgetful = Stage(tmp_path, "--begin-anew")
    forgetful.start()
    try:
        wait_for("the stray agent to be ended", lambda: not processes_of(workspace))
        assert (own_stage.data / "agents" / workspace / "workspace").is_dir(), "its files are nobody's to remove"
    finally:
        forgetful.stop()


def test_it_is_held_off_the_platform(stage: Stage) -> None:
    mine = str(stage.pid)
    script = (f"cat {stage.data}/admin_token {stage.data}/sealing_key {stage.data}/molecule.db; ls {stage.data}; "
              f"cat /proc/{mine}/environ; kill -9 {mine}; ls {BINARY.parents[2]}; echo tried")
    workspace = make(stage, "intruder", f"sh -c '{script}' 2>&1 | tr -d '\\\\0'")
    online(stage, workspace)
    text = answer(stage, workspace, "go")
    admin = (stage.data / "admin_token").read_text().strip()
    assert admin not in text and "molecule.db\n" not in text and "RATE_LIMIT" not in text
    assert stage.must("GET", "/health")["status"] == "ok"
    os.kill(int(mine), 0)


def test_agents_do_not_reach_each_other(stage: Stage) -> None:
    victim = make(stage, "victim")
    online(stage, victim)
    other = make(stage, "nosy", f"sh -c 'cat {stage.data}/agents/{victim}/config/.auth_token 2>&1; ls /proc; true'")
    online(stage, other)
    text = answer(stage, other, "go")
    assert (stage.data / "agents" / victim / "config/.auth_token").read_text() not in text
    shown = process(stage, victim)
    if any("file tree" in each for each in shown["isolation"]["applied"]):
        assert str(shown["pid"]) not in text.split()


def test_a_reason_names_no_earlier_process(stage: Stage) -> None:
    workspace = make(stage, "started often", "exit 3")
    wait_for("it to have crashed", lambda: (process(stage, workspace).get("crashes") or 0) >= 3)
    reason = str(wait_for("the reason", lambda: process(stage, workspace).get("reason")))
    assert reason.count("the last line before the end") == 1, reason
