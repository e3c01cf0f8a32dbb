"""A message sent again: one id, one piece of work, and an answer that the asker can read."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from attackers import Org, PushAgents, Resident, answer_bytes, message, refused, says


def result(said: str, rpc_id: str = "1") -> str:
    return ('{"jsonrpc":"2.0","id":%s,"result":{"kind":"message","role":"agent","messageId":"r",'
            '"parts":[{"kind":"text","text":%s}]}}' % (rpc_id, json.dumps(said)))


def newer(said: str, message_id: str, rpc_id: Any = 1, **params: Any) -> dict[str, Any]:
    """A message in the spelling of 1.0."""
    return {"jsonrpc": "2.0", "id": rpc_id, "method": "SendMessage", "params": {"message": {
        "role": "ROLE_USER", "messageId": message_id, "parts": [{"text": said}]}, **params}}


def push_agent(org: Org, agents: PushAgents, body: str | bytes, **answer: Any) -> Resident:
    agent = org.resident("pushed")
    assert agent.register(url=agents.start(says(answer_bytes(body, **answer))), delivery_mode="push").status_code == 200
    return agent


def poll_agent(org: Org) -> Resident:
    agent = org.resident("polling")
    assert agent.register().status_code == 200
    return agent


IDS = ['42', '"42"', '"a b"', '0', '-7', '9007199254740993', 'null', '""']


@pytest.mark.parametrize("written", ['"1"', "1", "null", '{"odd":true}', None])
def test_an_answer_has_the_askers_id(org: Org, push_agents: PushAgents, written: str | None) -> None:
    body = result("yes", written) if written else '{"jsonrpc":"2.0","result":{"parts":[{"kind":"text","text":"yes"}]}}'
    agent = push_agent(org, push_agents, body)
    for number, rpc_id in enumerate(IDS):
        sent = json.dumps(message("hi", f"m{number}")).replace('"id": 1', f'"id": {rpc_id}')
        for _ in range(2):
            answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", raw=sent.encode())
            assert answer.status_code == 200 and answer.text.count(f'"id":{rpc_id}') == 1, answer.text
            assert answer.json()["result"]["parts"][0]["text"] == "yes"


def test_a_repeat_is_answered_under_its_own_id(org: Org, push_agents: PushAgents) -> None:
    agent = push_agent(org, push_agents, result("yes"))
    for rpc_id in (1, 777, "again", None):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", {**message("hi", "m"), "id": rpc_id})
        assert answer.json()["id"] == rpc_id and "id" in answer.json()
    assert len(org.ask("GET", f"/workspaces/{agent.id}/activity").json()) == 1


def test_a_repeat_in_the_other_generation_is_a_repeat(org: Org, push_agents: PushAgents) -> None:
    for first, second in ((message, newer), (newer, message)):
        agent = push_agent(org, push_agents, result("yes"))
        for asked in (first, second, first):
            answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", asked("hi", "m"))
            assert answer.status_code == 200, answer.text
            said = answer.json()["result"]
            assert said["message"]["parts"] == [{"text": "yes"}] and said["message"]["role"] == "ROLE_AGENT" \
                if asked is newer else said["parts"] == [{"kind": "text", "text": "yes"}] and said["role"] == "agent"
        assert len(org.ask("GET", f"/workspaces/{agent.id}/activity").json()) == 1
        # Something else under the same id stays a conflict, whichever way it is spelled.
        for other in (message, newer):
            refused(org.ask("POST", f"/workspaces/{agent.id}/a2a", other("bye", "m")), 409)


REFUSALS = {"400 Bad Request": 400, "404 Not Found": 404, "422 No": 422, "401 No": 502}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_repeat_of_a_refused_message_is_refused_alike(org: Org, push_agents: PushAgents, status: str) -> None:
    agent = push_agent(org, push_agents, '{"error":"no such skill"}', status=status)
    first, second = (org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hi", "m")) for _ in range(2))
    assert first.status_code == REFUSALS[status]
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert first.json()["error"]["message"] == "no such skill" and first.json()["code"] == "agent_error"


def test_a_repeat_of_an_error_is_that_error(org: Org, push_agents: PushAgents) -> None:
    agent = push_agent(org, push_agents, '{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no such task"}}')
    for rpc_id in (1, "two"):
        answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", {**message("hi", "m"), "id": rpc_id})
        assert answer.status_code == 200
        assert answer.json() == {"jsonrpc": "2.0", "id": rpc_id, "error": {"code": -32001, "message": "no such task"}}


def test_a_repeat_of_what_could_not_be_delivered_is_refused_alike(org: Org) -> None:
    agent = org.resident("nobody")
    assert agent.register(url="http://127.0.0.1:9/a2a", delivery_mode="push").status_code == 200
    asked = message("hi", "m")
    asked["params"]["expires_in_seconds"] = 1
    while (first := org.ask("POST", f"/workspaces/{agent.id}/a2a", asked)).status_code == 202:
        pass  # Until it has expired in the mailbox.
    second = org.ask("POST", f"/workspaces/{agent.id}/a2a", asked)
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert first.status_code == 504 and first.json()["code"] == "message_expired" and "expired" in first.json()["error"]["message"]


@pytest.mark.parametrize("ask", [message, newer])
def test_a_receipt_is_an_answer_too(org: Org, ask: Any) -> None:
    waiting = org.resident("waiting")
    assert waiting.register(url="http://127.0.0.1:9/a2a", delivery_mode="push").status_code == 200
    for agent, status in ((poll_agent(org), 200), (waiting, 202)):
        for context in ({}, {"contextId": "talk"}):
            sent = ask("hi", f"m{len(context)}")
            sent["params"]["message"].update(context)
            ids = set()
            for rpc_id in (7, "seven"):
                answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", {**sent, "id": rpc_id})
                body = answer.json()
                assert answer.status_code == status and body["status"] == "queued"
                assert body["method"] == sent["method"] and body["message_id"] == sent["params"]["message"]["messageId"]
                assert body["jsonrpc"] == "2.0" and body["id"] == rpc_id
                task = body["result"]["task"] if ask is newer else body["result"]
                assert task["status"]["state"] == ("TASK_STATE_SUBMITTED" if ask is newer else "submitted")
                assert task.get("kind") == (None if ask is newer else "task")
                assert task["contextId"] == context.get("contextId", task["id"])
                assert task["id"] == body.get("queue_id", body.get("activity_id"))
                ids.add(task["id"])
            assert len(ids) == 1


@pytest.mark.parametrize("asked", [message, newer])
@pytest.mark.parametrize("answered", [message, newer])
def test_a_polled_answer_comes_in_the_askers_form(org: Org, asked: Any, answered: Any) -> None:
    top = org.resident("top")
    peer = org.resident("peer", top.id)
    assert top.register().status_code == 200 and peer.register().status_code == 200
    sent = top.ask("POST", f"/workspaces/{peer.id}/a2a", asked("hi", "m", **({"rpc_id": "q"} if asked is newer else {})))
    reply = answered("yes", "r")
    reply["params"]["message"].update({"role": "ROLE_AGENT" if answered is newer else "agent",
                                       "metadata": {"reply_to": sent.json()["activity_id"]}})
    assert peer.ask("POST", f"/workspaces/{top.id}/a2a", reply).status_code == 200
    again = top.ask("POST", f"/workspaces/{peer.id}/a2a", {**asked("hi", "m"), "id": 5}).json()
    assert again["id"] == 5
    said = again["result"]["message"] if asked is newer else again["result"]
    assert said["parts"] == ([{"text": "yes"}] if asked is newer else [{"kind": "text", "text": "yes"}])
    assert said["messageId"] == "r" and said["role"] == ("ROLE_AGENT" if asked is newer else "agent")


@pytest.mark.parametrize("asked", [message, newer])
def test_a_persons_answer_is_one_when_they_ask_again(org: Org, asked: Any) -> None:
    agent = poll_agent(org)
    sent = org.ask("POST", f"/workspaces/{agent.id}/a2a", asked("hi", "m")).json()
    said = {"message": "yes", "reply_to": sent["activity_id"],
            "attachments": [{"uri": "https://files.example/a.txt", "name": "a.txt"}]}
    assert agent.ask("POST", "/workspaces/SELF/notify", said).status_code == 200
    again = org.ask("POST", f"/workspaces/{agent.id}/a2a", {**asked("hi", "m"), "id": 5}).json()
    assert again["jsonrpc"] == "2.0" and again["id"] == 5
    result = again["result"]["message"] if asked is newer else again["result"]
    assert result["messageId"] and result["parts"][0]["text"] == "yes" and len(result["parts"]) == 2


BAD: dict[str, tuple[str, int, Any]] = {
    "no json": ('{"jsonrpc":"2.0","id":1,', -32700, None),
    "two of one name": ('{"jsonrpc":"2.0","id":1,"id":2,"method":"message/send"}', -32700, None),
    "a list": ('[{"jsonrpc":"2.0"}]', -32600, None),
    "a true id": ('{"jsonrpc":"2.0","id":true,"method":"message/send"}', -32600, None),
    "a list as id": ('{"jsonrpc":"2.0","id":[1],"method":"message/send"}', -32600, None),
    "an object as id": ('{"jsonrpc":"2.0","id":{},"method":"message/send"}', -32600, None),
    "a broken number as id": ('{"jsonrpc":"2.0","id":1.5,"method":"message/send"}', -32600, None),
    "a long id": ('{"jsonrpc":"2.0","id":"%s","method":"message/send"}' % ("x" * 300), -32600, None),
    "no method": ('{"jsonrpc":"2.0","id":"a"}', -32600, "a"),
    "a number as method": ('{"jsonrpc":"2.0","id":"a","method":7}', -32600, "a"),
    "another version": ('{"jsonrpc":"1.0","id":7,"method":"message/send"}', -32600, 7),
    "an unknown method": ('{"jsonrpc":"2.0","id":7,"method":"tasks/explode"}', -32601, 7),
    "no message": ('{"jsonrpc":"2.0","id":null,"method":"message/send","params":{}}', -32602, None),
    "no parts": ('{"jsonrpc":"2.0","id":7,"method":"SendMessage","params":{"message":{"parts":[]}}}', -32602, 7)}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_a_jsonrpc_error(org: Org, kind: str) -> None:
    raw, number, rpc_id = BAD[kind]
    body = refused(org.ask("POST", f"/workspaces/{poll_agent(org).id}/a2a", raw=raw.encode()), 400)
    assert body["jsonrpc"] == "2.0" and body["error"]["code"] == number and body["id"] == rpc_id and "id" in body
    if number == -32602:
        assert body["hint"]


def refusals(org: Org, agents: PushAgents) -> dict[str, tuple[Any, str, int, str]]:
    """Who asks whom, and what the refusal is, of every kind that a message can meet."""
    stranger = org.resident("stranger")
    hidden, asker = org.resident("hidden", stranger.id), org.resident("asker")
    gone, sleeper = org.resident("gone", asker.id), org.resident("sleeper", asker.id)
    for each in (asker, sleeper):
        assert each.register().status_code == 200
    assert org.ask("DELETE", f"/workspaces/{gone.id}?confirm=true").status_code < 300
    failing = org.resident("failing", asker.id)
    assert failing.register(url=agents.start(says(answer_bytes('{"error":"out of ink"}', status="422 No"))),
                            delivery_mode="push").status_code == 200
    assert asker.ask("POST", f"/workspaces/{sleeper.id}/a2a", message("first", "used")).status_code == 200
    return {"hidden": (asker, hidden.id, 403, "not_reachable"), "unknown to an agent": (asker, str(uuid.uuid4()), 403, "not_reachable"),
            "unknown to a person": (None, str(uuid.uuid4()), 404, "workspace_not_found"), "gone": (asker, gone.id, 410, "workspace_removed"),
            "used": (asker, sleeper.id, 409, "message_id_reused"), "failing": (None, failing.id, 422, "agent_error")}


@pytest.mark.parametrize("rpc_id", [7, "seven", None])
def test_every_refusal_of_a_message_is_a_jsonrpc_error_beside_what_it_was(org: Org, push_agents: PushAgents, rpc_id: Any) -> None:
    for kind, (asker, target, status, code) in refusals(org, push_agents).items():
        sent = message("again", "used")
        plain = {name: value for name, value in sent.items() if name != "jsonrpc"}
        token = asker.token if asker else None
        told = org.ask("POST", f"/workspaces/{target}/a2a", {**sent, "id": rpc_id}, token=token)
        body = told.json()
        assert told.status_code == status and body["code"] == code, (kind, told.text)
        assert body["jsonrpc"] == "2.0" and body["id"] == rpc_id and "id" in body, kind
        assert body["error"]["code"] == -32600 and body["error"]["message"], kind
        once = org.ask("POST", f"/workspaces/{target}/a2a", plain, token=token)
        before = once.json()
        assert once.status_code == status and before["code"] == code and "jsonrpc" not in before, kind
        assert before["error"] == body["error"]["message"], kind
        # What stood beside the sentence stands there still; only an id of its own has another name.
        for name, value in before.items():
            if name != "error":
                assert body["workspace_id" if name == "id" and kind == "gone" else name] == value or name == "id", (kind, name)
        if kind == "gone":
            assert body["workspace_id"] == target and body["removed_at"] and body["hint"]


def test_who_does_not_speak_jsonrpc_is_told_in_a_sentence(org: Org) -> None:
    agent = poll_agent(org)
    for raw in (b"{", b'{"method":"message/send","params":{}}'):
        body = org.ask("POST", f"/workspaces/{agent.id}/a2a", raw=raw).json()
        assert isinstance(body["error"], str) and body["code"]


@pytest.mark.parametrize("what", [{"contextId": "another"}, {"taskId": "another"}, {"referenceTaskIds": ["another"]},
                                  {"metadata": {"to": "another"}}])
def test_the_same_words_elsewhere_are_another_message(org: Org, what: dict[str, Any]) -> None:
    """A word such as "yes" may be said to two tasks; whoever says it under one id is told that, and not another one's answer."""
    agent = poll_agent(org)
    path = f"/workspaces/{agent.id}/a2a"
    here = {"contextId": "here", "metadata": {"to": "here", "traceparent": "a"}}
    assert org.ask("POST", path, message("yes", "m", **here)).status_code == 200
    for other in (message("yes", "m", **{**here, **what}), newer("yes", "m")):
        if other["method"] == "SendMessage":
            other["params"]["message"] |= {**here, **what}
        assert refused(org.ask("POST", path, other), 409)["code"] == "message_id_reused"
    again = {**here, "metadata": {"traceparent": "b", "to": "here"}}
    assert org.ask("POST", path, message("yes", "m", **again)).status_code == 200
    del again["contextId"]
    assert org.ask("POST", path, message("yes", "m", **again)).status_code == 200, "the platform may have named it since"
    assert len(org.ask("GET", f"/workspaces/{agent.id}/activity").json()) == 1


def test_programs_with_keys_of_their_own_know_nothing_of_each_others_ids(org: Org) -> None:
    agent = poll_agent(org)
    path = f"/workspaces/{agent.id}/a2a"
    keys = [org.ask("POST", "/org/tokens", {"name": name}).json()["auth_token"] for name in ("one", "two")]
    taken = {org.ask("POST", path, message("hi", "1"), token=token).json()["activity_id"] for token in (*keys, None)}
    assert len(taken) == 3
    assert org.ask("POST", path, message("something else", "1"), token=keys[1]).status_code == 409
    assert org.ask("POST", path, message("hi", "1"), token=keys[1]).json()["activity_id"] in taken
    assert len(org.ask("GET", f"/workspaces/{agent.id}/activity").json()) == 3
