"""`molecule runtime` from its configuration to its answers, with a command as the agent."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from residence import Residence, processes_with, words_in
from stage import BINARY, Stage, wait_for

Make = Callable[..., Residence]


@pytest.fixture
def make(stage: Stage, tmp_path: Path) -> Iterator[Make]:
    made: list[Residence] = []

    def one(name: str, command: str, **config: Any) -> Residence:
        further = config.pop("runtime_config", {})
        made.append(Residence(stage, tmp_path, name, "command", runtime_config={"command": command} | further, **config))
        return made[-1]
    yield one
    for each in made:
        each.stop()


def test_a_command_answers_what_people_write(make: Make) -> None:
    counter = make("counter", "wc -w", role="counts words")
    counter.start()
    assert counter.says("three short words").strip() == "3"
    assert counter.card["name"] == "counter" and counter.card["configuration_status"] == "ready"
    assert counter.stop() == 0
    wait_for("its leave", lambda: counter.status != "online")


def test_what_is_as_long_as_the_platform_takes_reaches_its_program(make: Make) -> None:
    counter = make("long", "wc -c")
    counter.start()
    assert int(counter.says("x" * (6 << 20))) == 6 << 20


def test_what_its_program_gets_is_built_from_nothing_and_secrets_come_to_it(make: Make) -> None:
    agent = make("env", "env; pwd")
    agent.secret("WEATHER_KEY", "sunny-day-77")
    agent.start()
    told = agent.says("anything")
    names = {line.partition("=")[0] for line in told.splitlines()}
    assert "WEATHER_KEY=sunny-day-77" in told and f"HOME={agent.home}" in told and str(agent.work) in told
    assert agent.token not in told and not any("TOKEN" in name for name in names), told
    agent.secret("WEATHER_KEY", "rainy-day-88")
    agent.hup()
    wait_for("the new value", lambda: "WEATHER_KEY=rainy-day-88" in agent.says("anything"))


def test_an_answer_is_told_as_it_comes_and_a_cancel_ends_all_that_was_started(make: Make, stage: Stage) -> None:
    mark = f"mark-{os.urandom(6).hex()}"
    agent = make("slow", f"echo first; sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' {mark} & wait")
    agent.start()
    seen: list[str] = []
    ids: list[str] = []

    def follow() -> None:
        with agent.ask("go", method="message/stream", stream=True) as answer:
            for line in answer.iter_lines():
                if line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    result = event.get("result", {})
                    if result.get("kind") == "task":
                        ids.append(result["id"])
                    seen.append(json.dumps(event))
    following = threading.Thread(target=follow, daemon=True)
    following.start()
    wait_for("the first piece", lambda: any("first" in each for each in seen))
    assert processes_with(mark)
    ended = stage.must("POST", f"/workspaces/{agent.id}/a2a", {"jsonrpc": "2.0", "id": 2, "method": "tasks/cancel", "params": {"id": ids[0]}})
    assert ended["result"]["status"]["state"] == "canceled", ended
    following.join(20)
    assert not following.is_alive() and "canceled" in seen[-1]
    wait_for("what ignored the signal to be gone", lambda: not processes_with(mark))
    assert agent.running


def test_a_conversation_keeps_its_session_when_either_side_starts_again(make: Make, stage: Stage) -> None:
    agent = make("remembers", 'echo "$MOLECULE_SESSION_ID"')
    agent.start()
    first, other = agent.says("hello", "talk-1"), agent.says("hello", "talk-2")
    assert first.strip() and first != other

    def is_known() -> None:
        """Asked once; the answer may come after it was kept for a while."""
        def answers() -> int:
            return sum(first.strip() in json.dumps(row.get("response_body")) for row in stage.rows(agent.id))
        before = answers()
        agent.ask("hello", "talk-1")
        wait_for("the same session", lambda: answers() == before + 1)

    is_known()
    agent.kill()
    agent.start(online=False)
    is_known()
    stage.stop()
    stage.start()
    is_known()
    assert agent.running, agent.log


def test_a_message_that_comes_twice_is_worked_on_once(make: Make) -> None:
    agent = make("once", "echo run >> runs; wc -l < runs")
    agent.start()
    assert words_in(agent.ask("go", message_id="twice").json()).strip() == "1"
    assert words_in(agent.ask("go", message_id="twice").json()).strip() == "1"
    assert (agent.work / "runs").read_text().count("run") == 1


def test_messages_of_one_conversation_come_one_after_the_other(make: Make) -> None:
    agent = make("orderly", "echo in >> log; sleep 0.4; echo out >> log")
    agent.start()
    threads = [threading.Thread(target=agent.ask, args=("go", context)) for context in ("same", "same", "same")]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert (agent.work / "log").read_text().split() == ["in", "out"] * 3


def test_a_command_that_fails_hangs_or_floods_is_told_in_words(make: Make) -> None:
    key = "-".join(("sk", "ant", "api03", "0123456789abcdef" * 2))
    failing = make("failing", f"echo half; echo 'no such key {key}' >&2; exit 3")
    failing.start()
    told = json.dumps(failing.ask("go").json())
    assert "failed" in told and "status 3" in told and "half" in told
    assert "0123456789abcdef" not in told and "redacted" in told
    hanging = make("hanging", "sleep 60", runtime_config={"timeout": 1})
    hanging.start()
    told = json.dumps(hanging.ask("go").json())
    assert "longer than 1 s" in told, told
    flooding = make("flooding", "cat /dev/zero")
    flooding.start()
    told = json.dumps(flooding.ask("go").json())
    assert "longer than 16777216 bytes" in told, told[-500:]
    assert failing.says("again") and flooding.running


def test_being_stopped_it_takes_its_program_along(make: Make) -> None:
    mark = f"mark-{os.urandom(6).hex()}"
    agent = make("busy", f"sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' {mark}")
    agent.start()
    threading.Thread(target=agent.ask, args=("go",), daemon=True).start()
    wait_for("the command", lambda: processes_with(mark))
    assert agent.stop() == 0
    wait_for("the command's end", lambda: not processes_with(mark), 5)


def test_a_key_that_is_missing_is_said_and_enough_once_it_is_there(make: Make) -> None:
    agent = make("keyed", 'echo "I have $SPECIAL_KEY"', runtime_config={"required_env": ["SPECIAL_KEY"]})
    agent.start()
    wait_for("the card to say so", lambda: agent.card.get("configuration_status") == "not_configured")
    assert "SPECIAL_KEY" in agent.card["configuration_error"]
    assert "SPECIAL_KEY" in agent.says("hello") and "not set up yet" in agent.says("hello")
    agent.secret("SPECIAL_KEY", "it-is-here-now")
    assert "I have it-is-here-now" in agent.says("hello"), agent.log
    wait_for("the card to say so", lambda: agent.card.get("configuration_status") == "ready")


def test_a_configuration_that_cannot_work_ends_it_with_a_report(make: Make, tmp_path: Path) -> None:
    agent = make("wrong", "true")

    def ends_with(config: str) -> str:
        agent.write("config.yaml", config)
        ended = subprocess.run([BINARY, "runtime", "--config", agent.config], env=agent.environment, cwd=agent.work, text=True,
                               capture_output=True, timeout=20)
        assert ended.returncode == 2, ended
        return ended.stderr

    assert "line 2, column" in ends_with("runtime: command\n  name: x\n")
    told = ends_with("runtime: clyde\n")
    assert "[FAIL] Runtime: there is no runtime clyde" in told and "Fix: runtime: one of claude-code" in told
    assert "runtime_config.command is empty" in ends_with("runtime: command\n")
    assert "expected a whole number from 1 to 604800" in ends_with("runtime: command\nruntime_config: {command: cat, timeout: -1}\n")
    assert "cannot drive OpenClaw yet" in ends_with("runtime: openclaw\n")
    (agent.config / "config.yaml").unlink()
    ended = subprocess.run([BINARY, "runtime", "--config", agent.config], env={"PATH": os.environ["PATH"]}, text=True,
                           capture_output=True, timeout=20)
    assert ended.returncode == 2 and "config.yaml is not there" in ended.stderr


def test_the_configuration_is_shown_with_its_origins(make: Make, tmp_path: Path) -> None:
    agent = make("shown", "cat", model="from-the-file")
    link = tmp_path / "molecule-runtime"
    link.symlink_to(BINARY)

    def shown(**environment: str) -> dict[str, Any]:
        told = subprocess.run([link, "config", "show", "--config", agent.config, "-o", "json"], text=True, timeout=20, check=True,
                              env=agent.environment | environment, capture_output=True).stdout
        return {row["name"]: (row["value"], row["origin"]) for row in json.loads(told)}

    assert shown()["model"] == ("from-the-file", "config.yaml")
    assert shown(MODEL="from-the-variable")["model"] == ("from-the-variable", "MODEL")
    assert shown()["prompt_files"] == ("system-prompt.md", "default")
    assert shown()["workspace_id"] == (agent.id, "WORKSPACE_ID")


def test_smoke_takes_one_turn_without_a_platform(make: Make) -> None:
    agent = make("smoking", "wc -c")

    def smoke(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BINARY, "runtime", "--config", agent.config, *words], cwd=agent.work, text=True, timeout=20,
                              env={"PATH": os.environ["PATH"], "HOME": str(agent.home)} | environment, capture_output=True)

    done = smoke("--smoke")
    assert done.returncode == 0 and "smoke passed: Command by exec; one turn completed; 3 bytes" in done.stdout, done
    agent.write("config.yaml", json.dumps({"runtime": "command", "runtime_config": {"command": "sleep 60"}}))
    done = smoke(MOLECULE_SMOKE_MODE="Yes", MOLECULE_SMOKE_TIMEOUT_SECS="1")
    assert done.returncode == 0 and "failed (timeout)" in done.stdout, done
    agent.write("config.yaml", json.dumps({"runtime": "command", "runtime_config": {"command": "/nowhere/at-all", "args": ["x"]}}))
    done = smoke("--smoke")
    assert done.returncode == 1 and "FAILED" in done.stdout, done
    agent.write("config.yaml", json.dumps({"runtime": "command", "runtime_config": {"command": "no-such-program-anywhere"}}))
    done = smoke("--smoke")
    assert done.returncode == 1 and "failed (missing)" in done.stdout, done
    agent.write("config.yaml", json.dumps({"runtime": "crewai"}))
    done = smoke("--smoke", PYTHONNOUSERSITE="1", OPENAI_API_KEY="key-of-nobody", MOLECULE_SMOKE_TIMEOUT_SECS="15")
    assert done.returncode == 1 and "crewai is not installed" in done.stdout, done


def test_a_second_runtime_in_the_directory_and_keys_that_nobody_reads_are_told(make: Make) -> None:
    agent = make("twice", "cat")
    agent.start()
    agent.write("config.yaml", json.dumps({"name": "twice", "runtime": "command", "observability": {"log_level": "LOUD"},
                                           "runtime_config": {"command": "cat", "time_out": 1}}))
    second = subprocess.run([BINARY, "runtime", "--config", agent.config], env=agent.environment, cwd=agent.work, text=True,
                            capture_output=True, timeout=20)
    assert second.returncode == 5, second
    assert "[WARN] runtime_config.time_out" in second.stderr and "there is no level LOUD" in second.stderr, second.stderr
    broken = subprocess.run([BINARY, "runtime", "--config", agent.config], env=agent.environment | {"PLATFORM_URL": "nowhere"},
                            cwd=agent.work, text=True, capture_output=True, timeout=20)
    assert broken.returncode == 2 and "PLATFORM_URL: nowhere: " in broken.stderr, broken


def test_a_key_that_is_asked_for_later_is_missing_until_it_is_there(make: Make) -> None:
    agent = make("asks-later", "cat")
    agent.start()
    assert agent.says("hello") == "hello"
    agent.write("config.yaml", json.dumps({"name": "asks-later", "runtime": "command",
                                           "runtime_config": {"command": "cat", "required_env": ["SPECIAL_KEY"]}}))
    wait_for("the card to say so", lambda: agent.card.get("configuration_status") == "not_configured")
    assert "SPECIAL_KEY" in agent.says("hello")
    agent.write("config.yaml", json.dumps({"name": "asks-later", "runtime": "claude-code", "runtime_config": {"command": "/nowhere/claude"}}))
    wait_for("the refusal", lambda: "the earlier one stays" in agent.log)


def test_skills_are_on_the_card_and_a_broken_one_is_left_out(make: Make) -> None:
    agent = make("skilled", "cat")
    agent.write("skills/count-words/SKILL.md", "---\nname: count-words\ndescription: Counts words\ntags: [text]\n---\nCount them.\n")
    agent.write("skills/broken/SKILL.md", "---\nname: [oops\n---\n")
    agent.start()
    assert [(each["id"], each["description"]) for each in agent.card["skills"]] == [("count-words", "Counts words")]
    assert "a skill is left out" in agent.log and "broken" in agent.log
    (agent.config / "skills/sing").mkdir()
    agent.write("skills/sing/SKILL.md", "---\nname: sing\ndescription: Sings\n---\n")
    wait_for("the card", lambda: [each["id"] for each in agent.card["skills"]] == ["count-words", "sing"])


def test_a_change_of_the_configuration_ends_no_turn(make: Make) -> None:
    agent = make("changing", "while [ ! -e go ]; do sleep 0.05; done; echo old", description="before")
    agent.start()
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(agent.says("go")))
    asking.start()
    wait_for("the turn", lambda: agent.stage.workspace(agent.id)["current_task"] == "go")
    agent.write("config.yaml", json.dumps({"runtime": "command", "description": "after", "runtime_config": {"command": "echo new"}}))
    wait_for("the card", lambda: agent.card["description"] == "after")
    (agent.work / "go").touch()
    asking.join(20)
    assert answers == ["old\n"]
    assert agent.says("go") == "new\n"
    agent.write("config.yaml", "runtime: [broken")
    wait_for("the refusal", lambda: "the earlier one stays" in agent.log)
    assert agent.says("go") == "new\n"


def test_the_initial_prompt_is_said_once_in_its_life(make: Make) -> None:
    agent = make("beginning", "cat >> heard; echo >> heard; echo done", initial_prompt="Look around and say hello.",
                 runtime_config={"required_env": ["SPECIAL_KEY"]})
    agent.start()
    agent.secret("SPECIAL_KEY", "it-is-here-now")
    wait_for("the answer", lambda: ["done" for row in agent.stage.rows(agent.id) if "done" in str(row.get("response_body"))
                                    and "Look around" in str(row.get("request_body"))])
    wait_for("its end", lambda: agent.stage.workspace(agent.id)["active_tasks"] == 0)
    assert agent.stop() == 0
    wait_for("its leave", lambda: agent.status != "online")
    agent.start()
    agent.says("again")
    assert (agent.work / "heard").read_text().split("\n") == ["Look around and say hello.", "again", ""]
