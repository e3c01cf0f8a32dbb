"""Each runtime whose program speaks a protocol, with a program of ours that speaks it and behaves, or does not."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from residence import Residence, processes_with, words_in
from stage import Stage, wait_for

FAKE = Path(__file__).parent / "fake_agent.py"
KEYS = {"claude-code": "ANTHROPIC_API_KEY", "gemini-cli": "GEMINI_API_KEY", "opencode": "OPENROUTER_API_KEY", "codex": "OPENAI_API_KEY",
        "langgraph": "GROQ_API_KEY"}
PROGRAMS = {"claude-code": "claude", "gemini-cli": "gemini", "opencode": "opencode", "codex": "codex", "langgraph": "python3"}
VALUE = "key-of-nobody-1234"

Make = Callable[..., Residence]


@pytest.fixture(params=list(PROGRAMS))
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def agent(stage: Stage, tmp_path: Path, runtime: str) -> Iterator[Residence]:
    made = Residence(stage, tmp_path, f"{runtime}-{os.urandom(3).hex()}", runtime, role="tests things")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / PROGRAMS[runtime]).symlink_to(FAKE)
    made.path = f"{programs}:/usr/bin:/bin"
    made.secret(KEYS[runtime], VALUE)
    made.secret("MARK", f"mark-{made.id}")
    made.write("system-prompt.md", "Answer in rhymes.\n")
    made.start()
    yield made
    made.stop()


def state_of(answer: Any) -> str:
    return str(answer.json().get("result", {}).get("status", {}).get("state", "message"))


class Following(threading.Thread):
    """A streamed answer, read as it comes."""

    def __init__(self, agent: Residence, text: str, context: str = "") -> None:
        super().__init__(daemon=True)
        self.agent, self.text, self.context = agent, text, context
        self.events: list[dict[str, Any]] = []
        self.start()

    def run(self) -> None:
        with self.agent.ask(self.text, self.context, method="message/stream", stream=True) as answer:
            for line in answer.iter_lines():
                if line.startswith(b"data: "):
                    self.events.append(json.loads(line[6:])["result"])

    @property
    def said(self) -> list[str]:
        return [words_in({"artifact": event["artifact"]}) for event in list(self.events) if event["kind"] == "artifact-update"]

    def task(self) -> str:
        return str(wait_for("the task", lambda: [event["id"] for event in list(self.events) if event["kind"] == "task"])[0])

    def cancel(self) -> str:
        answer = self.agent.stage.must("POST", f"/workspaces/{self.agent.id}/a2a",
                                       {"jsonrpc": "2.0", "id": 2, "method": "tasks/cancel", "params": {"id": self.task()}})
        self.join(20)
        assert not self.is_alive()
        return str(answer["result"]["status"]["state"])


def test_text_comes_in_pieces(agent: Residence) -> None:
    following = Following(agent, "pieces")
    following.join(20)
    assert "".join(following.said) == "one two drei\u00fc" and len(following.said) > 1, following.events


def test_a_tool_is_allowed_and_used(agent: Residence) -> None:
    assert agent.says("tool") == "used it"
    assert "list_peers" in agent.log


def test_an_agent_with_a_team_is_told_so_and_refused_the_work_of_its_team(agent: Residence) -> None:
    assert agent.says("work") == "did it"
    assert "lead a team" not in json.loads(agent.says("about"))["system"]
    member = agent.stage.external(f"member-{os.urandom(3).hex()}", agent.id)
    about = json.loads(agent.says("about", "another"))
    assert "lead a team" in about["system"] and "of your team" in about["system"], about["system"]
    if agent.card["runtime"] == "langgraph":
        return  # It has no tools but ours.
    assert agent.says("work", "another") == "was refused"
    assert agent.says("tool") == "used it"
    rows = wait_for("the refusal among its activity", lambda: [
        row for row in agent.stage.must("GET", f"/workspaces/{agent.id}/activity?type=agent_log") if row["method"] == "tool_refused"])
    assert "this agent leads a team" in rows[0]["summary"] and rows[0]["status"] == "refused"
    # Without a team it may again; a session that is open learns of it when it is looked for changes.
    agent.stage.must("DELETE", f"/workspaces/{member['id']}?confirm=true")
    agent.hup()
    wait_for("the end of its team", lambda: "leads no team any more" in agent.log)
    assert agent.says("work", "another") == "did it"


def test_what_the_program_is_told_of_itself(agent: Residence) -> None:
    about = json.loads(agent.says("about this secret text"))
    assert "Answer in rhymes." in about["system"] and "tests things" in about["system"], about["system"]
    assert about["cwd"] == str(agent.work)
    line = " ".join(about["argv"])
    assert "secret text" not in line and VALUE not in line and agent.token not in line and "rhymes" not in line
    assert KEYS[agent.card["runtime"]] in about["env"] and not any("TOKEN" in name for name in about["env"]), about["env"]


def test_turns_of_a_conversation_share_a_session_also_after_restarts(agent: Residence) -> None:
    first = agent.says("history first", "talk")
    assert first.split()[1] == "0:"
    second = agent.says("history second", "talk")
    assert second.split()[0] == first.split()[0] and "1: history first" in second
    assert agent.says("history", "another").split()[0] != first.split()[0]
    agent.stop()
    wait_for("its leave", lambda: agent.status != "online")
    agent.start()
    third = agent.says("history third", "talk")
    assert third.split()[0] == first.split()[0] and "2: history first | history second" in third
    assert "replayed" not in third


def test_a_session_that_is_gone_begins_anew(agent: Residence) -> None:
    first = agent.says("history first", "talk")
    agent.stop()
    (agent.home / "kept" / first.split()[0]).unlink()
    wait_for("its leave", lambda: agent.status != "online")
    agent.start()
    again = agent.says("history", "talk")
    assert again.split()[0] != first.split()[0] and again.split()[1] == "0:"


@pytest.mark.parametrize(("word", "told", "kind"), [("auth", "key was refused", "auth"), ("rate", "no more requests", "rate_limit")])
def test_what_the_provider_refuses_has_its_class(agent: Residence, word: str, told: str, kind: str) -> None:
    answer = agent.ask(word)
    assert state_of(answer) == "failed" and told in words_in(answer.json()), answer.text
    assert f'"class":"{kind}"' in agent.log
    assert agent.says("hello") == "heard: hello"


def test_a_key_that_was_given_after_another_is_taken_up_in_the_same_turn(agent: Residence) -> None:
    (agent.home / "newest").write_text(VALUE)
    assert agent.says("key", "talk") == "taken"
    (agent.home / "newest").write_text("another-key-of-nobody")
    agent.secret(KEYS[agent.card["runtime"]], "another-key-of-nobody")
    assert agent.says("key", "talk") == "taken"
    assert agent.says("key", "other") == "taken"


@pytest.mark.parametrize("word", ["hang", "stream"])
def test_a_cancel_reaches_the_program_which_goes_on_with_the_conversation(agent: Residence, word: str) -> None:
    session = agent.says("history", "talk").split()[0]
    following = Following(agent, word, "talk")
    if word == "stream":
        wait_for("the beginning", lambda: "begun" in following.said)
    assert following.cancel() == "canceled"
    assert agent.says("history", "talk").split()[0] == session


def test_a_program_that_does_not_listen_is_ended(agent: Residence) -> None:
    session = agent.says("history", "talk").split()[0]
    following = Following(agent, "deaf", "talk")
    wait_for("the beginning", lambda: "begun" in following.said)
    assert following.cancel() == "canceled"
    wait_for("its end", lambda: len(processes_with(f"mark-{agent.id}")) == 0)
    assert agent.says("history", "talk").split()[0] == session


def test_a_program_that_dies_says_why_and_is_started_again(agent: Residence) -> None:
    session = agent.says("history", "talk").split()[0]
    answer = agent.ask("die", "talk")
    told = words_in(answer.json())
    assert state_of(answer) == "failed" and "half of it" in told and "status 7" in told and "out of memory" in told
    assert agent.says("history", "talk").split()[0] == session


def test_what_it_says_of_its_own_accord_is_part_of_no_turn(agent: Residence) -> None:
    assert agent.says("adds", "talk") == "as asked"
    # The dialects that end a turn of their own could push all answers back by one.
    wait_for("what it adds", lambda: (agent.home / "added").exists())
    for word in ("one", "two", "three"):
        assert agent.says(word, "talk") == f"heard: {word}"


@pytest.mark.parametrize("runtime", ["claude-code"], indirect=True)
def test_a_turn_of_its_own_that_is_under_way_when_it_is_asked_is_none_of_ours(agent: Residence) -> None:
    assert agent.says("begins-its-own", "talk") == "as asked"
    wait_for("its own turn", lambda: (agent.home / "added").exists())
    for word in ("one", "two"):
        assert agent.says(word, "talk") == f"heard: {word}"


def test_lines_that_make_no_sense_are_skipped(agent: Residence) -> None:
    assert agent.says("junk") == "after all that"


def test_a_long_line_is_taken_whole(agent: Residence) -> None:
    assert agent.says("long") == "x" * (1 << 20)


def test_an_end_that_is_not_told_is_none(agent: Residence) -> None:
    answer = agent.ask("no-end")
    assert state_of(answer) == "failed" and "status 0" in words_in(answer.json()), answer.text


def test_a_turn_without_a_word_has_failed(agent: Residence) -> None:
    answer = agent.ask("empty")
    assert state_of(answer) == "failed" and "without a word" in words_in(answer.json())


def test_a_program_that_closes_its_input_is_started_again(agent: Residence) -> None:
    assert agent.says("closes", "talk") == "deaf from now on"
    assert agent.says("hello", "talk") == "heard: hello"


def test_nothing_that_it_started_outlives_it(agent: Residence) -> None:
    mark = f"mark-{agent.id}"
    assert agent.says("leaves", "talk") == "left something behind"
    assert processes_with(mark)
    assert agent.stop() == 0
    wait_for("the end of all of it", lambda: not processes_with(mark))
