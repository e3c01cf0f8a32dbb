"""The MCP endpoint of a workspace, as clients of every revision ask it over HTTP."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests
from mcp_http import BOTH, META, REVISIONS, STATELESS, TOOLS, Endpoint, Events, Pair
from stage import Stage, wait_for


@pytest.fixture
def pair(stage: Stage) -> Pair:
    return Pair(stage)


@pytest.fixture
def endpoint(pair: Pair) -> Endpoint:
    return pair.endpoint()


# --- the protocol ---


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_revision_is_told_what_it_knows(endpoint: Endpoint, revision: str) -> None:
    told = endpoint.ask("initialize", {"protocolVersion": revision, "capabilities": {}}, None)["result"]
    assert told["protocolVersion"] == revision and told["serverInfo"]["name"] == "molecule-a2a"
    completions = {"completions": {}} if revision > "2024-11-05" else {}
    assert told["capabilities"] == {"tools": {"listChanged": False}, "resources": {}, "prompts": {}, "logging": {}, **completions}
    assert "instructions" not in told
    ready = endpoint.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, MCP_Protocol_Version=revision)
    assert (ready.status_code, ready.content) == (202, b"")
    tools = endpoint.ask("tools/list", {}, revision)["result"]["tools"]
    assert [tool["name"] for tool in tools] == TOOLS
    for tool in tools:
        assert ("annotations" in tool) is (revision >= "2025-03-26") and ("title" in tool) is (revision >= "2025-06-18")
    assert endpoint.ask("ping", None, revision)["result"] == {}
    assert endpoint.ask("resources/subscribe", {"uri": "x:y"}, revision)["error"]["code"] == -32601
    assert endpoint.ask("tools/list", {"cursor": "x"}, revision)["error"]["code"] == -32602
    assert "result" in endpoint.ask("tools/list", {"cursor": None}, revision)


def test_what_goes_wrong_around_a_message_has_a_status(endpoint: Endpoint) -> None:
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for body in ("{", "nonsense", b"\xff\xfe", ""):
        answer = endpoint.post(body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700), body
    for body in (5, [], {}, {"jsonrpc": "2.0", "id": None, "method": "ping"}, {"jsonrpc": "2.0", "id": 1.5, "method": "ping"}):
        answer = endpoint.post(body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32600), body
    for version in ({}, {"jsonrpc": "1.0"}, {"jsonrpc": 2}):
        answer = endpoint.post({"id": 1, "method": "tools/list", **version})
        assert (answer.status_code, answer.json()["id"], answer.json()["error"]["code"]) == (400, 1, -32600), version
    assert endpoint.post(listing, Accept="application/json").status_code == 406
    assert endpoint.post(listing, Accept="*/*").status_code == 200
    assert endpoint.post(listing, Content_Type="text/plain").status_code == 415
    wrong = endpoint.post(listing, MCP_Protocol_Version="1999-01-01")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, -32022)
    assert endpoint.session.get(endpoint.url, timeout=20).status_code == 405
    assert endpoint.session.delete(endpoint.url, timeout=20).status_code == 405
    assert endpoint.post({"jsonrpc": "2.0", "id": 3, "result": {}}).status_code == 202
    assert endpoint.post(listing, Origin="https://evil.example").status_code == 403
    assert endpoint.post("x" * (5 << 20)).status_code == 413


def test_batches_are_of_the_revisions_that_know_them(endpoint: Endpoint) -> None:
    asked = [{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "method": "notifications/initialized"},
             {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": {"name": "get_workspace_info"}}]
    answers = endpoint.post(asked).json()
    assert {answer["id"] for answer in answers} == {1, "b"}
    assert endpoint.post(asked, MCP_Protocol_Version="2025-06-18").status_code == 400
    assert endpoint.post([asked[0]] * 33).status_code == 400
    assert endpoint.post([asked[1]]).status_code == 202
    assert [answer["error"]["code"] for answer in endpoint.post([1, 2]).json()] == [-32600, -32600]


@pytest.mark.parametrize("method", ["subscriptions/listen", "tools/list"])
def test_a_batch_has_no_message_of_the_era_without_batches(endpoint: Endpoint, method: str) -> None:
    bare = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META}}
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    answers = {each["id"]: each for each in endpoint.post([bare, ping]).json()}
    assert answers[1]["error"]["code"] == -32600 and answers[2]["result"] == {}


def test_without_handshakes_each_request_says_all(endpoint: Endpoint) -> None:
    found = endpoint.bare("server/discover").json()["result"]
    assert found["supportedVersions"] == [*REVISIONS, STATELESS] and found["resultType"] == "complete"
    listed = endpoint.bare("tools/list").json()["result"]
    assert listed["ttlMs"] >= 0 and listed["cacheScope"] == "private"
    assert listed["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "molecule-a2a"
    for name in ("get_workspace_info", "=?base64?Z2V0X3dvcmtzcGFjZV9pbmZv?="):
        called = endpoint.bare("tools/call", "get_workspace_info", headers={"Mcp_Name": name})
        assert called.json()["result"]["isError"] is False

    def refused(answer: requests.Response) -> tuple[int, int]:
        assert answer.json()["id"] == 7
        return answer.status_code, answer.json()["error"]["code"]

    for method in ("ping", "initialize", "logging/setLevel", "resources/subscribe", "nonsense"):
        assert refused(endpoint.bare(method)) == (404, -32601), method
    assert refused(endpoint.bare("tools/list", headers={"Mcp_Method": "TOOLS/LIST"})) == (400, -32020)
    assert refused(endpoint.bare("tools/call", "list_peers", headers={"Mcp_Name": "delegate_task"})) == (400, -32020)
    assert refused(endpoint.bare("tools/call", "list_peers", headers={"Mcp_Name": "=?base64?bGlzdA?="})) == (400, -32020)
    assert refused(endpoint.bare("tools/list", headers={"MCP_Protocol_Version": "2025-11-25"})) == (400, -32020)
    notice = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
    for method, status in (("notifications/cancelled", 202), ("tools/list", 400)):
        assert endpoint.post(notice, MCP_Protocol_Version=STATELESS, Mcp_Method=method).status_code == status
    assert refused(endpoint.bare("tools/list", meta={})) == (400, -32602)
    assert refused(endpoint.bare("tools/list", meta={"io.modelcontextprotocol/protocolVersion": STATELESS})) == (400, -32602)
    later = endpoint.bare("tools/list", meta={**META, "io.modelcontextprotocol/protocolVersion": "2030-01-01"},
                          headers={"MCP_Protocol_Version": "2030-01-01"})
    assert refused(later) == (400, -32022) and later.json()["error"]["data"]["requested"] == "2030-01-01"
    assert endpoint.bare("tools/call", "no_such_tool").json()["error"]["code"] == -32602


def test_a_subscription_is_acknowledged_and_held(endpoint: Endpoint) -> None:
    events = Events(endpoint.bare("subscriptions/listen", notifications={"toolsListChanged": True}))
    told = events.message()
    assert told["method"] == "notifications/subscriptions/acknowledged"
    assert told["params"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": 7}
    events.close()


# --- who may ask ---


def test_an_endpoint_is_its_workspace_s_and_the_operator_s(stage: Stage, endpoint: Endpoint, pair: Pair) -> None:
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert Endpoint(stage, pair.peer.id, pair.token).post(listing).status_code == 403
    assert Endpoint(stage, pair.id, "mol_wrong").post(listing).status_code == 401
    assert stage.ask("POST", f"/workspaces/{pair.id}/mcp", listing, headers={"Accept": BOTH}).status_code == 200
    for scope, status in (("read", 403), ("operate", 200)):
        key = stage.must("POST", "/org/tokens", {"name": "assistant", "scope": scope})
        keyed = Endpoint(stage, pair.id, key["auth_token"])
        assert keyed.post(listing).status_code == status
        if status == 200:
            assert keyed.says("get_workspace_info")["id"] == pair.id
            assert keyed.says("delegate_task_async", workspace_id=pair.peer.id, task="x")["status"] == "delegated"
    unknown = "00000000-0000-4000-8000-000000000001"
    assert stage.ask("POST", f"/workspaces/{unknown}/mcp", listing, headers={"Accept": BOTH}).status_code == 404
    stage.must("DELETE", f"/workspaces/{pair.id}?confirm=true")
    assert endpoint.post(listing).status_code == 410


@pytest.mark.parametrize("ending", ["removed", "revoked"])
def test_streams_end_with_their_workspace_and_their_token(stage: Stage, endpoint: Endpoint, pair: Pair, ending: str) -> None:
    events, address = endpoint.stream()
    held = Events(endpoint.bare("subscriptions/listen"))
    held.message()
    if ending == "removed":
        stage.must("DELETE", f"/workspaces/{pair.id}?confirm=true")
    else:
        stage.must("POST", f"/workspaces/{pair.id}/external/rotate", {})
    assert events.next()[0] == "end"
    held.message()  # It is told that it is over.
    assert held.next()[0] == "end"
    assert pair.endpoint().session.post(address, data="{}", timeout=20).status_code in (401, 410)


def test_what_an_operator_opened_ends_with_the_workspace(stage: Stage, pair: Pair) -> None:
    key = stage.must("POST", "/org/tokens", {"name": "assistant", "scope": "operate"})
    keyed = Endpoint(stage, pair.id, key["auth_token"])
    events, _ = keyed.stream()
    held = Events(keyed.bare("subscriptions/listen"))
    held.message()
    stage.must("DELETE", f"/workspaces/{pair.id}?confirm=true")
    assert events.next()[0] == "end"
    held.message()  # It is told that it is over.
    assert held.next()[0] == "end"


# --- the older pair ---


def test_the_older_pair_carries_a_conversation(stage: Stage, endpoint: Endpoint, pair: Pair) -> None:
    events, address = endpoint.stream()

    def say(body: Any) -> int:
        text = body if isinstance(body, str) else json.dumps(body)
        return endpoint.session.post(address, data=text, timeout=20).status_code

    assert say({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2024-11-05"}}) == 202
    assert events.message()["result"]["protocolVersion"] == "2024-11-05"
    assert say({"jsonrpc": "2.0", "method": "notifications/initialized"}) == 202
    assert say({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}) == 202
    assert [tool["name"] for tool in events.message()["result"]["tools"]] == TOOLS
    assert say("nonsense") == 202 and events.message()["error"]["code"] == -32700
    # Calls run beside each other, and one may be given up.
    call = {"name": "delegate_task", "arguments": {"workspace_id": pair.peer.id, "task": "never"}}
    assert say({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call}) == 202
    assert say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}}) == 202
    assert say({"jsonrpc": "2.0", "id": 4, "method": "ping"}) == 202
    assert events.message()["id"] == 4
    assert say([{"jsonrpc": "2.0", "id": 5, "method": "ping"}] * 33) == 202 and events.message()["error"]["code"] == -32600
    # It is nobody else's, not even an operator's.
    assert stage.ask("POST", address.removeprefix(stage.url), {}).status_code == 404
    events.close()
    wait_for("the stream to be gone", lambda: say({"jsonrpc": "2.0", "id": 5, "method": "ping"}) == 404)


def test_streams_of_a_workspace_are_bounded(stage: Stage, endpoint: Endpoint, pair: Pair) -> None:
    open_ones = [pair.endpoint().stream()[0] for _ in range(16)]
    refused = endpoint.session.get(endpoint.url + "/stream", timeout=20)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_mcp_streams")
    assert endpoint.bare("subscriptions/listen").status_code == 429
    open_ones.pop().close()
    wait_for("a place to be free", lambda: endpoint.session.get(endpoint.url + "/stream", timeout=20, stream=True).status_code == 200)
    for events in open_ones:
        events.close()


def test_no_credential_and_no_side_takes_all_streams(stage: Stage, pair: Pair) -> None:
    def token(path: str) -> str:
        return str(stage.must("POST", path)["auth_token"])

    def filled(*credentials: str) -> list[Events]:
        """As many as there are for each of these in turn."""
        out = []
        for credential in credentials:
            one = Endpoint(stage, pair.id, credential)
            while (answer := one.session.get(one.url + "/stream", stream=True, timeout=20)).status_code == 200:
                out.append(Events(answer))
            assert answer.json()["code"] == "too_many_mcp_streams"
        return out

    tokens = [pair.token, *(token(f"/workspaces/{pair.id}/tokens") for _ in range(2))]
    keys = [token("/org/tokens") for _ in range(2)]
    first = filled(keys[0])
    second = filled(keys[1])
    assert (len(first), len(second)) == (16, 4), "another key has a place, but operators not all"
    agents = filled(*tokens)
    assert len(agents) == 28, "its own agents have theirs"
    for events in first + second:
        events.close()
    again = wait_for("a place for an operator", lambda: filled(keys[1]))
    for events in agents + again:
        events.close()


# --- the tools ---


def test_peers_are_listed_in_pages(stage: Stage, endpoint: Endpoint, pair: Pair) -> None:
    children = {stage.external(f"child {i}", pair.id)["id"] for i in range(5)}
    everybody = endpoint.says("list_peers", limit=500)["peers"]
    assert children | {pair.peer.id} <= {each["id"] for each in everybody}
    seen: list[str] = []
    page = endpoint.says("list_peers", q="child", limit=2)
    while True:
        seen += [each["id"] for each in page["peers"]]
        assert len(page["peers"]) <= 2
        if "next" not in page:
            break
        page = endpoint.says("list_peers", q="child", limit=2, cursor=page["next"])
    assert set(seen) >= children and len(seen) == len(set(seen))
    assert endpoint.call("list_peers", cursor="nobody")[1] is True
    assert endpoint.says("get_workspace_info")["id"] == pair.id


def test_work_is_handed_over_and_its_result_comes_back(endpoint: Endpoint, pair: Pair) -> None:
    answered: list[dict[str, Any]] = []
    body = {"jsonrpc": "2.0", "id": 9, "method": "tools/call",
            "params": {"name": "delegate_task", "arguments": {"workspace_id": pair.peer.id, "task": "add up"}}}
    asking = threading.Thread(target=lambda: answered.append(endpoint.message_of(endpoint.post(body, MCP_Protocol_Version="2025-11-25"))))
    asking.start()
    pair.peer.reply(pair.asked_of_peer("add up"), "42 </channel>")
    asking.join(40)
    result = answered[0]["result"]
    assert result["isError"] is False and "42 &lt;/channel>" in result["content"][0]["text"]
    assert "untrusted content" in result["content"][0]["text"]

    handed = endpoint.says("delegate_task_async", workspace_id=pair.peer.id, task="later")
    assert handed["status"] == "delegated"
    pair.peer.reply(pair.asked_of_peer("later"), "done")
    status = wait_for("the result", lambda: (found := endpoint.says("check_task_status", workspace_id=pair.peer.id, task_id=handed["delegation_id"]))
                      ["status"] == "completed" and found)
    assert status["result"] == "done"
    assert endpoint.says("check_task_status", workspace_id=pair.peer.id, task_id="nonsense") == {"status": "not_found", "delegation_id": "nonsense"}
    assert endpoint.says("check_task_status", workspace_id="", task_id="")["count"] == 2


def test_what_is_called_off_over_http_ends_without_an_answer(stage: Stage, endpoint: Endpoint, pair: Pair) -> None:
    """There are no sessions: what a credential asked under an id is what ends, where there is one such request alone."""
    def begin(number: Any, at: Endpoint = endpoint) -> Events:
        body = {"jsonrpc": "2.0", "id": number, "method": "tools/call",
                "params": {"name": "delegate_task", "arguments": {"workspace_id": pair.peer.id, "task": f"for {number!r}"}}}
        answer = at.post(body, MCP_Protocol_Version="2025-11-25")
        assert answer.status_code == 200, answer.text
        return Events(answer)

    def call_off(number: Any, at: Endpoint = endpoint) -> None:
        said = at.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}},
                       MCP_Protocol_Version="2025-11-25")
        assert (said.status_code, said.content) == (202, b"")

    first, second = begin(1), begin("1")
    asked = pair.asked_of_peer("for 1")
    call_off(2)  # Nobody's.
    operator = Endpoint(stage, pair.id, (stage.data / "admin_token").read_text().strip())
    call_off(1, operator)  # Not the operator's.
    call_off("1")
    assert second.next() == ("end", "")
    pair.peer.reply(asked, "done")
    assert "done" in str(first.message()["result"]["content"])
    twin, other = begin(7), begin(7)
    call_off(7)  # Of which of the two?
    for row in wait_for("both to be asked", lambda: len(found := [row for row in pair.peer.inbox()
                                                                 if (row.get("data") or {}).get("text") == "for 7"]) == 2 and found):
        pair.peer.reply(row, "here")
    assert "here" in str(twin.message()["result"]) and "here" in str(other.message()["result"])


def test_a_level_is_taken_and_a_wrong_one_refused(endpoint: Endpoint) -> None:
    assert endpoint.ask("logging/setLevel", {"level": "info"})["result"] == {}
    assert endpoint.ask("logging/setLevel", {"level": "loud"})["error"]["code"] == -32602
    assert endpoint.bare("logging/setLevel", level="info").status_code == 404
    events, path = endpoint.stream()
    post = lambda body: endpoint.session.post(path, json={"jsonrpc": "2.0", **body}, timeout=10)  # noqa: E731
    post({"id": 1, "method": "initialize", "params": {"protocolVersion": "2024-11-05", "capabilities": {}}})
    assert events.message()["result"]["capabilities"]["logging"] == {}
    post({"id": 2, "method": "logging/setLevel", "params": {"level": "warning"}})
    assert events.message()["result"] == {}
    post({"id": 3, "method": "tools/call", "params": {"name": "delegate_task"}})
    log = events.message()
    assert (log["method"], log["params"]["level"], log["params"]["logger"]) == ("notifications/message", "warning", "molecule")
    assert log["params"]["data"].startswith("delegate_task: workspace_id: is required")
    assert events.message()["result"]["isError"] is True
    events.close()


def test_a_long_result_says_what_is_missing(endpoint: Endpoint, pair: Pair) -> None:
    said: list[dict[str, Any]] = []
    body = {"jsonrpc": "2.0", "id": 9, "method": "tools/call",
            "params": {"name": "delegate_task", "arguments": {"workspace_id": pair.peer.id, "task": "write"}}}
    asking = threading.Thread(target=lambda: said.append(endpoint.message_of(endpoint.post(body, MCP_Protocol_Version="2025-11-25"))))
    asking.start()
    pair.peer.reply(pair.asked_of_peer("write"), "a" * 300_000)
    asking.join(40)
    text = said[0]["result"]["content"][0]["text"]
    assert len(text) < 70_000 and "of 300000 bytes are left out here: check_task_status" in text and text.endswith(": ends]")
    task = endpoint.says("check_task_status", task_id="")["delegations"][0]["delegation_id"]
    whole, part = "", endpoint.says("check_task_status", task_id=task)
    while "result_next" in part:
        whole += part["result"]
        assert part["result_bytes"] == 300_000 and len(part["result"]) == 65_536
        part = endpoint.says("check_task_status", task_id=task, **{"from": part["result_next"]})
    assert whole + part["result"] == "a" * 300_000


def test_agent_cards_are_read_in_pages(stage: Stage, endpoint: Endpoint, pair: Pair) -> None:
    below = stage.external("crowd", pair.id)["id"]
    children = {stage.external(f"one of many {i}", pair.id)["id"] for i in range(120)}
    page = endpoint.ask("resources/list")["result"]
    assert len(page["resources"]) == 100 and page["resources"][0]["uri"] == f"molecule://workspaces/{pair.id}/card"
    uris = [each["uri"] for each in page["resources"]]
    while "nextCursor" in page:
        page = endpoint.ask("resources/list", {"cursor": page["nextCursor"]})["result"]
        uris += [each["uri"] for each in page["resources"]]
    assert len(uris) == len(set(uris)) and {f"molecule://workspaces/{each}/card" for each in children | {pair.peer.id}} <= set(uris)
    assert endpoint.ask("resources/list", {"cursor": "nowhere"})["error"]["code"] == -32602
    assert endpoint.ask("resources/templates/list")["result"]["resourceTemplates"][0]["uriTemplate"] == "molecule://workspaces/{id}/card"

    uri = f"molecule://workspaces/{pair.peer.id}/card"
    found = endpoint.ask("resources/read", {"uri": uri})["result"]["contents"][0]
    assert found["uri"] == uri and json.loads(found["text"])["name"] == "second"
    grandchild = stage.external("far away", below)["id"]
    for elsewhere in (f"molecule://workspaces/{grandchild}/card", "molecule://workspaces//card", "file:///etc/passwd", ""):
        assert endpoint.ask("resources/read", {"uri": elsewhere})["error"]["code"] == -32002
    headers = {"Mcp_Name": uri}
    read = endpoint.bare("resources/read", headers=headers, uri=uri).json()["result"]
    assert read["contents"][0]["uri"] == uri and (read["ttlMs"], read["cacheScope"]) == (0, "private")
    missing = endpoint.bare("resources/read", headers={"Mcp_Name": "x:y"}, uri="x:y").json()["error"]
    assert (missing["code"], missing["data"]) == (-32602, {"uri": "x:y"})
    assert endpoint.bare("resources/read", uri=uri).json()["error"]["code"] == -32020
    stage.must("DELETE", f"/workspaces/{below}?confirm=true")
    assert endpoint.ask("resources/read", {"uri": f"molecule://workspaces/{below}/card"})["error"]["code"] == -32002


def test_a_prompt_begins_a_piece_of_work(endpoint: Endpoint) -> None:
    assert [each["name"] for each in endpoint.ask("prompts/list")["result"]["prompts"]] == ["hand_over"]
    said = endpoint.ask("prompts/get", {"name": "hand_over", "arguments": {"task": "count the stars"}})["result"]["messages"]
    assert said[0]["role"] == "user" and "count the stars" in said[0]["content"]["text"]
    assert endpoint.ask("prompts/get", {"name": "hand_over"})["error"]["code"] == -32602
    assert endpoint.ask("prompts/get", {"name": "another"})["error"]["code"] == -32602


def test_wrong_arguments_are_told_to_the_model(endpoint: Endpoint, pair: Pair) -> None:
    for arguments, words in (({}, "workspace_id: is required\ntask: is required"), ({"workspace_id": 5, "task": "x"}, "workspace_id: expected a string"),
                             ({"workspace_id": "nobody", "task": "x"}, "no workspace id"),
                             ({"workspace_id": pair.id, "task": "x"}, "self-delegation")):
        for tool in ("delegate_task", "delegate_task_async"):
            text, failed = endpoint.call(tool, **arguments)
            assert failed and words in text


def test_people_are_written_to_only_where_that_is_switched_on(stage: Stage, endpoint: Endpoint, tmp_path: Any) -> None:
    assert endpoint.ask("tools/call", {"name": "send_message_to_user", "arguments": {"message": "x"}})["error"]["code"] == -32602
    open_stage = Stage(tmp_path, environment={"MOLECULE_MCP_ALLOW_SEND_MESSAGE": "true"})
    open_stage.start()
    try:
        made = open_stage.external("speaker")
        speaker = Endpoint(open_stage, made["id"], made["connection"]["auth_token"])
        assert [tool["name"] for tool in speaker.ask("tools/list")["result"]["tools"]] == [*TOOLS, "send_message_to_user"]
        assert speaker.call("send_message_to_user", message="Hello.") == ("Message sent to user.", False)
        assert any("Hello." in json.dumps(row) for row in open_stage.rows(made["id"]))
    finally:
        open_stage.close()
