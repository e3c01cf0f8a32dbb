"""`molecule join --command` with files: those of the message in a folder, and those that the command leaves for its answer."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from dialling import Joining, events, said

# What was given, in order, and a file made of it.
SUMS = 'cd "$MOLECULE_FILES" && for each in *; do printf "%s %s\\n" "$each" "$(wc -c < "$each")"; done'


def uploaded(joining: Joining, workspace: str, name: str, data: bytes) -> dict[str, Any]:
    answer = joining.stage._session.post(f"{joining.stage.url}/workspaces/{workspace}/chat/uploads",
                                         files={"files": (name, data)}, timeout=30)
    return dict(answer.json()["files"][0])


def asks(*parts: dict[str, Any], method: str = "message/send", **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": {
        "messageId": uuid.uuid4().hex, "role": "user", "parts": [{"kind": "text", "text": "go"}, *parts], **more}}}


def part(file: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "file", "file": file}


def ask(joining: Joining, workspace: str, body: dict[str, Any]) -> Any:
    answer = joining.stage.must("POST", f"/workspaces/{workspace}/a2a", body)
    assert "result" in answer, answer
    return answer


def files_of(answer: Any) -> list[dict[str, Any]]:
    result = answer["result"]
    parts = result.get("parts") or [part for artifact in result.get("artifacts", []) for part in artifact["parts"]]
    return [each["file"] for each in parts if "file" in each]


def left(joining: Joining, workspace: str) -> list[Path]:
    folder = joining.folder / workspace / "state" / "join" / workspace / "files"
    return list(folder.iterdir()) if folder.exists() else []


def test_a_command_gets_the_files_of_its_message(joining: Joining) -> None:
    workspace, token = joining.workspace("reads")
    joining.join(workspace, token, "--command", SUMS)
    joining.online(workspace)
    large = uploaded(joining, workspace, "large.bin", b"x" * 3_000_000)
    same = uploaded(joining, workspace, "note.txt", b"one")
    inline = {"name": "../note.txt", "bytes": base64.b64encode(b"four").decode()}
    elsewhere = {"name": "far.txt", "uri": "https://example.org/far.txt"}
    answer = ask(joining, workspace, asks(part(large), part(same), part(inline), part(elsewhere)))
    assert sorted(said(answer).split("\n")) == ["", "2-note.txt 4", "large.bin 3000000", "note.txt 3"]
    flat = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": {
        "messageId": uuid.uuid4().hex, "role": "ROLE_USER",
        "parts": [{"text": "go"}, {"url": same["uri"], "filename": "flat.txt", "mediaType": "text/plain"}]}}}
    answer = ask(joining, workspace, flat)
    assert answer["result"]["message"]["parts"][0]["text"] == "flat.txt 3\n"
    assert left(joining, workspace) == [], "they are gone with the run"


def test_a_command_answers_with_files(joining: Joining) -> None:
    workspace, token = joining.workspace("writes")
    joining.join(workspace, token, "--command",
                 'printf made; printf a,b > "$MOLECULE_ANSWER_FILES/table.csv"; ln -s /etc/passwd "$MOLECULE_ANSWER_FILES/link"')
    joining.online(workspace)
    answer = ask(joining, workspace, asks())
    (file,) = files_of(answer)
    assert said(answer) == "made" and file["name"] == "table.csv"
    place = f"/workspaces/{workspace}/attachments/{file['uri'].rpartition('/')[2]}"
    assert joining.stage.ask("GET", place).content == b"a,b"
    with joining.stage.ask("POST", f"/workspaces/{workspace}/a2a", asks(method="message/stream"), stream=True) as response:
        pieces = [event["result"] for _, event in events(response)]
    found = [each["file"]["name"] for piece in pieces if piece["kind"] == "artifact-update"
             for each in piece["artifact"]["parts"] if "file" in each]
    assert found == ["table.csv"] and pieces[-1]["status"]["state"] == "completed"
    assert left(joining, workspace) == []


def test_what_a_killed_one_has_left_goes_at_the_next_start(joining: Joining) -> None:
    workspace, token = joining.workspace("killed")
    joined = joining.join(workspace, token, "--command", "sleep 5")
    joining.online(workspace)
    with pytest.raises(requests.Timeout):
        joining.stage._session.post(f"{joining.stage.url}/workspaces/{workspace}/a2a", json=asks(), timeout=1)
    (kit,) = left(joining, workspace)
    (kit / "files" / "mark").touch()
    joined.kill()
    joining.join(workspace, None, "--command", "true").wait_for('"connected"')
    assert not (kit / "files" / "mark").exists()


def test_a_file_that_cannot_be_had_fails_the_message(joining: Joining) -> None:
    workspace, token = joining.workspace("missing")
    joining.join(workspace, token, "--command", "echo ran")
    joining.online(workspace)
    broken = {"name": "x.bin", "bytes": "no base64 at all"}
    answer = ask(joining, workspace, asks(part(broken)))
    assert answer["result"]["status"]["state"] == "failed"
    assert "x.bin" in json.dumps(answer) and "ran" not in json.dumps(answer)


def test_a_command_is_told_which_task_its_message_goes_on_with(joining: Joining) -> None:
    workspace, token = joining.workspace("goes on")
    joining.join(workspace, token, "--command",
                 'printf "%s %s %s" "$MOLECULE_TASK_ID" "$MOLECULE_CONTEXT_ID" "$(grep -c go "$MOLECULE_MESSAGE")"')
    joining.online(workspace)
    assert said(ask(joining, workspace, asks(taskId="t-1", contextId="c-1"))) == "t-1 c-1 1"
    task, _, context = said(ask(joining, workspace, asks())).partition(" ")
    assert task == "" and context.split()[0] != "c-1"
