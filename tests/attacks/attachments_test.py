"""Files: what is sent up is bounded, is never a path and never a page, and comes down only to whoever may see a message that
names it."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from attackers import Org, PushAgents, Resident, answer_bytes, message, refused
from stage import Stage, wait_for
from streams_test import HEAD, STREAMS, TASK, asks, event, status

MB = 1024 * 1024


def form(*parts: tuple[str, str | None, bytes], boundary: str = "b", end: bool = True) -> bytes:
    """Parts as (field, file name, bytes)."""
    body = b""
    for name, filename, data in parts:
        named = "" if filename is None else f'; filename="{filename}"'
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + data + b"\r\n"
    return body + (f"--{boundary}--\r\n".encode() if end else b"")


FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def send(org: Org, agent: Resident, body: bytes, token: str | None = None, headers: dict[str, str] | None = None) -> Any:
    return org.ask("POST", f"/workspaces/{agent.id}/chat/uploads", raw=body, token=token, headers={**FORM, **(headers or {})},
                   timeout=60)


def uploaded(org: Org, agent: Resident, data: bytes, name: str = "a.txt", token: str | None = None) -> dict[str, Any]:
    answer = send(org, agent, form(("files", name, data)), token)
    assert answer.status_code == 200, answer.text
    file: dict[str, Any] = answer.json()["files"][0]
    return file


def refused_as(answer: Any, status: int, code: str) -> None:
    assert refused(answer, status)["code"] == code, answer.text


def file_id(file: dict[str, Any]) -> str:
    return str(file["uri"]).rpartition("/")[2]


def place(agent: Resident, file: dict[str, Any]) -> str:
    return f"/workspaces/{agent.id}/attachments/{file_id(file)}"


def naming(file: dict[str, Any], text: str = "see") -> dict[str, Any]:
    body = message(text)
    body["params"]["message"]["parts"].append({"kind": "file", "file": {
        "uri": file["uri"], "name": file["name"], "mimeType": file["mimeType"]}})
    return body


def poller(org: Org, name: str = "reader", parent: str | None = None) -> Resident:
    agent = org.resident(name, parent)
    assert agent.register().status_code == 200
    return agent


def rows(agent: Resident, **wanted: str) -> list[dict[str, Any]]:
    found = agent.ask("GET", "/workspaces/SELF/activity?type=a2a_receive&since_secs=600").json()
    return [row for row in found if all(row.get(name) == value for name, value in wanted.items())]


def blobs(stage: Stage) -> list[Path]:
    return [path for path in (stage.data / "attachments").rglob("*") if path.is_file()]


def test_limits_are_told_to_everybody(org: Org) -> None:
    answer = org.ask("GET", "/uploads/limits", token="")
    assert answer.json() == {"per_file_bytes": 104857600, "per_request_bytes": 104857600, "max_attachments_per_message": 10}


def test_a_polling_agent_is_told_fetches_and_acknowledges(org: Org) -> None:
    agent = poller(org)
    data = b"some words\n"
    answer = send(org, agent, form(("files", "notes to read.md", data), ("comment", None, b"x"), ("files", "b.bin", b"\0\1")))
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["files"]
    assert first == {"uri": f"platform-pending:{agent.id}/{file_id(first)}", "name": "notes_to_read.md",
                     "mimeType": "text/markdown", "size": len(data)}
    told = rows(agent, method="chat_upload_receive")
    assert [row["request_body"] for row in told] == [{"file_id": file_id(file), **{k: file[k] for k in
                                                     ("name", "mimeType", "size", "uri")}} for file in (first, second)]
    assert all(row["data"]["source"] == "self" for row in told), "there is nobody to answer"
    path = f"/workspaces/SELF/pending-uploads/{file_id(first)}"
    content = agent.ask("GET", path + "/content")
    assert content.content == data and content.headers["Content-Type"] == "text/markdown"
    assert content.headers["Content-Disposition"] == 'attachment; filename="notes_to_read.md"'
    assert agent.ask("POST", path + "/ack").json() == {"acked": True}
    refused_as(agent.ask("POST", path + "/ack"), 404, "pending_upload_not_found")
    gone = agent.ask("GET", path + "/content")
    assert gone.status_code == 404 and gone.json()["error"] == "pending upload not found or expired"
    refused_as(agent.ask("GET", "/workspaces/SELF/pending-uploads/nonsense/content"), 400, "invalid_file_id")


def test_what_an_agent_sends_up_itself_is_no_news_to_it(org: Org) -> None:
    agent = poller(org)
    uploaded(org, agent, b"mine", token=agent.token)
    assert rows(agent) == []


@pytest.mark.parametrize(("sent", "kept"), [
    ("../../../etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot.ini"), ("/abs/olute", "olute"), ("..", "file"), (".", "file"),
    ("", "file"), ("a b;c.txt", "a_b_c.txt"), ("naïve 文.txt", "na_ve__.txt"), ("x" * 300 + ".tar.gz", "x" * 97 + ".gz"),
    ("a\x7f.txt", None), ("%2e%2e%2f.txt", "_2e_2e_2f.txt"),
])
def test_names_are_data(org: Org, stage: Stage, sent: str, kept: str | None) -> None:
    agent = poller(org)
    answer = send(org, agent, form(("files", sent, b"unique " + uuid.uuid4().bytes)))
    if kept is None:
        refused_as(answer, 400, "malformed_multipart")
        return
    assert answer.json()["files"][0]["name"] == kept
    inside = (stage.data / "attachments").resolve()
    assert all(path.resolve().is_relative_to(inside) and path.name.isalnum() for path in blobs(stage))


def test_a_page_comes_down_as_a_file(org: Org) -> None:
    agent = poller(org)
    for name, kind in (("page.html", "text/html"), ("pic.svg", "image/svg+xml")):
        file = uploaded(org, agent, b"<svg onload=alert(1)><script>alert(2)</script>", name)
        assert file["mimeType"] == kind
        got = org.ask("GET", place(agent, file))
        assert got.headers["Content-Disposition"].startswith("attachment;")
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in got.headers["Content-Security-Policy"] and "default-src 'none'" in got.headers["Content-Security-Policy"]
    lie = send(org, agent, form(("files", "x.png", b"<script>")).replace(b"\r\n\r\n<", b"\r\nContent-Type: image/png\r\n\r\n<"))
    assert lie.json()["files"][0]["mimeType"] == "text/plain", "a type is told by the bytes"


def test_only_who_may_see_the_message_may_fetch(org: Org) -> None:
    owner, friend, stranger = poller(org, "owner"), poller(org, "friend"), poller(org, "stranger")
    file = uploaded(org, owner, b"between us", token=owner.token)
    refused_as(friend.ask("GET", place(friend, file)), 404, "attachment_not_found")
    refused_as(friend.ask("GET", place(owner, file)), 403, "token_workspace_mismatch")
    refused(org.ask("GET", place(owner, file), token=""), 401)
    # Whoever only knows its name gives it to nobody.
    refused_as(stranger.ask("POST", f"/workspaces/{friend.id}/a2a", naming(file)), 422, "attachment_unknown")
    spoken_of = message(f"have a look at {file['uri']}")
    assert stranger.ask("POST", f"/workspaces/{friend.id}/a2a", spoken_of).status_code < 300
    refused_as(friend.ask("GET", place(friend, file)), 404, "attachment_not_found")
    assert owner.ask("POST", f"/workspaces/{friend.id}/a2a", naming(file)).status_code < 300
    assert friend.ask("GET", place(friend, file)).content == b"between us"
    refused_as(stranger.ask("GET", place(stranger, file)), 404, "attachment_not_found")
    for path in (f"/workspaces/{friend.id}/pending-uploads/{file_id(file)}/content",
                 f"/workspaces/{stranger.id}/pending-uploads/{file_id(file)}/content"):
        refused_as(org.ask("GET", path), 404, "pending_upload_not_found")


def artifact(file: dict[str, Any]) -> dict[str, Any]:
    return {"artifactId": "a", "parts": [{"kind": "file", "file": {"uri": file["uri"], "name": file["name"], "mimeType": file["mimeType"]}}]}


def test_a_file_comes_with_the_piece_that_names_it(org: Org, push_agents: PushAgents) -> None:
    """Not only with the end of the stream, which may be a day away."""
    go_on = threading.Event()
    made: list[dict[str, Any]] = []

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        update = {"kind": "artifact-update", "taskId": "t", "contextId": "c", "artifact": artifact(made[0])}
        connection.sendall(HEAD + event(TASK) + event(update))
        go_on.wait(30)
        connection.sendall(event(status("completed", True)))

    agent, peer = org.resident("streams"), poller(org, "peer")
    assert agent.register(url=push_agents.start(answer), delivery_mode="push", agent_card=STREAMS).status_code == 200
    made.append(uploaded(org, agent, b"so far", token=agent.token))
    refused_as(peer.ask("GET", place(peer, made[0])), 404, "attachment_not_found")
    asking = threading.Thread(target=lambda: peer.ask("POST", f"/workspaces/{agent.id}/a2a", asks("work", "m-file")))
    asking.start()
    try:
        wait_for("the file to be theirs too", lambda: peer.ask("GET", place(peer, made[0])).content == b"so far")
        assert asking.is_alive()
    finally:
        go_on.set()
        asking.join()


def test_a_file_comes_with_what_an_agent_says_of_its_task_later(org: Org, push_agents: PushAgents) -> None:
    made: list[dict[str, Any]] = []

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        call = json.loads(body)
        task: dict[str, Any] = {"kind": "task", "id": "t", "contextId": "c", "status": {"state": "working"}}
        if call["method"] == "tasks/get":
            task |= {"status": {"state": "completed"}, "artifacts": [artifact(made[0])]}
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": task})))

    agent, peer = org.resident("works"), poller(org, "peer")
    assert agent.register(url=push_agents.start(answer), delivery_mode="push").status_code == 200
    made.append(uploaded(org, agent, b"at last", token=agent.token))
    there = f"/workspaces/{agent.id}/a2a"
    assert peer.ask("POST", there, message("work", "m-later")).json()["result"]["status"]["state"] == "working"
    refused_as(peer.ask("GET", place(peer, made[0])), 404, "attachment_not_found")
    told = peer.ask("POST", there, {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"id": "t"}}).json()
    assert told["result"]["status"]["state"] == "completed", told
    assert peer.ask("GET", place(peer, made[0])).content == b"at last"


def test_nobody_is_given_a_file_for_having_named_it(org: Org) -> None:
    """Who records how its delegation ended writes that itself, whoever did the work."""
    asker, worker = poller(org), poller(org)
    kept = uploaded(org, worker, b"for nobody else")
    recorded = asker.ask("POST", "/workspaces/SELF/delegations/record", {"target_id": worker.id, "task": "work", "delegation_id": str(uuid.uuid4())})
    assert recorded.status_code == 202, recorded.text
    path = f"/workspaces/SELF/delegations/{recorded.json()['delegation_id']}/update"
    said = str(kept["uri"])
    assert asker.ask("POST", path, {"status": "completed", "response_preview": said}).status_code == 200
    assert asker.ask("GET", place(asker, kept)).status_code == 404


def test_ranges(org: Org) -> None:
    agent = poller(org)
    data = bytes(range(256)) * 2000
    file = uploaded(org, agent, data, "x.bin")
    def get(**headers: str) -> Any:
        return org.ask("GET", place(agent, file), headers={name.replace("_", "-"): value for name, value in headers.items()})
    whole = get()
    assert whole.content == data and whole.headers["Accept-Ranges"] == "bytes"
    tag = whole.headers["ETag"]
    assert tag == f'"{hashlib.sha256(data).hexdigest()}"'
    part = get(Range="bytes=1000-400000")
    assert part.status_code == 206 and part.content == data[1000:400001]
    assert part.headers["Content-Range"] == f"bytes 1000-400000/{len(data)}"
    assert get(Range="bytes=-5").content == data[-5:]
    beyond = get(Range=f"bytes={len(data)}-")
    assert beyond.status_code == 416 and beyond.headers["Content-Range"] == f"bytes */{len(data)}"
    assert get(Range="bytes=0-1,5-6").status_code == 200
    assert get(Range="bytes=0-1", If_Range='"other"').content == data
    assert get(If_None_Match=tag).status_code == 304
    assert org.ask("HEAD", place(agent, file)).headers["Content-Length"] == str(len(data))


def test_an_empty_file_is_a_file(org: Org) -> None:
    agent = poller(org)
    file = uploaded(org, agent, b"", "empty.txt")
    got = org.ask("GET", place(agent, file))
    assert file["size"] == 0 and got.status_code == 200 and got.content == b""


@pytest.mark.parametrize("body", [
    b"", b"--b--\r\n", b"no boundary", form(("files", "a", b"x"), end=False), form(("files", "a", b"x")).replace(b"\r\n", b"\n"),
    form(("files", "a", b"x"), boundary="c"), b"--b\r\n\r\nx\r\n--b--", form(("other", "a", b"x")),
    b"--b\r\nContent-Disposition: form-data; name=files\r\nContent-Disposition: form-data; name=x\r\n\r\nx\r\n--b--",
    form(("files", "a", b"x")) [:-6] + b"X--", b"--b\r\nX: " + b"y" * 9000,
])
def test_broken_forms_are_refused_and_leave_nothing(org: Org, stage: Stage, body: bytes) -> None:
    agent = poller(org)
    before = len(blobs(stage))
    answer = send(org, agent, body)
    assert answer.status_code == 400 and answer.json()["code"] in ("malformed_multipart", "no_files"), answer.text
    assert len(blobs(stage)) == before and rows(agent) == []


def test_all_of_a_request_or_none(org: Org, stage: Stage) -> None:
    agent = poller(org)
    before = len(blobs(stage))
    many = form(*[("files", f"{n}.txt", uuid.uuid4().bytes) for n in range(65)])
    refused_as(send(org, agent, many), 400, "too_many_files")
    half = form(("files", "a.txt", uuid.uuid4().bytes)) [:-4] + b"\r\nbroken"
    assert send(org, agent, half).status_code == 400
    assert len(blobs(stage)) == before and rows(agent) == []
    assert len(send(org, agent, form(*[("files", f"{n}.txt", b"%d" % n) for n in range(64)])).json()["files"]) == 64


def raw(stage: Stage, head: str, *pieces: bytes) -> bytes:
    """What is answered to a request that is sent in pieces; stops sending once nobody takes it."""
    host, _, port = stage.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except OSError:
            pass
        return answer


def head_of(org: Org, agent: Resident, *lines: str) -> str:
    return "\r\n".join([f"POST /workspaces/{agent.id}/chat/uploads HTTP/1.1", "Host: localhost",
                        f"Authorization: Bearer {org.admin}", "Content-Type: multipart/form-data; boundary=b",
                        "Connection: close", *lines, "", ""])


def test_too_large_is_refused_before_and_while_it_comes(org: Org, stage: Stage) -> None:
    agent = poller(org)
    before = len(blobs(stage))
    announced = raw(stage, head_of(org, agent, f"Content-Length: {300 * MB}", "Expect: 100-continue"))
    assert announced.startswith(b"HTTP/1.1 413 "), announced[:200]
    assert b'"max":104857600' in announced and b"100 Continue" not in announced
    begin = b'--b\r\nContent-Disposition: form-data; name="files"; filename="huge.bin"\r\n\r\n'
    piece = b"%x\r\n" % 65536 + bytes(65536) + b"\r\n"
    coming = raw(stage, head_of(org, agent, "Transfer-Encoding: chunked"), b"%x\r\n" % len(begin) + begin + b"\r\n",
                 *[piece] * 2000)
    if coming:  # What comes after the refusal may reset the connection before it is read.
        assert coming.startswith(b"HTTP/1.1 413 ") and b'"filename":"huge.bin"' in coming, coming[:300]
        assert b'"error":"file exceeds per-file cap"' in coming
    wait_for("the half file to be gone", lambda: len(blobs(stage)) == before)


def test_half_an_upload_leaves_nothing(org: Org, stage: Stage) -> None:
    agent = poller(org)
    before = len(blobs(stage))
    host, _, port = stage.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head_of(org, agent, f"Content-Length: {5 * MB}").encode())
        connection.sendall(b'--b\r\nContent-Disposition: form-data; name="files"; filename="half"\r\n\r\n' + bytes(2 * MB))
        wait_for("the file to come", lambda: len(blobs(stage)) > before)
    wait_for("it to be gone", lambda: len(blobs(stage)) == before)
    assert rows(agent) == []


def test_the_connection_goes_on_behind_an_upload(org: Org, stage: Stage) -> None:
    agent = poller(org)
    body = form(("files", "a.txt", b"x" * 100_000)) + b"epilogue"
    head = head_of(org, agent, f"Content-Length: {len(body)}").replace("Connection: close\r\n", "")
    answer = raw(stage, head, body, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 2, answer


def test_a_message_names_at_most_ten(org: Org) -> None:
    agent = poller(org)
    files = send(org, agent, form(*[("files", f"{n}", b"%d" % n) for n in range(11)])).json()["files"]
    body = message("all")
    body["params"]["message"]["parts"] += [{"kind": "file", "file": {"uri": file["uri"], "name": file["name"]}} for file in files]
    refused_as(org.ask("POST", f"/workspaces/{agent.id}/a2a", body), 400, "too_many_attachments")
    del body["params"]["message"]["parts"][-1]
    assert org.ask("POST", f"/workspaces/{agent.id}/a2a", body).status_code < 300


def test_uploads_beside_each_other(org: Org) -> None:
    agent = poller(org)
    results: list[int] = []
    def one(number: int) -> None:
        results.append(send(org, agent, form(("files", "same.bin", b"the same" * 50_000))).status_code)
    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 8 and len(rows(agent, method="chat_upload_receive")) == 8


def test_the_path_form(org: Org) -> None:
    agent = poller(org)
    file = uploaded(org, agent, b"by path")
    path = f"/workspace/.molecule/chat-uploads/{file_id(file).replace('-', '')}-a.txt"
    def ask(path: str) -> Any:
        return agent.ask("GET", f"/workspaces/SELF/chat/download?path={path}")
    assert ask(path).content == b"by path"
    for wrong in ("", "relative", "/etc/passwd", "/workspace/../etc/passwd", "/workspacex", "/workspace//x", "/home/./x"):
        refused_as(ask(wrong), 400, "invalid_path")
    refused_as(ask("/workspace/none.txt"), 404, "file_not_found")


def test_a_workspace_has_so_much_room(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "--attachments-workspace-mb", "1")
    stage.start()
    try:
        org = Org(stage)
        agent = poller(org)
        uploaded(org, agent, bytes(700_000))
        full = send(org, agent, form(("files", "b", b"y" * 700_000)))
        assert full.status_code == 413 and full.json()["code"] == "attachments_full" and full.json()["max"] == MB, full.text
        uploaded(org, poller(org), b"another workspace has its own")
    finally:
        stage.close()


def test_the_scan_decides_and_fails_closed(tmp_path: Path) -> None:
    scanner = tmp_path / "scan"
    scanner.write_text("#!/bin/sh\n[ -z \"$ADMIN_TOKEN\" ] || exit 9\ngrep -q EVIL \"$1\" && { echo found EVIL in $MOLECULE_FILE_NAME; exit 1; }\n"
                       "grep -q CRASH \"$1\" && exit 3\nexit 0\n")
    scanner.chmod(0o700)
    stage = Stage(tmp_path, "--attachment-scan", str(scanner), environment={"ADMIN_TOKEN": "an-admin-token-of-this-test"})
    stage.start()
    try:
        (stage.data / "admin_token").write_text("an-admin-token-of-this-test")
        org = Org(stage)
        agent = poller(org)
        uploaded(org, agent, b"good")
        bad = send(org, agent, form(("files", "a.txt", b"fine"), ("files", "b.txt", b"EVIL")))
        refused_as(bad, 422, "attachment_refused")
        assert bad.json()["error"] == "b.txt was refused: found EVIL in b.txt"
        refused_as(send(org, agent, form(("files", "c", b"CRASH"))), 503, "scan_failed")
        scanner.unlink()
        refused_as(send(org, agent, form(("files", "d", b"good"))), 503, "scan_failed")
        assert len([path for path in blobs(stage)]) == 1
    finally:
        stage.close()


def test_a_kill_leaves_no_orphan_and_loses_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.start()
    try:
        org = Org(stage)
        agent = poller(org)
        kept = uploaded(org, agent, b"acknowledged")
        stop = threading.Event()
        def flood() -> None:
            while not stop.is_set():
                try:
                    send(org, agent, form(("files", "x", uuid.uuid4().bytes * 40_000)))
                except Exception:
                    return
        threads = [threading.Thread(target=flood) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_for("the flood to be under way", lambda: len([path for path in blobs(stage)]) > 5)
        stage.kill()
        stop.set()
        for thread in threads:
            thread.join()
        (stage.data / "attachments" / "incoming" / "AbCdEf").write_bytes(b"half")
        orphan = hashlib.sha256(b"orphan").hexdigest()
        (stage.data / "attachments" / orphan[:2]).mkdir(exist_ok=True)
        (stage.data / "attachments" / orphan[:2] / orphan[2:]).write_bytes(b"orphan")
        stage.start()
        assert list((stage.data / "attachments" / "incoming").iterdir()) == []
        assert org.ask("GET", place(agent, kept)).content == b"acknowledged"
        wait_for("the walk to find what no row names", lambda: not (stage.data / "attachments" / orphan[:2] / orphan[2:]).exists(), 60)
        assert org.ask("GET", place(agent, kept)).content == b"acknowledged"
    finally:
        stage.close()


def test_a_purged_workspace_takes_its_files_along(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.start()
    try:
        org = Org(stage)
        gone, other = poller(org, "gone"), poller(org, "other")
        own = uploaded(org, gone, b"own", token=gone.token)
        shared = uploaded(org, gone, b"shared", token=gone.token)
        assert org.ask("POST", f"/workspaces/{gone.id}/a2a", naming(own)).status_code < 300
        assert gone.ask("POST", f"/workspaces/{other.id}/a2a", naming(shared)).status_code < 300
        assert len(blobs(stage)) == 2
        assert org.ask("DELETE", f"/workspaces/{gone.id}?confirm=true&purge=true").status_code == 200
        wait_for("its own file to go", lambda: len(blobs(stage)) == 1, 60)
        assert other.ask("GET", place(other, shared)).content == b"shared"
    finally:
        stage.close()


def test_a_pushed_agent_is_told_where_to_fetch(org: Org, push_agents: PushAgents) -> None:
    heard: list[bytes] = []
    def answering(connection: socket.socket, head: bytes, body: bytes) -> None:
        heard.append(body)
        data = b'{"jsonrpc":"2.0","id":1,"result":{"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"ok"}]}}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
    for version, form_of in (("0.3", b'"file":{"uri":"%s"'), ("1.0", b'{"url":"%s"')):
        agent = org.resident("pushed")
        card: dict[str, Any] = {"name": "agent"}
        if version == "1.0":
            card["supportedInterfaces"] = [{"url": "http://x/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]
        assert agent.register(url=push_agents.start(answering), delivery_mode="push", agent_card=card).status_code == 200
        file = uploaded(org, agent, b"for a pushed agent")
        assert rows(agent, method="chat_upload_receive") == []
        heard.clear()
        assert org.ask("POST", f"/workspaces/{agent.id}/a2a", naming(file)).status_code == 200
        url = f"{org.stage.url}{place(agent, file)}".encode()
        assert form_of % url in heard[0], heard[0]
        assert org.ask("GET", place(agent, file), token=agent.token).content == b"for a pushed agent"
