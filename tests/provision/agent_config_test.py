"""The configuration of an agent that the platform runs, with the real runtime: judged, written, taken up or refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from stage import Stage, wait_for
from stand_in import answer, end, make, online


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("real"), "--agents-linger", "2")
    made.start()
    yield made
    end(made)


@pytest.fixture
def agent(real: Stage, request: pytest.FixtureRequest) -> Iterator[str]:
    workspace = make(real, request.node.name, "sed 's/^/one /'")
    online(real, workspace)
    yield workspace
    real.must("DELETE", f"/workspaces/{workspace}")


def config(stage: Stage, workspace: str) -> dict[str, Any]:
    return dict(stage.must("GET", f"/workspaces/{workspace}/config"))


def state(stage: Stage, workspace: str, wanted: str) -> dict[str, Any]:
    return dict(wait_for(f"its configuration to be {wanted}", lambda: (now := config(stage, workspace))["state"] == wanted and now, 20))


def refused(stage: Stage, workspace: str, method: str, body: Any, code: str, path: str = "config", **options: Any) -> dict[str, Any]:
    got = stage.ask(method, f"/workspaces/{workspace}/{path}", body, **options)
    assert got.status_code in (400, 409) and got.json()["code"] == code, got.text
    return dict(got.json())


def test_what_is_changed_is_taken_up_by_the_running_agent(real: Stage, agent: str) -> None:
    first = state(real, agent, "applied")
    assert first["data"]["runtime"] == "command" and first["data"]["runtime_config"] == {"command": "sed 's/^/one /'"}
    assert first["text"].startswith("# Written by the platform") and first["problems"] == [] and first["remarks"] == []
    pid = real.must("GET", f"/workspaces/{agent}/process")["pid"]
    assert answer(real, agent, "hello") == "one hello"

    changed = real.must("PATCH", f"/workspaces/{agent}/config", {"runtime_config": {"command": "sed 's/^/two /'"}, "description": "Counts"})
    assert changed["status"] == "updated"
    now = state(real, agent, "applied")
    assert now["version"] == changed["version"] != first["version"]
    assert now["text"].startswith("# Written by the platform"), "what was not meant stays as it stood"
    wait_for("the new command to answer", lambda: answer(real, agent, "hello") == "two hello")
    wait_for("its card", lambda: real.workspace(agent)["agent_card"]["description"] == "Counts")

    text = now["text"].replace("two", "three") + "# by hand\n"
    assert real.must("PUT", f"/workspaces/{agent}/config", {"text": text}, headers={"If-Match": f'"{now["version"]}"'})["status"] == "saved"
    assert state(real, agent, "applied")["text"] == text
    wait_for("the newest command to answer", lambda: answer(real, agent, "hello") == "three hello")
    assert real.must("GET", f"/workspaces/{agent}/process")["pid"] == pid, "nothing was started again"


def test_what_no_agent_could_go_by_is_refused_with_its_place(real: Stage, agent: str) -> None:
    before = state(real, agent, "applied")
    good = before["text"]
    for text, line, what in ((good + "name: [\n", None, ""), (good + "\truntime: x\n", None, ""), ("- a\n", 1, "expected names"),
                             (good + "name: twice\n", good.count("\n") + 1, "twice"), ("name: x\nruntime: nonsense\n", 2, "no runtime nonsense"),
                             ("name: x\nruntime: command\n", 2, "runs for each message"), ("", None, "names no runtime"),
                             ("runtime: command\nruntime_config:\n  command: x\n  timeout: soon\n", 4, "whole number"), ("#" * 300_000, None, "longer than"),
                             ("a: " + "[" * 600 + "]" * 600 + "\n", 1, "deep"), ("runtime: *nobody\n", 1, "")):
        said = refused(real, agent, "PUT", {"text": text}, "config_invalid")
        assert said["problems"] and what in said["problems"][0]["text"], said
        assert line is None or said["problems"][0]["line"] == line, said
        if len(text) < 100_000:
            refused(real, agent, "PUT", {"content": text}, "config_invalid", path="files/config.yaml")
            refused(real, agent, "PUT", None, "config_invalid", path="file-bytes/config.yaml", data=text.encode())
            refused(real, agent, "PUT", {"files": {"other.md": "x", "config.yaml": text}}, "config_invalid", path="files")
    refused(real, agent, "PATCH", {"runtime": "nonsense"}, "config_invalid")
    refused(real, agent, "PATCH", {"runtime": None}, "config_invalid")
    refused(real, agent, "PATCH", {"runtime_config": {"timeout": 0}}, "config_invalid")
    for body in ([], "text", 5):
        assert real.ask("PATCH", f"/workspaces/{agent}/config", body).status_code == 400
    after = config(real, agent)
    assert after == before and real.ask("GET", f"/workspaces/{agent}/files/other.md").status_code == 404
    assert answer(real, agent, "still") == "one still"
    # What nobody reads is remarked upon, and no reason to refuse.
    saved = real.must("PATCH", f"/workspaces/{agent}/config", {"colour": "blue"})
    assert saved["remarks"][0]["key"] == "colour" and saved["remarks"][0]["line"] == good.count("\n") + 1


def test_what_somebody_breaks_in_the_directory_is_told(real: Stage, agent: str) -> None:
    state(real, agent, "applied")
    file = real.data / "agents" / agent / "config/config.yaml"
    good = file.read_text()
    file.write_text(good + "name: [\n")
    now = state(real, agent, "refused")
    assert "line" in now["reason"] and now["problems"][0]["line"] and now["data"] == {}
    assert answer(real, agent, "hello") == "one hello", "the earlier one stays"
    refused(real, agent, "PATCH", {"name": "x"}, "invalid_yaml")
    real.must("PUT", f"/workspaces/{agent}/config", {"text": good})
    assert "reason" not in state(real, agent, "applied")


def test_two_people_do_not_overwrite_each_other(real: Stage, agent: str) -> None:
    first = config(real, agent)
    guard = {"If-Match": f'"{first["version"]}"'}
    real.must("PUT", f"/workspaces/{agent}/config", {"text": first["text"] + "# one\n"}, headers=guard)
    late = refused(real, agent, "PUT", {"text": first["text"] + "# other\n"}, "file_changed", headers=guard)
    assert late["version"] == config(real, agent)["version"]
    refused(real, agent, "PATCH", {"name": "x"}, "file_changed", headers=guard)
    assert config(real, agent)["text"].endswith("# one\n")

    # Many at once, each of a member of its own: what is done stands.
    done = []

    def change(number: int) -> None:
        got = real.ask("PATCH", f"/workspaces/{agent}/config", {f"key_{number}": number})
        if got.ok:
            done.append(number)
        else:
            assert got.json()["code"] == "file_changed"
    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    data = config(real, agent)["data"]
    assert done and all(data[f"key_{number}"] == number for number in done)


def test_a_paused_agent_goes_by_it_when_it_is_started(real: Stage, agent: str) -> None:
    real.must("POST", f"/workspaces/{agent}/pause")
    wait_for("it to stop", lambda: real.must("GET", f"/workspaces/{agent}/process")["state"] == "stopped")
    real.must("PATCH", f"/workspaces/{agent}/config", {"runtime_config": {"command": "sed 's/^/later /'"}})
    assert config(real, agent)["state"] == "stopped"
    real.must("POST", f"/workspaces/{agent}/resume")
    online(real, agent)
    state(real, agent, "applied")
    assert answer(real, agent, "hello") == "later hello"


def test_who_may_and_who_has_none(real: Stage, agent: str) -> None:
    def key(scope: str) -> dict[str, str]:
        return {"Authorization": "Bearer " + real.must("POST", "/org/tokens", {"name": scope, "scope": scope})["auth_token"]}
    reader, operator = key("read"), key("operate")
    assert real.ask("GET", f"/workspaces/{agent}/config", headers=reader).status_code == 403
    assert real.ask("PATCH", f"/workspaces/{agent}/config", {"name": "x"}, headers=reader).status_code == 403
    assert real.ask("GET", f"/workspaces/{agent}/config", headers=operator).status_code == 200
    assert real.ask("PATCH", f"/workspaces/{agent}/config", {"name": "x"}, headers=operator).status_code == 200
    external = real.external("from elsewhere")["id"]
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("PUT", {"text": "name: x\n"})):
        got = real.ask(method, f"/workspaces/{external}/config", body)
        assert got.status_code == 404 and got.json()["code"] == "agent_not_here"
