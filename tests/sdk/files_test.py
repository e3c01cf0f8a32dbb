"""Files between people and agents that use the SDK: up, named in a message, down again; on either store, and over a relay."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path
from typing import Any

import requests
from loops import Agents
from molecule_agent import InboundMessage, RelayDelivery, RemoteAgentClient
from stage import Stage, wait_for

EACH_ENGINE = True


def person_sends(stage: Stage, workspace: str, name: str, data: bytes, text: str) -> dict[str, Any]:
    answer = stage._session.post(f"{stage.url}/workspaces/{workspace}/chat/uploads", files={"files": (name, data)}, timeout=30)
    assert answer.status_code == 200, answer.text
    file: dict[str, Any] = answer.json()["files"][0]
    stage.must("POST", f"/workspaces/{workspace}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {
        "role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": text}, {"kind": "file", "file": {
            "uri": file["uri"], "name": file["name"], "mimeType": file["mimeType"], "size": file["size"]}}]}}})
    return file


def answers(stage: Stage, workspace: str) -> list[dict[str, Any]]:
    """The files that messages to it were answered with."""
    rows = stage.must("GET", f"/workspaces/{workspace}/activity?type=a2a_receive&limit=50")
    said = [row["response_body"]["result"] for row in rows if row["method"] == "message/send" and row.get("response_body")]
    return [part["file"] for message in said for part in message["parts"] if "file" in part]


def counting(folder: Path) -> Any:
    """A handler that fetches what it is given and sends back what it made of it."""
    def handle(message: InboundMessage, client: RemoteAgentClient) -> None:
        (file,) = message.files
        got = client.download(file, folder / "in")
        made = folder / f"digest of {got.name}"
        made.write_text(hashlib.sha256(got.read_bytes()).hexdigest())
        client.reply(message, f"read {file.name}", files=client.upload(made))
    return handle


def comes_back(stage: Stage, client: RemoteAgentClient, data: bytes) -> None:
    (named,) = wait_for("the answer", lambda: answers(stage, client.workspace_id))
    file = named["uri"].rpartition("/")[2]
    answer = stage.ask("GET", f"/workspaces/{client.workspace_id}/attachments/{file}")
    assert answer.text == hashlib.sha256(data).hexdigest()


def test_a_file_goes_to_a_polling_agent_and_another_comes_back(stage: Stage, agents: Agents, tmp_path: Path) -> None:
    client = agents.client("poller")
    agents.run(client, counting(tmp_path))
    data = os.urandom(3_000_000)
    file = person_sends(stage, client.workspace_id, "three megabytes.bin", data, "what is its digest?")
    comes_back(stage, client, data)
    gone = stage.ask("GET", f"/workspaces/{client.workspace_id}/pending-uploads/{file['uri'].rpartition('/')[2]}/content")
    assert gone.status_code == 404, "the agent said that it has it"


def test_a_file_reaches_an_agent_that_only_dials_out(stage: Stage, agents: Agents, tmp_path: Path) -> None:
    client = agents.client("relayed")
    agents.run(client, counting(tmp_path), RelayDelivery(client))
    relayed = f"/workspaces/{client.workspace_id}"
    wait_for("the agent", lambda: stage.must("GET", relayed)["status"] == "online")
    data = os.urandom(300_000)
    person_sends(stage, client.workspace_id, "x.bin", data, "and of this?")
    comes_back(stage, client, data)


def test_one_agent_shares_with_another(stage: Stage, agents: Agents, tmp_path: Path) -> None:
    sender, reader, stranger = agents.client("sender"), agents.client("reader"), agents.client("stranger")
    (tmp_path / "shared.csv").write_text("a,b\n1,2\n")
    files = sender.upload(tmp_path / "shared.csv")
    sender.call_peer(reader.workspace_id, "look at this", files=files)
    (message,) = [row for row in reader.fetch_inbound(since_secs=600) if row.files]
    assert message.files[0].name == "shared.csv" and message.files[0].mime_type == "text/csv"
    assert reader.download(message.files[0], tmp_path / "in").read_text() == "a,b\n1,2\n"
    try:
        stranger.download(message.files[0], tmp_path / "in")
        raise AssertionError("a stranger has it")
    except requests.HTTPError as error:
        assert error.response.status_code == 404


def test_files_outlive_the_platform(stage: Stage, agents: Agents, tmp_path: Path) -> None:
    client = agents.client("lasting")
    (tmp_path / "kept.txt").write_text("kept")
    (file,) = client.upload(tmp_path / "kept.txt")
    stage.kill()
    stage.start()
    assert client.download(file, tmp_path / "in").read_text() == "kept"
