"""`molecule doctor`: what it looks at, what it says to do, how it exits."""

from __future__ import annotations

import json

from stage import Stage
from terminal import DONE, FAILED, Machine


def test_a_platform_that_is_well(machine: Machine, stage: Stage) -> None:
    report = machine.json("doctor")
    found = {each["name"]: each["status"] for each in report["checks"]}
    # What the kernel of the machine offers is not the platform's.
    offered = found.pop("isolation") == "PASS"
    assert found == {"profiles": "PASS", "platform": "PASS", "version": "PASS", "store": "PASS", "clock": "PASS",
                     "token": "PASS", "agents": "PASS", "messages": "PASS", "live": "PASS"}, report
    assert report["base_url"] == stage.url and report["counts"] == {"pass": 9 + offered, "warn": 1 - offered, "fail": 0}
    assert not offered or report["next"] == "All is well."


def test_each_finding_says_what_to_do(elsewhere: Machine, stage: Stage) -> None:
    away = elsewhere.run("doctor", "--url", "http://127.0.0.1:9")
    assert away.returncode == FAILED and "FAIL  platform" in away.stdout and "next: see that it runs there" in away.stdout
    assert away.stdout.count("cannot be reached") == 1, "whose address is said once"
    assert "proxy" not in away.stdout
    behind = elsewhere.run("doctor", "--url", "http://127.0.0.1:9", https_proxy="http://127.0.0.1:8")
    assert "https_proxy is set; this program connects by itself" in behind.stdout
    plain = elsewhere.run("doctor", "--url", stage.url.replace("http:", "https:"))
    assert "speaks no TLS" in plain.stdout and "begin its address with http://" in plain.stdout
    nowhere = elsewhere.run("doctor", "--url", "http://molecule.invalid")
    assert "the name is spelled right" in nowhere.stdout
    bare = elsewhere.run("doctor", "--url", "127.0.0.1:8080")
    assert bare.returncode == FAILED and "127.0.0.1:8080 (--url): the URL is not usable: it has to begin with http://" in bare.stdout
    idle = elsewhere.run("doctor", "--data", elsewhere.home / "none")
    assert "\n      next: start it with `molecule serve" in idle.stdout
    no_token = elsewhere.run("doctor", "--url", stage.url)
    assert no_token.returncode == FAILED and "there is no token" in no_token.stdout and "MOLECULE_API_KEY" in no_token.stdout
    wrong = elsewhere.run("doctor", "--url", stage.url, MOLECULE_API_KEY="a-wrong-one")
    assert wrong.returncode == FAILED and "from MOLECULE_API_KEY is refused" in wrong.stdout and "a-wrong-one" not in wrong.stdout
    assert "see that it is whole and of this platform" in wrong.stdout
    workspaces = elsewhere.run("doctor", "--url", stage.url, MOLECULE_API_KEY=stage.external("no operator")["connection"]["auth_token"])
    assert workspaces.returncode == FAILED and "is a workspace's, for its agent" in workspaces.stdout and "FAIL  agents" not in workspaces.stdout
    unknown = elsewhere.run("doctor", "--profile", "nobody", "-o", "json")
    assert unknown.returncode == FAILED and json.loads(unknown.stdout)["counts"]["fail"] == 1
    assert "config add" in json.loads(unknown.stdout)["checks"][-1]["fix"]


def test_agents_in_trouble_are_named(machine: Machine, stage: Stage) -> None:
    made = stage.external("ailing")
    stage.must("POST", "/registry/register", {"id": made["id"], "delivery_mode": "poll", "agent_card": {
        "name": "ailing", "description": "", "version": "1", "skills": []}})
    stage.must("POST", "/registry/heartbeat", {"workspace_id": made["id"], "error_rate": 0.9, "sample_error": "no model"})
    ran = machine.run("doctor")
    assert ran.returncode == DONE and "WARN  agents" in ran.stdout and "look at ailing" in ran.stdout, ran.stdout


def test_a_terminal_without_utf8_is_told(machine: Machine) -> None:
    with machine.terminal("doctor", LANG="C", NO_COLOR="1") as terminal:
        terminal.ended()
        assert "WARN  terminal" in terminal.seen and terminal.seen.isascii()
