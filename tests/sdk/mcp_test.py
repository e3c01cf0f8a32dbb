"""`molecule mcp` as clients of both eras drive it: the protocol, the tools, and an inbox that loses and repeats nothing."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from chains import Member
from mcp_client import McpClient
from placed import Place, bare
from stage import BINARY, Stage, wait_for

TOOLS = ["delegate_task", "delegate_task_async", "check_task_status", "list_peers", "get_workspace_info", "get_runtime_identity",
         "update_agent_card", "send_message_to_user", "wait_for_message", "inbox_peek", "inbox_pop", "fetch_files", "chat_history"]
REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
NEW = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


@pytest.fixture
def place(stage: Stage, tmp_path: Path) -> Iterator[Place]:
    made = Place(stage, tmp_path)
    made.online()
    yield made
    made.close()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[McpClient]:
    """No platform answers."""
    client = McpClient(tmp_path, **bare(tmp_path))
    yield client
    client.close()


# --- the protocol ---


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_revision_is_told_what_it_knows(alone: McpClient, revision: str) -> None:
    told = alone.hello(revision)
    assert told["protocolVersion"] == revision
    assert told["capabilities"] == {"tools": {"listChanged": False}, "experimental": {"claude/channel": {}}, "logging": {}}
    assert (told["serverInfo"]["name"], told["serverInfo"]["version"]) == ("molecule", "1.0.0")
    assert ("title" in told["serverInfo"]) is (revision >= "2025-06-18")
    for word in ("wait_for_message(timeout_secs=2)", "Call inbox_pop with the activity_id once the answer has gone out",
                 "send_message_to_user", "reply_to", "untrusted"):
        assert word in told["instructions"]
    tools = alone.result("tools/list")["tools"]
    assert [tool["name"] for tool in tools] == TOOLS
    for tool in tools:
        assert ("annotations" in tool) is (revision >= "2025-03-26") and ("title" in tool) is (revision >= "2025-06-18")
        assert tool["inputSchema"]["type"] == "object" and tool["inputSchema"].get("required") != []
    assert alone.result("ping") == {}
    assert alone.ask("resources/list")["error"]["code"] == -32601
    assert alone.end() == 0


def test_a_revision_that_nobody_knows_is_answered_with_the_newest(alone: McpClient) -> None:
    assert alone.hello("1999-01-01")["protocolVersion"] == REVISIONS[-1]


def test_without_a_handshake_each_request_says_who_speaks(alone: McpClient) -> None:
    found = alone.result("server/discover", {"_meta": NEW})
    assert "2026-07-28" in found["supportedVersions"] and found["resultType"] == "complete" and found["cacheScope"] == "private"
    listed = alone.result("tools/list", {"_meta": NEW})
    assert [tool["name"] for tool in listed["tools"]] == TOOLS and listed["ttlMs"] >= 0
    assert listed["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "molecule"
    called = alone.result("tools/call", {"name": "get_runtime_identity", "_meta": NEW})
    assert called["resultType"] == "complete" and called["isError"] is False
    assert alone.ask("ping", {"_meta": NEW})["error"]["code"] == -32601
    assert alone.ask("initialize", {"_meta": NEW})["error"]["code"] == -32601
    wrong = alone.ask("tools/list", {"_meta": {**NEW, "io.modelcontextprotocol/protocolVersion": "2030-01-01"}})["error"]
    assert wrong["code"] == -32022 and wrong["data"] == {"supported": ["2026-07-28"], "requested": "2030-01-01"}
    assert alone.ask("tools/list", {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}})["error"]["code"] == -32602
    listening = alone.begin("subscriptions/listen", {"_meta": NEW, "notifications": {"toolsListChanged": True}})
    wait_for("it to be acknowledged", lambda: alone.heard)
    assert alone.heard[0]["params"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": listening}
    # And a handshake is possible still.
    assert alone.hello()["protocolVersion"] == "2025-11-25"


def test_a_client_that_asks_for_a_log_gets_one(alone: McpClient) -> None:
    alone.hello()
    assert alone.ask("logging/setLevel", {"level": 7})["error"]["code"] == -32602
    assert alone.ask("logging/setLevel", {"level": "info", "_meta": NEW})["error"]["code"] == -32601
    alone.says("get_runtime_identity")
    assert not [each for each in alone.heard if each["method"] == "notifications/message"], "nothing was asked for"
    assert alone.result("logging/setLevel", {"level": "debug"}) == {}
    alone.says("get_runtime_identity")
    assert alone.call("inbox_pop")[1]
    logs = wait_for("the log", lambda: [each["params"] for each in alone.heard if "inbox_pop: " in str(each)] and
                    [each["params"] for each in alone.heard if each["method"] == "notifications/message"])
    assert {"level": "debug", "logger": "molecule", "data": "get_runtime_identity is called"} in logs
    assert [log["level"] for log in logs if log["data"].startswith("inbox_pop: activity_id")] == ["warning"]


def test_garbage_is_answered_and_passed_over(alone: McpClient) -> None:
    alone.hello("2025-03-26")  # The newest that knows batches.
    alone.write("this is no JSON\n\r\n   \n{\"jsonrpc\":\"2.0\"}\n[]\n\"text\"\n17\n")
    alone.write('{"jsonrpc":"2.0","id":null,"method":"ping"}\n{"jsonrpc":"2.0","method":"no/such/notification"}\n')
    alone.write('{"jsonrpc":"2.0","id":[1],"method":"ping"}\n{"jsonrpc":"2.0","id":5,"result":{}}\n')
    wait_for("the answers", lambda: len(alone.heard) == 7)
    assert [each["error"]["code"] for each in alone.heard] == [-32700, -32600, -32600, -32600, -32600, -32600, -32600]
    alone.write('{"jsonrpc":"2.0","id":"in pieces","meth')
    alone.expect("in pieces")
    alone.write('od":"ping"}\r')
    alone.write("\n")
    assert alone.answer("in pieces")["result"] == {}
    batch = [{"jsonrpc": "2.0", "id": f"b{i}", "method": "ping"} for i in range(3)]
    for each in batch:
        alone.expect(each["id"])
    alone.write(json.dumps(batch) + "\n")
    assert all(alone.answer(each["id"])["result"] == {} for each in batch)
    alone.write(b"x" * (17 << 20) + b"\n")
    wait_for("the long line to be refused", lambda: len(alone.heard) == 8)
    assert alone.heard[-1]["error"]["code"] == -32700 and alone.result("ping") == {}


def test_what_takes_a_message_into_hand_does_not_only_read(alone: McpClient) -> None:
    alone.hello()
    tools = {tool["name"]: tool["annotations"]["readOnlyHint"] for tool in alone.result("tools/list")["tools"]}
    assert not tools["wait_for_message"] and not tools["inbox_peek"] and tools["chat_history"]


def test_wrong_calls_are_refused_and_wrong_arguments_are_told_to_the_model(alone: McpClient) -> None:
    alone.hello()
    assert alone.ask("tools/call", {"name": "no_such_tool"})["error"]["code"] == -32602
    assert alone.ask("tools/call", {"arguments": {}})["error"]["code"] == -32602
    assert alone.ask("tools/call", [1])["error"]["code"] == -32602
    text, failed = alone.call("delegate_task", workspace_id=5)
    assert failed and text == "workspace_id: expected a string\ntask: is required"
    assert alone.call("delegate_task", workspace_id="nobody", task="x") == (
        "workspace_id: nobody is no workspace id; list_peers tells the ids", True)
    assert alone.call("inbox_pop", activity_id="x") == ('{"removed":false,"activity_id":"x"}', False)


def test_calls_run_side_by_side_and_can_be_cancelled(alone: McpClient) -> None:
    alone.hello()
    waiting = alone.begin("tools/call", {"name": "wait_for_message", "arguments": {"timeout_secs": 200}})
    short = alone.begin("tools/call", {"name": "wait_for_message", "arguments": {"timeout_secs": 0.3}})
    assert json.loads(alone.answer(short)["result"]["content"][0]["text"])["timeout"] is True
    assert alone.ask("tools/call", {"name": "inbox_peek"})["result"]["content"][0]["text"] == "[]"
    alone.notify("notifications/cancelled", {"requestId": waiting, "reason": "enough"})
    assert alone.result("ping") == {}
    assert not alone.is_answered(waiting), "what was cancelled is not answered"
    # Its id may be used again.
    again = alone.begin("tools/call", {"name": "inbox_peek"}, number=waiting)
    assert alone.answer(again)["result"]["isError"] is False
    alone.begin("tools/call", {"name": "wait_for_message", "arguments": {"timeout_secs": 200}})
    began = time.monotonic()
    assert alone.end() == 0 and time.monotonic() - began < 3


# --- what the environment says ---


def test_every_problem_of_the_environment_is_told_at_once(tmp_path: Path) -> None:
    client = McpClient(tmp_path)
    assert client.status() == 2
    for word in ("PLATFORM_URL is not set", "WORKSPACE_ID is not set", "there is no token", "molecule mcp doctor"):
        assert word in client.log()
    several = [{"id": "x", "token": "t"}, 5, {"id": bare(tmp_path)["WORKSPACE_ID"]}]
    (tmp_path / "other").mkdir()
    client = McpClient(tmp_path / "other", PLATFORM_URL="ftp://x", MOLECULE_WORKSPACES=json.dumps(several))
    assert client.status() == 2
    for word in ("PLATFORM_URL: ", "MOLECULE_WORKSPACES[0]: ", "MOLECULE_WORKSPACES[1]: expected an object", "MOLECULE_WORKSPACES[2]: "):
        assert word in client.log()
    client = McpClient(tmp_path, **(bare(tmp_path) | {"MOLECULE_WORKSPACE_TOKEN": "mol_x\n"}))
    assert client.status() == 2 and "MOLECULE_WORKSPACE_TOKEN has blanks inside" in client.log()
    for text, why in ((" \n", "is blank"), ("two words", "has blanks inside"), (None, "does not exist")):
        file = tmp_path / "token"
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
        environment = bare(tmp_path)
        del environment["MOLECULE_WORKSPACE_TOKEN"]
        client = McpClient(tmp_path, MOLECULE_WORKSPACE_TOKEN_FILE=str(file), **environment)
        assert client.status() == 2 and f"token {why}" in client.log()


def changed(token: str) -> str:
    return token[:-1] + ("B" if token.endswith("A") else "A")


def test_a_token_that_is_refused_ends_it_with_3(stage: Stage, tmp_path: Path) -> None:
    made = stage.external("refused")
    client = McpClient(tmp_path, PLATFORM_URL=stage.url, WORKSPACE_ID=made["id"],
                       MOLECULE_WORKSPACE_TOKEN=changed(made["connection"]["auth_token"]))
    assert client.status() == 3
    assert "refuses the token" in client.log() and "Tokens" in client.log()


def test_the_doctor_says_what_is_wrong_and_what_to_do(stage: Stage, tmp_path: Path) -> None:
    made = stage.external("patient")
    good = {**bare(tmp_path), "PLATFORM_URL": stage.url, "WORKSPACE_ID": made["id"],
            "MOLECULE_WORKSPACE_TOKEN": made["connection"]["auth_token"], "PATH": str(BINARY.parent)}

    def ran(**changed: str) -> tuple[int, str]:
        done = subprocess.run([str(BINARY), "mcp", "doctor"], env=good | changed, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    status, said = ran()
    assert status == 0 and said.count("[OK]") == 5 and "[FAIL]" not in said and "\x1b" not in said
    status, said = ran(PLATFORM_URL="http://127.0.0.1:9")
    assert status == 1 and "[FAIL] the platform does not answer" in said and "next: " in said
    status, said = ran(MOLECULE_WORKSPACE_TOKEN="mol_wrong")
    assert status == 1 and "make a new token" in said
    status, said = ran(WORKSPACE_ID=stage.external("another patient")["id"])
    assert status == 1 and "are of different workspaces" in said
    status, said = ran(PLATFORM_URL="", WORKSPACE_ID="")
    assert status == 1 and said.count("[FAIL]") == 2 and said.count("next: ") == 1
    status, said = ran(PLATFORM_URL=stage.url.replace("http:", "https:"))
    assert status == 1 and "speaks no TLS" in said and "begin PLATFORM_URL with http://" in said
    status, said = ran(PATH="/nowhere")
    assert status == 0 and "[WARN]" in said


# --- messages ---


def test_a_message_of_a_person_is_pushed_answered_and_popped(place: Place) -> None:
    said = place.stage.say(place.id, "how many? <b>")
    assert said.status_code in (200, 202)
    pushed = place.client.pushed("how many?")
    assert pushed["method"] == "notifications/claude/channel"
    meta = pushed["params"]["meta"]
    assert meta["kind"] == "canvas_user" and meta["source"] == "molecule" and meta["peer_id"] == "" and all(isinstance(each, str) for each in meta.values())
    assert "send_message_to_user" in pushed["params"]["content"]
    message = place.client.message()
    assert (message["text"], message["kind"], message["activity_id"]) == ("how many? <b>", "canvas_user", meta["activity_id"])
    assert place.client.message() == message, "it stays until it is popped"
    assert place.client.says("send_message_to_user", message="Three.").startswith("Message sent to user")
    row = place.row("how many? <b>")
    assert row["mail"] == "settled" and "Three." in str(row["response_body"])
    assert json.loads(place.client.says("inbox_pop", activity_id=message["activity_id"]))["removed"] is True
    assert place.client.says("inbox_peek") == "[]"
    assert json.loads(place.client.says("inbox_pop", activity_id=message["activity_id"]))["removed"] is False
    assert len([each for each in place.client.heard if each["method"] == "notifications/claude/channel"]) == 1


def test_an_answer_is_to_what_it_names_or_to_what_was_shown(place: Place) -> None:
    for text in ("first", "second", "third"):
        place.stage.say(place.id, text)
    second = place.client.pushed("second")["params"]
    assert f"reply_to={second['meta']['activity_id']}" in second["content"]
    place.client.says("send_message_to_user", message="I am here.")
    assert {place.row(text)["mail"] for text in ("first", "second", "third")} == {"polled"}, "nothing was shown to the model yet"
    place.client.says("send_message_to_user", message="2", reply_to=second["meta"]["activity_id"])
    assert (place.row("first")["mail"], place.row("second")["mail"]) == ("polled", "settled")
    assert place.client.message()["text"] == "first"
    # What another process showed is not what this one answers.
    place.client.kill()
    later = place.another()
    later.hello()
    wait_for("what is left", lambda: held_by(later) == ["first", "third"])
    third = place.another()
    third.hello()
    third.says("send_message_to_user", message="The build is done.")
    assert (place.row("first")["mail"], place.row("third")["mail"]) == ("polled", "polled")
    later.says("send_message_to_user", message="1")
    assert (place.row("first")["mail"], place.row("third")["mail"]) == ("settled", "polled")
    text, failed = later.call("send_message_to_user", message="x", reply_to="nothing")
    assert failed and "reply_to" in text


def test_what_was_not_popped_comes_to_the_next_process_once(place: Place) -> None:
    for text in ("first", "second", "third"):
        place.stage.say(place.id, text)
    wait_for("them", lambda: len(json.loads(place.client.says("inbox_peek"))) == 3)
    second = json.loads(place.client.says("inbox_peek"))[1]
    assert json.loads(place.client.says("inbox_pop", activity_id=second["activity_id"]))["removed"] is True
    place.client.kill()
    place.stage.say(place.id, "fourth")
    later = place.another()
    later.hello()
    wait_for("what is left", lambda: [each["text"] for each in json.loads(later.says("inbox_peek"))] == ["first", "third", "fourth"])
    for each in json.loads(later.says("inbox_peek")):
        later.says("inbox_pop", activity_id=each["activity_id"])
    assert later.end() == 0
    last = place.another()
    last.hello()
    place.stage.say(place.id, "fifth")
    assert last.message()["text"] == "fifth"
    assert len(json.loads(last.says("inbox_peek"))) == 1


def test_a_full_disk_loses_and_repeats_nothing(place: Place, tmp_path: Path) -> None:
    place.stage.say(place.id, "before")
    before = place.client.message()
    folder = tmp_path / "configs" / "inbox" / place.id
    blocked = folder.with_name("aside")
    folder.rename(blocked)
    place.stage.say(place.id, "meanwhile")
    text, failed = place.client.call("inbox_pop", activity_id=before["activity_id"])
    assert failed and "inbox" in text
    text, failed = place.client.call("inbox_peek")
    assert failed and "inbox" in text, "what cannot be kept is not shown"
    blocked.rename(folder)
    wait_for("both", lambda: held_by(place.client) == ["before", "meanwhile"])
    assert json.loads(place.client.says("inbox_pop", activity_id=before["activity_id"]))["removed"] is True
    place.client.kill()
    later = place.another()
    later.hello()
    wait_for("what is left", lambda: held_by(later) == ["meanwhile"])


def test_two_processes_share_an_inbox_and_what_one_showed_is_its_own(place: Place) -> None:
    other = place.another()
    other.hello()
    place.stage.say(place.id, "m0")
    # A push is in one hand, too; whose that is, is chance.
    wait_for("one to have it", lambda: held_by(place.client) == ["m0"] or held_by(other) == ["m0"])
    assert sorted([held_by(place.client), held_by(other)]) == [[], ["m0"]], "the first has shown it"
    for i in range(1, 4):
        place.stage.say(place.id, f"m{i}")
    wait_for("all of them", lambda: sorted(held_by(place.client) + held_by(other)) == ["m0", "m1", "m2", "m3"])
    place.client.kill()
    wait_for("the other to have all", lambda: held_by(other) == ["m0", "m1", "m2", "m3"])


def test_a_client_that_does_not_read_is_left(alone: McpClient) -> None:
    alone.hello()
    deaf = alone.deafened()
    for number in range(60):
        deaf.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/list"}) + "\n")
    assert deaf.end() == 0


def held_by(client: McpClient) -> list[str]:
    return [each["text"] for each in json.loads(client.says("inbox_peek"))]


def test_names_and_markup_of_others_are_made_harmless(place: Place) -> None:
    peer = Member(place.stage, 'Zoë <"b"', None)
    place.stage.must("PATCH", f"/workspaces/{peer.id}", {"parent_id": place.id})
    sent = peer.ask("POST", f"/workspaces/{place.id}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
        "message": {"role": "user", "messageId": "m1", "parts": [{"kind": "text", "text": "are you there?"}]}}})
    assert sent.status_code in (200, 202), sent.text
    meta = place.client.pushed("are you there?")["params"]["meta"]
    assert meta["kind"] == "peer_agent" and meta["peer_id"] == peer.id
    assert meta["peer_name"].startswith("Zoë b ") and not set(meta["peer_name"]) & set('<>"&')


# --- peers ---


@pytest.fixture
def peer(place: Place) -> Member:
    made = Member(place.stage, "peer", None)
    place.stage.must("PATCH", f"/workspaces/{made.id}", {"parent_id": place.id})
    return made


def test_work_is_handed_over_and_its_result_comes_once(place: Place, peer: Member) -> None:
    listed = place.client.says("list_peers")
    assert f"- {peer.name} (ID: {peer.id}, status: " in listed
    waiting = place.client.begin("tools/call", {"name": "delegate_task", "arguments": {"workspace_id": peer.id, "task": "count"}})
    question = wait_for("the peer to have it", peer.inbox)[0]
    peer.reply(question, "three")
    result = place.client.answer(waiting)["result"]
    text = result["content"][0]["text"]
    assert not result["isError"] and text.split("\n")[1] == "three" and "untrusted content begins" in text
    handed = json.loads(place.client.says("delegate_task_async", workspace_id=peer.id, task="count again"))
    assert handed["status"] == "delegated"
    assert json.loads(place.client.says("check_task_status", workspace_id=peer.id, task_id=handed["delegation_id"]))["status"] in ("queued", "pending", "dispatched")
    again = wait_for("the peer to have it", lambda: [row for row in peer.inbox() if row["id"] != question["id"]])[0]
    peer.reply(again, "four")
    came = place.client.message()
    assert (came["kind"], came["text"], came["delegation_id"]) == ("delegation_result", "four", handed["delegation_id"])
    assert len(json.loads(place.client.says("inbox_peek"))) == 1, "the first was no message: its caller had waited for it"
    assert json.loads(place.client.says("check_task_status", workspace_id=peer.id, task_id=handed["delegation_id"]))["result"] == "four"
    assert json.loads(place.client.says("check_task_status", workspace_id=peer.id, task_id=""))["count"] == 2
    assert json.loads(place.client.says("check_task_status", workspace_id=peer.id, task_id=peer.id))["status"] == "not_found"


def test_work_that_cannot_be_handed_over_says_what_else_to_do(place: Place, peer: Member) -> None:
    text, failed = place.client.call("delegate_task", workspace_id=place.id, task="x")
    assert failed and "itself" in text
    stranger = place.stage.external("stranger", peer.id)
    text, failed = place.client.call("delegate_task", workspace_id=stranger["id"], task="x")
    assert failed and "list_peers" in text


def test_a_peer_is_answered_by_what_is_handed_to_it(place: Place, peer: Member) -> None:
    made = peer.must("POST", "/workspaces/SELF/delegate", {"target_id": place.id, "task": "how late is it?"})
    message = place.client.message()
    assert (message["kind"], message["peer_id"], message["text"]) == ("peer_agent", peer.id, "how late is it?")
    assert place.client.says("delegate_task", workspace_id=peer.id, task="Noon.").startswith("Answered")
    told = peer.must("GET", f"/workspaces/SELF/delegations/{made['delegation_id']}?wait=10")
    assert (told["status"], told["result"]) == ("completed", "Noon.")
    assert json.loads(place.client.says("inbox_pop", activity_id=message["activity_id"]))["removed"] is True
    history = json.loads(place.client.says("chat_history", peer_id=peer.id))
    assert "how late is it?" in str(history)


# --- a platform that is away, and credentials that end ---


def test_a_platform_that_is_away_ends_nothing(stage: Stage, tmp_path: Path) -> None:
    own = Stage(tmp_path)
    own.start()
    try:
        made = own.external("patient")
        own.kill()
        client = McpClient(tmp_path, PLATFORM_URL=own.url, WORKSPACE_ID=made["id"], MOLECULE_WORKSPACE_TOKEN=made["connection"]["auth_token"])
        client.hello()
        told = wait_for("the trouble to be said", lambda: next((
            told for told in [json.loads(client.says("wait_for_message", timeout_secs=0.1))] if "trouble" in told), None))
        assert told["timeout"] is True and "cannot be reached" in told["trouble"]
        text, failed = client.call("list_peers")
        assert failed and "cannot be reached" in text
        own.start()
        own.say(made["id"], "back again")
        assert client.message(40)["text"] == "back again"
        client.close()
    finally:
        own.close()


def test_one_process_is_several_workspaces(stage: Stage, tmp_path: Path) -> None:
    made = [stage.external(f"one of several {i} {tmp_path.name}") for i in range(2)]
    members = [{"id": each["id"], "token": each["connection"]["auth_token"]} for each in made]
    client = McpClient(tmp_path, PLATFORM_URL=stage.url, MOLECULE_WORKSPACES=json.dumps(members), MOLECULE_MCP_PUSH_METHOD="notifications/other")
    try:
        client.hello()
        wait_for("both to be online", lambda: all(stage.workspace(each["id"])["status"] == "online" for each in made))
        stage.say(made[1]["id"], "to the second")
        message = client.message()
        assert (message["text"], message["arrival_workspace_id"]) == ("to the second", made[1]["id"])
        assert client.pushed("to the second")["method"] == "notifications/other"
        client.says("send_message_to_user", message="yes", workspace_id=made[1]["id"])
        wait_for("it to be answered", lambda: [row["mail"] for row in stage.rows(made[1]["id"]) if row.get("mail")] == ["settled"])
        assert json.loads(client.says("get_workspace_info"))["id"] == made[0]["id"], "the first is the one that acts"
        text, failed = client.call("get_workspace_info", source_workspace_id=bare(tmp_path)["WORKSPACE_ID"])
        assert failed and "none of the workspaces" in text
    finally:
        client.close()


def test_it_is_the_same_under_the_name_that_clients_know_and_with_a_kept_token(stage: Stage, tmp_path: Path) -> None:
    made = stage.external(f"kept {tmp_path.name}")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / ".auth_token").write_text(made["connection"]["auth_token"])
    link = tmp_path / "molecule-mcp"
    link.symlink_to(BINARY)
    client = McpClient(tmp_path, program=[str(link)], PLATFORM_URL=stage.url, WORKSPACE_ID=made["id"], MOLECULE_MCP_DISABLE_INBOX="1", MOLECULE_MCP_DISABLE_HEARTBEAT="1")
    try:
        client.hello()
        assert json.loads(client.says("get_workspace_info"))["status"] == "awaiting_agent", "nobody registered it"
        text, failed = client.call("inbox_peek")
        assert failed and "switched off" in text
    finally:
        client.close()


class LoginPage(BaseHTTPRequestHandler):
    """What a network shows before it lets anybody through."""

    def answer(self) -> None:
        body = b"<html>Please sign in to the guest network</html>"
        self.send_response(403)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_: Any) -> None:
        pass


def test_a_page_of_the_network_is_no_refusal(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), LoginPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = McpClient(tmp_path, **(bare(tmp_path) | {"PLATFORM_URL": f"http://127.0.0.1:{server.server_port}"}))
        try:
            client.hello()
            wait_for("it to be told", lambda: "does not take what it is told" in client.log())
            text, failed = client.call("list_peers")
            assert failed and "sign in" in text
            assert client.end() == 0
        finally:
            client.close()
            server.shutdown()


def test_a_token_that_is_changed_in_its_file_is_read_again(stage: Stage, tmp_path: Path) -> None:
    made = stage.external("rotated")
    file = tmp_path / "token"
    file.write_text(made["connection"]["auth_token"] + "\n")
    client = McpClient(tmp_path, PLATFORM_URL=stage.url, WORKSPACE_ID=made["id"], MOLECULE_WORKSPACE_TOKEN_FILE=str(file))
    client.hello()
    assert json.loads(client.says("get_workspace_info"))["id"] == made["id"]
    wait_for("it to be registered", lambda: stage.workspace(made["id"])["status"] == "online")
    stage.must("POST", f"/admin/workspaces/{made['id']}/revoke-auth-tokens")
    assert client.call("get_workspace_info")[1] is True
    fresh = stage.must("POST", f"/workspaces/{made['id']}/tokens", {})["auth_token"]
    file.write_text(fresh)
    assert json.loads(client.says("get_workspace_info"))["id"] == made["id"]
    client.close()


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o640, 0o600])
def test_a_token_that_others_may_read_is_made_private(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text("mol_none\n")
    file.chmod(mode)
    environment = bare(tmp_path)
    del environment["MOLECULE_WORKSPACE_TOKEN"]
    (tmp_path / "operator").mkdir()
    for client in (McpClient(tmp_path, start=False, MOLECULE_WORKSPACE_TOKEN_FILE=str(file), **environment),
                   McpClient(tmp_path / "operator", start=False, program=[str(BINARY), "mcp", "--manage"],
                             MOLECULE_API_URL="http://127.0.0.1:9", MOLECULE_API_KEY_FILE=str(file))):
        try:
            client.start()
            client.hello()
            assert file.stat().st_mode & 0o777 == 0o600
            assert ("others could read the token" in client.log()) is (mode != 0o600) and "mol_none" not in client.log()
            file.chmod(mode)
        finally:
            client.close()


def test_a_removed_workspace_is_said_to_be(place: Place) -> None:
    place.stage.must("DELETE", f"/workspaces/{place.id}")
    text, failed = place.client.call("get_workspace_info")
    assert failed and json.loads(text)["error"] and "removed" in text
    assert place.client.result("ping") == {}


def test_files_go_with_a_message(place: Place, tmp_path: Path) -> None:
    file = tmp_path / 'a "quoted" report.txt'
    file.write_bytes(b"one\r\n--two\r\n")
    assert "with 1 attachment(s)" in place.client.says("send_message_to_user", message="see", attachments=[str(file)])
    row = next(row for row in place.stage.rows(place.id) if row.get("method") == "notify")
    assert "report.txt" in str(row["response_body"])
    for wrong in (str(tmp_path / "none"), str(tmp_path), "/proc/self/environ", "/dev/null", str(tmp_path / "configs" / "inbox" / place.id / "inbox.json")):
        text, failed = place.client.call("send_message_to_user", message="see", attachments=[wrong])
        assert failed and "nothing was sent" in text
    assert len([row for row in place.stage.rows(place.id) if row.get("method") == "notify"]) == 1


@pytest.mark.parametrize("name", ["itself", "symbolic", "hard"])
def test_no_name_of_a_credential_goes_out_as_a_file(place: Place, tmp_path: Path, name: str) -> None:
    kept, channel = tmp_path / "a token", tmp_path / ".claude/channels/molecule/.env"
    channel.parent.mkdir(parents=True)
    for each in (kept, channel):
        each.write_text(place.token)
        each.chmod(0o600)
    client = place.another(MOLECULE_WORKSPACE_TOKEN="", MOLECULE_WORKSPACE_TOKEN_FILE=str(kept))
    client.hello()
    for each in (kept, channel):
        asked = each if name == "itself" else tmp_path / f"{each.name}-report.txt"
        if name == "symbolic":
            asked.symlink_to(each)
        if name == "hard":
            asked.hardlink_to(each)
        text, failed = client.call("send_message_to_user", message="see", attachments=[str(asked)])
        assert failed and "not for others" in text
    assert not [row for row in place.stage.rows(place.id) if row.get("method") == "notify"]


def test_files_of_a_message_are_brought_here_and_nowhere_else(place: Place, tmp_path: Path) -> None:
    sent = place.stage.ask("POST", f"/workspaces/{place.id}/chat/uploads",
                           files=[("files", ("notes.txt", b"a note")), ("files", ("report.pdf", b"a report"))]).json()["files"]
    parts: list[dict[str, Any]] = [{"kind": "text", "text": "look"}]
    parts += [{"kind": "file", "file": {"uri": each["uri"], "name": f"../../../{each['name']}", "mimeType": each["mimeType"]}} for each in sent]
    parts.append({"kind": "file", "file": {"uri": "http://127.0.0.1:9/elsewhere", "name": "elsewhere"}})
    place.stage.ask("POST", f"/workspaces/{place.id}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
        "message": {"messageId": "with files", "role": "user", "parts": parts}}})
    message = place.client.message()
    # What went up is no message of its own.
    assert message["text"] == "look" and len(message["files"]) == 3
    pending = f"/workspaces/{place.id}/pending-uploads/{sent[0]['uri'].rpartition('/')[2]}/content"
    assert place.stage.ask("GET", pending).status_code == 200
    brought = json.loads(place.client.says("fetch_files", activity_id=message["activity_id"]))["files"]
    for each, name, content in zip(brought, ("notes.txt", "report.pdf"), (b"a note", b"a report"), strict=False):
        path = Path(each["path"])
        assert path.name == name and path.read_bytes() == content and each["size"] == len(content)
        assert path.is_relative_to(tmp_path / "configs/inbox" / place.id / "files") and ".." not in path.parts
        assert path.stat().st_mode & 0o777 == 0o600
    assert brought[2] == {"name": "elsewhere", "media_type": "", "uri": "http://127.0.0.1:9/elsewhere", "error": "it is not on the platform"}
    assert place.stage.ask("GET", pending).status_code == 404
    # They may be sent on, and a message that is done keeps its files.
    assert "with 1 attachment(s)" in place.client.says("send_message_to_user", message="back", attachments=[brought[0]["path"]],
                                                       reply_to=message["activity_id"])
    place.client.says("inbox_pop", activity_id=message["activity_id"])
    Path(brought[0]["path"]).unlink()
    again = json.loads(place.client.says("fetch_files", activity_id=message["activity_id"]))["files"]
    assert again == brought and Path(again[0]["path"]).read_bytes() == b"a note"
    text, failed = place.client.call("fetch_files", activity_id="00000000-0000-4000-8000-000000000000")
    assert failed and "no such message" in text
