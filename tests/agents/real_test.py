"""Runtimes with the programs of other makers, as they come from npm, and a model on this machine that does what the text says."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_test import Following, state_of
from model import Model
from programs import KEY, NAMES, program
from residence import Residence, words_in
from stage import BINARY, Stage, wait_for

PROGRAMS = {"claude-code": "claude", "gemini-cli": "gemini", "opencode": "opencode", "codex": "codex"}
PRESENT = [runtime for runtime, name in PROGRAMS.items() if program(name)]
LONG = 100
"""Seconds in which such a program may start and answer."""


def secrets_of(runtime: str, model: str, key: str) -> dict[str, str]:
    """What a person gives, for a model on this machine."""
    return {"claude-code": {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": model, "CLAUDE_CODE_MAX_RETRIES": "0"},
            "gemini-cli": {"GEMINI_API_KEY": key, "GOOGLE_GEMINI_BASE_URL": model},
            "opencode": {"OPENAI_API_KEY": key},
            "codex": {"OPENAI_API_KEY": key}}[runtime]


def settle(runtime: str, home: Path, model: str) -> None:
    """What a person has configured, for a model on this machine."""
    files = {
        "gemini-cli": (".gemini/settings.json", json.dumps({
            "general": {"maxAttempts": 1, "enableAutoUpdate": False}, "privacy": {"usageStatisticsEnabled": False}})),
        "opencode": (".config/opencode/opencode.json", json.dumps({
            "provider": {"local": {"npm": "@ai-sdk/openai-compatible",
                                   "options": {"baseURL": f"{model}/v1", "apiKey": "{env:OPENAI_API_KEY}"}, "models": {"m": {}}}},
            "model": "local/m", "small_model": "local/m"})),
        "codex": (".codex/config.toml", f"""
model = "local-model"
model_provider = "local"

[model_providers.local]
name = "local"
base_url = "{model}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
""")}
    if runtime in files:
        name, text = files[runtime]
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(text)


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model(KEY)
    yield made
    made.close()


@pytest.fixture(params=PRESENT)
def agent(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path, model: Model) -> Iterator[Residence]:
    made = real(stage, tmp_path, str(request.param), model, KEY)
    yield made
    made.stop()


def real(stage: Stage, folder: Path, runtime: str, model: Model, key: str) -> Residence:
    models = {"gemini-cli": "gemini-2.5-flash"}
    made = Residence(stage, folder, f"{runtime}-{os.urandom(3).hex()}", runtime, role="tests things", model=models.get(runtime, ""))
    settle(runtime, made.home, model.url)
    found = program(PROGRAMS[runtime])
    assert found
    made.path = os.pathsep.join([str(Path(found).parent), os.environ["PATH"], str(BINARY.parent)])
    made.write("system-prompt.md", "Answer in rhymes.\n")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost",
               "no_proxy": "127.0.0.1,localhost"}
    for name, value in (secrets_of(runtime, model.url, key) | nowhere).items():
        made.secret(name, value)
    made.start()
    return made


def says(agent: Residence, text: str, context: str = "") -> str:
    following = Following(agent, text, context)
    following.join(LONG)
    assert not following.is_alive(), agent.log
    assert following.events[-1]["status"]["state"] == "completed", (following.events[-1], agent.log)
    return "".join(following.said)


def test_it_answers_with_what_it_was_told_of_itself_and_uses_our_tools(agent: Residence, model: Model) -> None:
    assert says(agent, "[[say good morning]]").strip() == "good morning"
    # Some have it in the system text, some before the first message.
    told = [asked.system + "".join(turn.text for turn in asked.turns) for asked in model.asked]
    assert any("Answer in rhymes." in each and "tests things" in each for each in told)
    told = says(agent, "[[call get_workspace_info {}]]")
    assert agent.id in told, told
    assert re.search(r"delegate_task\b", says(agent, "[[tools]]"))
    assert agent.status == "online" and agent.stage.workspace(agent.id)["delivery_mode"] == "push"


WORK = {"claude-code": ("Bash", {"command": "touch made-by-it", "description": "Makes a file"}),
        "gemini-cli": ("run_shell_command", {"command": "touch made-by-it", "description": "Makes a file"}),
        "opencode": ("bash", {"command": "touch made-by-it", "description": "Makes a file"}),
        "codex": ("exec_command", {"cmd": "touch made-by-it"})}
"""The tool of each that runs something, and how it is called."""


def test_an_agent_with_a_team_hands_the_work_on_instead_of_doing_it(agent: Residence, model: Model) -> None:
    tool, arguments = WORK[agent.card["runtime"]]
    work = f"[[call {tool} {json.dumps(arguments)}]]"
    says(agent, work, "alone")
    assert (agent.work / "made-by-it").exists(), agent.log
    (agent.work / "made-by-it").unlink()
    member = agent.stage.external(f"member-{os.urandom(3).hex()}", agent.id)
    delegate = f'[[call delegate_task_async {json.dumps({"workspace_id": member["id"], "task": "make the file"})}]]'
    if agent.card["runtime"] == "opencode":
        # It is not offered what it may not use.
        assert not re.search(r"\b(bash|write|edit)\b", says(agent, "[[tools]]", "with a team"))
        told = says(agent, delegate, "with a team")
    else:
        told = says(agent, f"{work} {delegate}", "with a team")
        rows = agent.stage.must("GET", f"/workspaces/{agent.id}/activity")
        assert any(row["method"] == "tool_refused" for row in rows), (told, agent.log)
    assert not (agent.work / "made-by-it").exists(), agent.log
    handed = agent.stage.must("GET", f"/workspaces/{agent.id}/delegations")
    assert [each["target_id"] for each in handed] == [member["id"]], (told, agent.log)


def test_a_conversation_goes_on_after_a_restart(agent: Residence) -> None:
    says(agent, "[[say noted]] remember the heron", "talk")
    assert "remember the heron" in says(agent, "[[history]]", "talk")
    if agent.card["runtime"] == "gemini-cli":
        # It loses a session that is loaded within the minute of the clock in which it began.
        begun = time.gmtime().tm_min
        wait_for("the next minute", lambda: time.gmtime().tm_min != begun, 70)
    agent.stop()
    wait_for("its leave", lambda: agent.status != "online")
    agent.start()
    assert "remember the heron" in says(agent, "[[history]] again", "talk")
    assert "remember the heron" not in says(agent, "[[history]]", "another")


def test_a_cancel_ends_the_request_at_the_model_and_the_conversation_goes_on(agent: Residence, model: Model) -> None:
    says(agent, "[[say noted]] remember the heron", "talk")
    following = Following(agent, "[[wait]]", "talk")
    wait_for("the model to be asked", lambda: any("[[wait]]" in turn.text for asked in model.asked for turn in asked.turns), LONG)
    assert following.cancel() == "canceled"
    wait_for("the model to be let go", lambda: model.hung_up > 0)
    assert "remember the heron" in says(agent, "[[history]]", "talk")


@pytest.mark.parametrize("runtime", PRESENT)
def test_a_wrong_key_is_called_one_and_the_right_one_is_enough(stage: Stage, tmp_path: Path, model: Model, runtime: str) -> None:
    agent = real(stage, tmp_path, runtime, model, KEY + "x")
    try:
        answer = agent.ask("[[say hello]]")
        assert state_of(answer) == "failed" and "key was refused" in words_in(answer.json()), (answer.text, agent.log)
        for name, value in secrets_of(runtime, model.url, KEY).items():
            agent.secret(name, value)
        agent.hup()
        wait_for("an answer", lambda: "hello" in agent.says("[[say hello]]"), LONG)
    finally:
        agent.stop()
