"""`molecule agent skill`: skills of an agent that the platform runs, from a shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, wait_for
from terminal import DONE, FAILED, WRONG_USAGE, Machine

SAYS_ALL = "---\nname: notes\ndescription: Keeps notes\nversion: 1.0.0\n---\nWrite notes.\n"


@pytest.fixture
def keeper(stage: Stage) -> Iterator[str]:
    made = stage.must("POST", "/workspaces", {"name": "keeper", "runtime": "command", "tier": 2, "command": "wc -w"})["id"]
    wait_for("it to be online", lambda: stage.workspace(made)["status"] == "online", 60)
    yield str(made)
    stage.must("DELETE", f"/workspaces/{made}", params={"confirm": "true"})
    wait_for("its directory to be gone", lambda: not (stage.data / "agents" / made).exists(), 60)


def a_skill(folder: Path, name: str, text: str = SAYS_ALL) -> Path:
    (folder / name / "scripts").mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(text)
    (folder / name / "scripts/picture.bin").write_bytes(b"\xff\0\x80")
    (folder / name / "away").symlink_to("/etc/passwd")
    return folder / name


def test_skills_are_installed_named_and_copied_back(machine: Machine, stage: Stage, keeper: str, tmp_path: Path) -> None:
    skills = stage.data / "agents" / keeper / "config/skills"
    assert machine.run("agent", "skill", "list", "keeper").stderr.startswith("It has no skills")
    ran = machine.run("agent", "skill", "install", "keeper", a_skill(tmp_path, "notes"))
    assert ran.returncode == DONE and "2 files" in ran.stderr and "is a link and is left out" in ran.stderr
    assert (skills / "notes/scripts/picture.bin").read_bytes() == b"\xff\0\x80" and not (skills / "notes/away").exists()
    machine.must("agent", "skill", "install", "keeper", f"{a_skill(tmp_path, 'sums')}/")
    # Where the configuration names none, all are used.
    assert machine.json("agent", "skill", "ls", "keeper") == [{"name": name, "used": True, "installed": True} for name in ("notes", "sums")]
    assert "used already" in machine.run("agent", "skill", "add", "keeper", "notes").stderr
    machine.must("agent", "skill", "remove", "keeper", "sums")
    config = machine.json("agent", "config", "get", "keeper")
    assert config["data"]["skills"] == ["notes"] and config["data"]["runtime_config"] == {"command": "wc -w"}
    assert [each["used"] for each in machine.json("agent", "skill", "list", "keeper")] == [True, False]
    last = machine.run("agent", "skill", "remove", "keeper", "notes")
    assert last.returncode == WRONG_USAGE and "its only one" in last.stderr and "skills/notes -r" in last.stderr
    machine.must("agent", "skill", "add", "keeper", "sums")
    machine.must("agent", "skill", "install", "keeper", a_skill(tmp_path, "maps"))
    assert machine.json("agent", "config", "get", "keeper")["data"]["skills"] == ["notes", "sums", "maps"]
    machine.must("agent", "skill", "publish", "keeper", "maps", "--to", tmp_path / "out")
    assert (tmp_path / "out/maps/scripts/picture.bin").read_bytes() == b"\xff\0\x80"
    assert (tmp_path / "out/maps/SKILL.md").read_text() == SAYS_ALL
    again = machine.run("agent", "skill", "publish", "keeper", "maps", "--to", tmp_path / "out")
    assert again.returncode == WRONG_USAGE and "is there already" in again.stderr


def test_what_is_no_skill_is_refused(machine: Machine, keeper: str, tmp_path: Path) -> None:
    machine.must("agent", "skill", "install", "keeper", a_skill(tmp_path, "notes"))
    assert machine.run("agent", "skill", "audit", "keeper", "notes").returncode == DONE
    for name, text, why in (("mute", "---\nname: mute\nversion: [1]\n---\n", ["description", "version"]), ("bare", "Hello.\n", ["a line of ---"]),
                            ("endless", "---\nname: endless\n", ["has no end"]), ("broken", "---\n{\n---\n", ["no YAML"])):
        machine.must("agent", "skill", "install", "keeper", a_skill(tmp_path, name, text))
        ran = machine.run("agent", "skill", "audit", "keeper", name)
        assert ran.returncode == FAILED and all(each in ran.stdout for each in why), ran.stdout
    assert "no skills/absent/SKILL.md" in machine.run("agent", "skill", "audit", "keeper", "absent").stdout
    assert machine.run("agent", "skill", "add", "keeper", "absent").returncode == FAILED
    assert machine.run("agent", "skill", "publish", "keeper", "absent", "--to", tmp_path / "out").returncode == FAILED
    (tmp_path / "empty").mkdir()
    for words in (["install", "keeper", tmp_path / "empty"], ["install", "keeper", tmp_path / "nowhere"], ["add", "keeper", "../notes"],
                  ["audit", "keeper", ".hidden"]):
        assert machine.run("agent", "skill", *words).returncode == WRONG_USAGE, words
