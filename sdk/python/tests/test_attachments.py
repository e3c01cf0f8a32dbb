"""Files: how they are sent up, named, found in messages and fetched."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import WORKSPACE
from molecule_agent import InboundMessage, PlatformError, PollDelivery, RemoteAgentClient, SharedFile
from scripted_platform import Reply, Request, ScriptedPlatform

SELF = f"/workspaces/{WORKSPACE}"
FILE = "22222222-2222-4333-8444-555555555555"
PEER = "99999999-2222-4333-8444-555555555555"
URI = f"platform-pending:{WORKSPACE}/{FILE}"


def file(uri: str = URI, name: str = "a.txt") -> SharedFile:
    return SharedFile(uri, name, "text/plain", 3)


@pytest.mark.parametrize("part", [
    {"kind": "file", "file": {"uri": URI, "name": "a.txt", "mimeType": "text/plain", "size": 3}},
    {"type": "file", "uri": URI, "name": "a.txt", "mimeType": "text/plain", "size": 3},
    {"url": URI, "filename": "a.txt", "mediaType": "text/plain", "size": 3}])
def test_files_of_either_generation(part: dict[str, Any]) -> None:
    for body in ({"params": {"message": {"parts": [{"text": "x"}, part]}}}, {"parts": [part, 7, None]}):
        message = InboundMessage.from_row({"id": "1", "request_body": body})
        assert message is not None and message.files == [file()]


def test_an_upload_is_streamed_as_a_form(platform: ScriptedPlatform, client: RemoteAgentClient, tmp_path: Path) -> None:
    (tmp_path / 'x "y".txt').write_bytes(b"abc" * 200_000)
    (tmp_path / "b").write_bytes(b"")
    told = [{"uri": URI, "name": "x__y_.txt", "mimeType": "text/plain", "size": 600_000}, {"uri": URI, "name": "b"}]
    platform.on("POST", f"{SELF}/chat/uploads", {"files": told})
    files = client.upload(tmp_path / 'x "y".txt', str(tmp_path / "b"))
    assert [f.name for f in files] == ["x__y_.txt", "b"] and files[0].size == 600_000
    (asked,) = platform.asked("POST", f"{SELF}/chat/uploads")
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert int(headers["content-length"]) == len(asked.body) and "boundary=" in headers["content-type"]
    assert asked.body.count(b'name="files"') == 2 and b'filename="x _y_.txt"' in asked.body and b"abc" * 200_000 in asked.body


def test_what_is_not_taken_is_told(platform: ScriptedPlatform, client: RemoteAgentClient, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    platform.on("POST", f"{SELF}/chat/uploads", Reply(413, {"error": "file exceeds per-file cap", "code": "file_too_large"}))
    with pytest.raises(PlatformError) as caught:
        client.upload(tmp_path / "a")
    assert caught.value.code == "file_too_large"
    with pytest.raises(OSError):
        client.upload(tmp_path / "missing")


@pytest.mark.parametrize(("name", "kept"), [
    ("a.txt", "a.txt"), ("../../etc/passwd", "passwd"), ("C:\\x\\y.txt", "y.txt"), ("..", "file"), (".ssh", "ssh"), ("a b", "a_b")])
def test_a_download_never_leaves_its_folder(platform: ScriptedPlatform, client: RemoteAgentClient, tmp_path: Path,
                                            name: str, kept: str) -> None:
    platform.on("GET", f"{SELF}/attachments/{FILE}", Reply(200, "words"))
    platform.on("POST", f"{SELF}/pending-uploads/{FILE}/ack", {"acked": True})
    got = client.download(file(name=name), tmp_path / "in")
    assert got == tmp_path / "in" / kept and json.loads(got.read_text()) == "words"
    assert len(platform.asked("POST", f"{SELF}/pending-uploads/{FILE}/ack")) == 1
    again = client.download(file(name=name), tmp_path / "in")
    assert again != got and again.parent == got.parent and len(list((tmp_path / "in").iterdir())) == 2


def test_a_peers_file_and_a_place_are_fetched_by_ones_own_path(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                               tmp_path: Path) -> None:
    platform.on("GET", f"{SELF}/attachments/{FILE}", Reply(200, "words"))
    for uri in (f"platform-pending:{PEER}/{FILE}", f"https://elsewhere.example/workspaces/{PEER}/attachments/{FILE}"):
        client.download(file(uri), tmp_path)
    assert [r.path for r in platform.requests] == [f"{SELF}/attachments/{FILE}"] * 2, "nobody else sees the token"
    for foreign in ("https://files.example/report.pdf", "workspace:/workspace/x", "file:///etc/passwd", ""):
        with pytest.raises(ValueError):
            client.download(file(foreign), tmp_path)


def test_inline_bytes(client: RemoteAgentClient, tmp_path: Path) -> None:
    shared = SharedFile.from_part({"kind": "file", "file": {"bytes": base64.b64encode(b"inside").decode(), "name": "x"}})
    assert shared is not None and client.download(shared, tmp_path).read_bytes() == b"inside"


def test_a_download_is_bounded_and_leaves_nothing(platform: ScriptedPlatform, client: RemoteAgentClient, tmp_path: Path) -> None:
    platform.on("GET", f"{SELF}/attachments/{FILE}", Reply(200, "x" * 1000), Reply(404, {"error": "no", "code": "attachment_not_found"}))
    with pytest.raises(PlatformError):
        client.download(file(), tmp_path / "in", limit=999)
    with pytest.raises(PlatformError) as caught:
        client.download(file(), tmp_path / "in")
    assert caught.value.code == "attachment_not_found"
    assert list((tmp_path / "in").iterdir()) == []


def test_replies_name_files(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("POST", f"{SELF}/notify", {"status": "sent"})
    platform.on("POST", f"/workspaces/{PEER}/a2a", {"status": "recorded"})
    told = {"uri": URI, "name": "a.txt", "mimeType": "text/plain", "size": 3}
    client.reply(InboundMessage("1", "canvas_user", "", "hi"), "here", files=[file()])
    assert platform.asked("POST", f"{SELF}/notify")[0].json()["attachments"] == [told]
    client.reply(InboundMessage("1", "peer_agent", PEER, "hi"), "here", files=[file()])
    client.call_peer(PEER, "look", files=[file()])
    for request in platform.asked("POST", f"/workspaces/{PEER}/a2a"):
        assert request.json()["params"]["message"]["parts"][1] == {"kind": "file", "file": told}


def test_news_of_a_file_is_no_message(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    row = {"id": "row-1", "seq": 1, "activity_type": "a2a_receive", "method": "chat_upload_receive", "source_id": None,
           "request_body": {"file_id": FILE, "uri": URI, "name": "a.txt"}, "summary": "File: a.txt"}

    def once(request: Request) -> Reply:
        return Reply(200, [] if "since_id" in request.query else [row])

    platform.on("GET", f"{SELF}/activity", once)
    delivery = PollDelivery(client, interval=0)
    assert delivery.run_once(lambda message, agent: pytest.fail("it is no message")) == 0
    assert delivery.cursor == "row-1"
