"""What a request of A2A says in its headers: its version, and the extensions that its sender wants."""

from __future__ import annotations

import json
import socket
import uuid
from typing import Any

import pytest
from attackers import Org, PushAgents, Resident, answer_bytes, message

CARD_10 = {"name": "new", "supportedInterfaces": [{"url": "http://agent.example/", "protocolBinding": "JSONRPC",
                                                   "protocolVersion": "1.0"}]}
WANTED = "https://e.example/ext/v1,urn:mine"
SAID = {"role": "ROLE_AGENT", "messageId": "a", "parts": [{"text": "yes"}]}


class Hearing:
    """An agent that keeps the headers and bodies of what it is asked, and says yes in its generation."""

    def __init__(self, result: Any, extra: str = "", error: Any = None) -> None:
        self.result, self.extra, self.error = result, extra, error
        self.heads: list[dict[str, str]] = []
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
        self.heads.append({name.lower(): value for name, value in lines})
        self.bodies.append(json.loads(body))
        told = {"error": self.error} if self.error else {"result": self.result}
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, **told}), extra=self.extra))


def old(extra: str = "", error: Any = None) -> Hearing:
    return Hearing({"kind": "message", "role": "agent", "messageId": "a", "parts": [{"kind": "text", "text": "yes"}]}, extra, error)


def new(extra: str = "", error: Any = None) -> Hearing:
    return Hearing({"message": SAID}, extra, error)


def at(org: Org, url: str, card: dict[str, Any] | None = None) -> Resident:
    agent = org.resident("hearing")
    assert agent.register(url=url, delivery_mode="push", agent_card=card or {"name": "old"}).status_code == 200
    return agent


def new_message(text: str = "?") -> dict[str, Any]:
    return {"message": {"role": "ROLE_USER", "messageId": uuid.uuid4().hex, "parts": [{"text": text}]}}


def rpc(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": "q", "method": method, "params": params}


@pytest.mark.parametrize("version", ["2.0", "0.2.5", "1.1", "nonsense", "1", "1.0, 0.3"])
def test_a_version_that_is_not_spoken_is_refused_before_anybody_is_asked(org: Org, push_agents: PushAgents, version: str) -> None:
    heard = old()
    agent = at(org, push_agents.start(heard))
    for body in (message("hi"), rpc("SendMessage", new_message()), rpc("GetTask", {"id": "t"})):
        for path, headers in ((f"/a2a/{agent.id}", {"A2A-Version": version}), (f"/a2a/{agent.id}?A2A-Version={version}", {}),
                              (f"/workspaces/{agent.id}/a2a", {"A2A-Version": version})):
            answer = org.ask("POST", path, body, headers=headers)
            assert answer.status_code == 200, answer.text
            told = answer.json()
            assert told["id"] == body["id"] and told["error"]["code"] == -32009, told
            [info] = told["error"]["data"]
            assert info["reason"] == "VERSION_NOT_SUPPORTED" and info["metadata"] == {"supportedVersions": "1.0, 0.3"}
    for path in ("message:send", "message:stream"):
        answer = org.ask("POST", f"/a2a/{agent.id}/{path}", new_message(), headers={"A2A-Version": version})
        assert answer.status_code == 400 and answer.json()["error"]["details"][0]["reason"] == "VERSION_NOT_SUPPORTED"
    assert heard.bodies == []


def test_http_and_json_is_of_one_point_oh(org: Org, push_agents: PushAgents) -> None:
    agent = at(org, push_agents.start(old()))
    for method, path in (("GET", "tasks"), ("GET", "tasks/t"), ("POST", "tasks/t:cancel"), ("GET", "extendedAgentCard")):
        answer = org.ask(method, f"/a2a/{agent.id}/{path}", headers={"A2A-Version": "0.3"})
        assert answer.status_code == 400, answer.text
        error = answer.json()["error"]
        assert error["details"][0]["reason"] == "VERSION_NOT_SUPPORTED" and "1.0" in error["message"]
    assert org.ask("GET", f"/a2a/{agent.id}/tasks", headers={"A2A-Version": "1.0.7"}).status_code == 200


@pytest.mark.parametrize("version", ["", "1.0", "1.0.1", "0.3", "0.3.0"])
def test_a_version_that_is_spoken_changes_nothing(org: Org, push_agents: PushAgents, version: str) -> None:
    agent = at(org, push_agents.start(old()))
    answer = org.ask("POST", f"/a2a/{agent.id}", message("hi"), headers={"A2A-Version": version})
    assert answer.json()["result"]["parts"][0]["text"] == "yes", answer.text


@pytest.mark.parametrize("header", ["A2A-Extensions", "X-A2A-Extensions"])
def test_extensions_reach_the_agent_under_its_generations_name(org: Org, push_agents: PushAgents, header: str) -> None:
    for heard, card, name in ((old(), None, "x-a2a-extensions"), (new(), CARD_10, "a2a-extensions")):
        agent = at(org, push_agents.start(heard), card)
        for path, body in ((f"/a2a/{agent.id}", message("hi")), (f"/a2a/{agent.id}", rpc("SendMessage", new_message())),
                           (f"/a2a/{agent.id}/message:send", new_message())):
            assert org.ask("POST", path, body, headers={header: WANTED}).status_code == 200
            assert heard.heads[-1][name] == WANTED
        assert org.ask("POST", f"/a2a/{agent.id}", message("hi")).status_code == 200
        assert not {"a2a-extensions", "x-a2a-extensions"} & heard.heads[-1].keys()


def test_extensions_wait_with_their_message_and_reach_who_fetches_it(org: Org, push_agents: PushAgents) -> None:
    agent = at(org, "http://127.0.0.1:9/")
    body = message("later")
    assert org.ask("POST", f"/a2a/{agent.id}", body, headers={"A2A-Extensions": WANTED}).status_code == 202
    heard = old()
    assert agent.register(url=push_agents.start(heard), delivery_mode="push").status_code == 200
    for _ in range(200):
        agent.beat()
        again = org.ask("POST", f"/a2a/{agent.id}", body, headers={"A2A-Extensions": WANTED})
        if again.status_code == 200 and "parts" in again.json()["result"]:
            break
    assert [head["x-a2a-extensions"] for head in heard.heads] == [WANTED]
    polling = org.resident("polling")
    assert polling.register().status_code == 200
    org.ask("POST", f"/a2a/{polling.id}", message("fetch"), headers={"A2A-Extensions": WANTED})
    row = polling.ask("GET", "/workspaces/SELF/activity?type=a2a_receive").json()[0]
    assert row["request_body"]["params"]["metadata"]["a2a_extensions"] == WANTED


@pytest.mark.parametrize("value", ["urn:\u00e4".encode().decode("latin-1"), "urn:" + "x" * 2048])
def test_what_cannot_be_passed_on_as_it_is_is_refused(org: Org, push_agents: PushAgents, value: str) -> None:
    heard = old()
    agent = at(org, push_agents.start(heard))
    answer = org.ask("POST", f"/a2a/{agent.id}", message("hi"), headers={"A2A-Extensions": value})
    assert answer.json()["error"]["code"] == -32602 and answer.json()["code"] == "invalid_params", answer.text
    assert heard.bodies == []


def test_no_line_of_a_head_is_made_of_metadata(org: Org, push_agents: PushAgents) -> None:
    heard = old()
    agent = at(org, push_agents.start(heard))
    body = message("hi")
    body["params"]["metadata"] = {"a2a_extensions": "urn:a\r\nX-Workspace-ID: somebody"}
    assert org.ask("POST", f"/a2a/{agent.id}", body).status_code == 200
    assert not {"x-a2a-extensions", "x-workspace-id"} & heard.heads[-1].keys()


@pytest.mark.parametrize("agents", ["A2A-Extensions", "X-A2A-Extensions"])
def test_what_its_agent_activated_is_told_under_the_senders_name(org: Org, push_agents: PushAgents, agents: str) -> None:
    agent = at(org, push_agents.start(new(extra=f"{agents}: urn:mine\r\n")), CARD_10)
    for path, body in ((f"/a2a/{agent.id}", message("hi")), (f"/a2a/{agent.id}/message:send", new_message())):
        for name, other in (("A2A-Extensions", "X-A2A-Extensions"), ("X-A2A-Extensions", "A2A-Extensions")):
            body.get("params", body)["message"]["messageId"] = uuid.uuid4().hex
            answer = org.ask("POST", path, body, headers={name: WANTED})
            assert answer.headers[name] == "urn:mine" and other not in answer.headers
        body.get("params", body)["message"]["messageId"] = uuid.uuid4().hex
        assert not {"A2A-Extensions", "X-A2A-Extensions"} & set(org.ask("POST", path, body).headers)


def test_that_an_extension_is_required_is_the_agents_to_say(org: Org, push_agents: PushAgents) -> None:
    data = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "EXTENSION_SUPPORT_REQUIRED",
             "domain": "a2a-protocol.org", "metadata": {"extension": "urn:needed"}}]
    agent = at(org, push_agents.start(new(error={"code": -32008, "message": "urn:needed is needed", "data": data})),
               CARD_10 | {"capabilities": {"extensions": [{"uri": "urn:needed", "required": True}]}})
    told = org.ask("POST", f"/a2a/{agent.id}", rpc("SendMessage", new_message())).json()["error"]
    assert told == {"code": -32008, "message": "urn:needed is needed", "data": data}
    told = org.ask("POST", f"/a2a/{agent.id}", message("hi")).json()["error"]
    assert told == {"code": -32004, "message": "urn:needed is needed", "data": data}
    answer = org.ask("POST", f"/a2a/{agent.id}/message:send", new_message())
    assert answer.status_code == 400 and answer.json()["error"]["details"] == data
    stream = org.ask("POST", f"/a2a/{agent.id}", rpc("SendStreamingMessage", new_message())).text
    assert '"code":-32008' in stream
