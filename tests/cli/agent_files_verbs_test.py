"""`molecule ws files` and `ws config`: what lies with an agent that the platform runs, from a shell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, wait_for
from terminal import DONE, WRONG_USAGE, Machine


@pytest.fixture
def counter(stage: Stage) -> Iterator[str]:
    made = stage.must("POST", "/workspaces", {"name": "counter", "runtime": "command", "tier": 2, "command": "wc -w"})["id"]
    wait_for("it to be online", lambda: stage.workspace(made)["status"] == "online", 40)
    yield str(made)
    stage.must("DELETE", f"/workspaces/{made}", params={"confirm": "true"})
    wait_for("its directory to be gone", lambda: not (stage.data / "agents" / made).exists(), 40)


def test_files_go_there_and_come_back(machine: Machine, stage: Stage, counter: str, tmp_path: Path) -> None:
    content = os.urandom(100_000) + b"\xff\0"
    (tmp_path / "data ä?.bin").write_bytes(content)
    said = machine.must("ws", "files", "put", "counter", str(tmp_path / "data ä?.bin"), "/workspace/in/")
    assert said == "Made /workspace/in/data ä?.bin.\n"
    assert (stage.data / "agents" / counter / "workspace/in/data ä?.bin").read_bytes() == content
    again = machine.run("ws", "files", "put", "counter", str(tmp_path / "data ä?.bin"), "/workspace/in/", "--new")
    assert again.returncode != DONE and "already" in again.stderr
    back = tmp_path / "back"
    machine.must("ws", "files", "get", "counter", "/workspace/in/data ä?.bin", str(back))
    assert back.read_bytes() == content
    refused = machine.run("ws", "files", "get", "counter", "/workspace/in/data ä?.bin", str(back))
    assert refused.returncode == WRONG_USAGE and "--force" in refused.stderr
    listed = machine.json("ws", "files", "ls", "counter", "/workspace", "--depth", "2")
    assert [each["path"] for each in listed] == ["in", "in/data ä?.bin"]
    assert "in/" in machine.must("ws", "files", "ls", "counter", "/workspace")
    (tmp_path / "system-prompt.md").write_text("Be brief.\n")
    machine.must("ws", "files", "put", "counter", str(tmp_path / "system-prompt.md"))
    assert machine.must("ws", "files", "cat", "counter", "system-prompt.md") == "Be brief.\n"
    asked = machine.run("ws", "files", "rm", "counter", "/workspace/in")
    assert asked.returncode == WRONG_USAGE and "-y" in asked.stderr
    machine.must("ws", "files", "rm", "counter", "/workspace/in", "-r", "-y")
    assert not (stage.data / "agents" / counter / "workspace/in").exists()
    for path in ("../run/x", ".auth_token", "/etc/passwd"):
        assert machine.run("ws", "files", "cat", "counter", path).returncode != DONE


def test_the_configuration_is_shown_changed_and_edited(machine: Machine, stage: Stage, counter: str, tmp_path: Path) -> None:
    assert machine.must("ws", "config", "show", "counter").startswith("# Written by the platform")
    said = machine.must("ws", "config", "set", "counter", "runtime_config.timeout=60", "description=Counts words")
    assert said == "Saved. The agent goes by it.\n"
    data = machine.json("ws", "config", "show", "counter")["data"]
    assert data["runtime_config"] == {"command": "wc -w", "timeout": 60} and data["description"] == "Counts words"
    machine.must("ws", "config", "set", "counter", "--unset", "runtime_config.timeout")
    assert machine.json("ws", "config", "show", "counter")["data"]["runtime_config"] == {"command": "wc -w"}
    refused = machine.run("ws", "config", "set", "counter", "runtime=nonsense")
    assert refused.returncode != DONE and "no runtime nonsense" in refused.stderr and "nothing was saved" in refused.stderr
    text = machine.must("ws", "config", "show", "counter")
    (tmp_path / "config.yaml").write_text(text + "name: twice\n")
    refused = machine.run("ws", "config", "edit", "counter", "--file", str(tmp_path / "config.yaml"))
    assert refused.returncode != DONE and f"line {text.count(chr(10)) + 1}, column" in refused.stderr
    assert machine.must("ws", "config", "show", "counter") == text
    (tmp_path / "config.yaml").write_text(text + "# by hand\n")
    assert machine.must("ws", "config", "edit", "counter", "--file", str(tmp_path / "config.yaml")) == "Saved. The agent goes by it.\n"
    assert machine.must("ws", "config", "show", "counter").endswith("# by hand\n")
