"""What an MCP endpoint offers beside words: files, completions, cards in prompts, steps of a call, and headers that mirror arguments."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from chains import Member
from mcp_http import Endpoint, Events, Pair
from placed import Place
from stage import Stage, wait_for


PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")


@pytest.fixture
def pair(stage: Stage) -> Pair:
    return Pair(stage)


@pytest.fixture
def endpoint(pair: Pair) -> Endpoint:
    return pair.endpoint()


def test_the_peer_of_a_call_stands_in_a_header_too(endpoint: Endpoint, pair: Pair) -> None:
    listed = {tool["name"]: tool["inputSchema"]["properties"] for tool in endpoint.bare("tools/list").json()["result"]["tools"]}
    assert listed["delegate_task_async"]["workspace_id"]["x-mcp-header"] == "Peer"
    assert "x-mcp-header" not in str(endpoint.ask("tools/list", {}, "2025-11-25"))
    arguments = {"workspace_id": pair.peer.id, "task": "count"}

    def called(header: str | None, **given: str) -> requests.Response:
        return endpoint.bare("tools/call", "delegate_task_async", headers={"Mcp_Param_Peer": header} if header else {},
                             arguments={**arguments, **given})

    encoded = base64.b64encode(pair.peer.id.encode()).decode()
    for header in (pair.peer.id, f"=?base64?{encoded}?="):
        assert called(header).json()["result"]["isError"] is False
    for header in (None, pair.id, "=?base64?!!!?="):
        answer = called(header)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020), header
    assert endpoint.bare("tools/call", "list_peers", headers={"Mcp_Param_Peer": "x"}).status_code == 200, "none of its arguments"
    assert endpoint.bare("tools/call", "delegate_task_async", headers={"Mcp_Param_Peer": "x"}).status_code == 400, "no such argument"
    # Of earlier revisions no client knows it.
    assert endpoint.says("delegate_task_async", **arguments)["status"] == "delegated"


def test_a_prompt_for_one_peer_shows_its_card(endpoint: Endpoint, pair: Pair) -> None:
    for wanted in (pair.peer.id, pair.peer.name):
        card, work = endpoint.ask("prompts/get", {"name": "hand_over", "arguments": {"task": "count", "peer": wanted}})["result"]["messages"]
        assert card["content"]["resource"]["uri"] == f"molecule://workspaces/{pair.peer.id}/card"
        assert json.loads(card["content"]["resource"]["text"])["name"] == "second"
        assert pair.peer.id in work["content"]["text"]
    asked = {"name": "hand_over", "arguments": {"task": "count", "peer": "nobody"}}
    assert endpoint.ask("prompts/get", asked)["error"]["code"] == -32602


def test_what_is_half_typed_is_completed(stage: Stage, endpoint: Endpoint, pair: Pair) -> None:
    made = {stage.external(f"typist {number} of {pair.id}", pair.id)["id"] for number in range(102)}
    prompt, card = {"type": "ref/prompt", "name": "hand_over"}, {"type": "ref/resource", "uri": "molecule://workspaces/{id}/card"}

    def completed(ref: dict[str, str], argument: str, value: str) -> Any:
        asked = {"ref": ref, "argument": {"name": argument, "value": value}}
        answer = endpoint.ask("completion/complete", asked)
        return answer["result"]["completion"] if "result" in answer else answer["error"]["code"]

    assert completed(prompt, "peer", pair.peer.name.upper()) == {"values": [pair.peer.name], "hasMore": False, "total": 1}
    many = completed(card, "id", f"of {pair.id}")
    assert len(many["values"]) == 100 and many["hasMore"] and set(many["values"]) < made
    assert completed(card, "id", pair.peer.id[:13])["values"] == [pair.peer.id]
    assert completed(prompt, "task", "cou")["values"] == []
    assert completed(prompt, "peer", "nobody is called so")["values"] == []
    for ref, argument in ((prompt, "another"), ({"type": "ref/prompt", "name": "x"}, "peer"), ({"type": "x"}, "peer"), (card, "peer")):
        assert completed(ref, argument, "") == -32602
    bare = endpoint.bare("completion/complete", ref=prompt, argument={"name": "peer", "value": pair.peer.name})
    assert bare.json()["result"]["completion"]["values"] == [pair.peer.name]


def uploaded(stage: Stage, peer: Member, name: str, data: bytes) -> dict[str, Any]:
    sent = stage._session.post(f"{stage.url}/workspaces/{peer.id}/chat/uploads", files={"files": (name, data)}, timeout=30)
    return dict(sent.json()["files"][0])


def test_files_of_a_result_come_along(stage: Stage, endpoint: Endpoint, pair: Pair) -> None:
    large = b"\0" * (5 << 20)
    files = [uploaded(stage, pair.peer, name, data) for name, data in
             (("a.png", PIXEL), ("a.txt", b"[A2A_RESULT_FROM_PEER] words"), ("a.bin", b"\0\1"), ("large.bin", large))]
    task = endpoint.says("delegate_task_async", workspace_id=pair.peer.id, task="draw")["delegation_id"]
    parts = [{"kind": "text", "text": "here"}, *({"kind": "file", "file": {key: file[key] for key in ("uri", "name", "mimeType")}}
                                                 for file in files)]
    row = pair.asked_of_peer("draw")
    pair.peer.must("POST", f"/workspaces/{pair.id}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {
        "role": "agent", "messageId": uuid.uuid4().hex, "parts": parts, "metadata": {"reply_to": row["id"]}}}})

    def content(revision: str, asker: Endpoint = endpoint) -> list[dict[str, Any]]:
        result = asker.ask("tools/call", {"name": "check_task_status", "arguments": {"task_id": task}}, revision)["result"]
        assert not result["isError"] and json.loads(result["content"][0]["text"])["status"] == "completed"
        return list(result["content"][1:])

    image, words, blob, link = content("2025-06-18")
    assert (image["type"], base64.b64decode(image["data"]), image["mimeType"]) == ("image", PIXEL, "image/png")
    assert words["resource"]["mimeType"] == "text/plain" and "words" in words["resource"]["text"]
    assert base64.b64decode(blob["resource"]["blob"]) == b"\0\1"
    assert (link["type"], link["name"]) == ("resource_link", "large.bin")
    assert [each["type"] for each in content("2024-11-05")] == ["image", "resource", "resource"]
    # Each is read by itself as well, as it is; what is too large is not, and strangers have none.
    read = endpoint.ask("resources/read", {"uri": words["resource"]["uri"]})["result"]["contents"]
    assert read[0]["text"] == "[A2A_RESULT_FROM_PEER] words"
    assert "MiB" in endpoint.ask("resources/read", {"uri": link["uri"]})["error"]["message"]
    stranger = Member(stage, "stranger")
    elsewhere = Endpoint(stage, stranger.id, stranger._token)
    assert elsewhere.ask("resources/read", {"uri": words["resource"]["uri"]})["error"]["code"] == -32002


def test_progress_tells_each_step(endpoint: Endpoint, pair: Pair) -> None:
    answer = endpoint.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "delegate_task", "arguments": {"workspace_id": pair.peer.id, "task": "step by step"}, "_meta": {"progressToken": "t"}}},
        MCP_Protocol_Version="2025-11-25")
    events = Events(answer)
    pair.peer.reply(pair.asked_of_peer("step by step"), "done")
    steps = []
    while "method" in (told := events.message()):
        steps.append(told["params"])
    assert [step["progress"] for step in steps] == list(range(1, len(steps) + 1)) and len(steps) >= 3
    assert "completed" in steps[-1]["message"] and "done" in told["result"]["content"][0]["text"]


def test_pictures_of_a_result_come_along_on_standard_output(stage: Stage, tmp_path: Path) -> None:
    place, peer = Place(stage, tmp_path), Member(stage, "painter")
    try:
        files = [uploaded(stage, peer, "a.png", PIXEL), uploaded(stage, peer, "a.bin", b"\0\1")]
        task = json.loads(place.client.says("delegate_task_async", workspace_id=peer.id, task="paint"))["delegation_id"]
        row = wait_for("the task", lambda: [row for row in peer.inbox() if (row.get("data") or {}).get("text") == "paint"])[0]
        parts = [{"kind": "text", "text": "here"}, *({"kind": "file", "file": {key: file[key] for key in ("uri", "name", "mimeType")}}
                                                     for file in files)]
        peer.must("POST", f"/workspaces/{place.id}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {
            "role": "agent", "messageId": uuid.uuid4().hex, "parts": parts, "metadata": {"reply_to": row["id"]}}}})
        asked = place.client.ask("tools/call", {"name": "check_task_status", "arguments": {"task_id": task}})
        said, image = asked["result"]["content"]
        assert {file["name"] for file in json.loads(said["text"])["files"]} == {"a.png", "a.bin"}
        assert (image["type"], base64.b64decode(image["data"]), image["mimeType"]) == ("image", PIXEL, "image/png")
    finally:
        place.close()
