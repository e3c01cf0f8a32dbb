"""Push notifications as a weapon: receivers inside the operator's network, too many of them, other people's secrets and tasks."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from typing import Any

import pytest
from attackers import Org, PushAgents, Resident, answer_bytes
from inward_test import URLS
from stage import wait_for


def rpc(org: Org, agent: Resident, method: str, by: str | None = None, /, **params: Any) -> dict[str, Any]:
    answer = org.ask("POST", f"/a2a/{agent.id}", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, token=by)
    told: dict[str, Any] = answer.json()
    return told


def sending(**configuration: Any) -> dict[str, Any]:
    return {"message": {"role": "ROLE_USER", "messageId": uuid.uuid4().hex, "parts": [{"text": "?"}]}, "configuration": configuration}


@pytest.fixture
def away(org: Org) -> Resident:
    """An agent that is registered and asleep: what is sent to it waits."""
    agent = org.resident("away")
    assert agent.register(url="http://127.0.0.1:9/", delivery_mode="push").status_code == 200
    assert org.ask("POST", f"/workspaces/{agent.id}/pause").status_code == 200
    return agent


def waiting(org: Org, agent: Resident, token: str | None = None) -> str:
    task_id: str = rpc(org, agent, "SendMessage", token, **sending())["result"]["task"]["id"]
    return task_id


@pytest.mark.parametrize("url", [url for url in URLS if "\t" not in url and "\r" not in url])
def test_an_inward_receiver_is_refused_at_every_door(org: Org, away: Resident, url: str) -> None:
    task_id = waiting(org, away)
    doors = (rpc(org, away, "CreateTaskPushNotificationConfig", taskId=task_id, url=url),
             rpc(org, away, "tasks/pushNotificationConfig/set", taskId=task_id, pushNotificationConfig={"url": url}),
             rpc(org, away, "SendMessage", **sending(taskPushNotificationConfig={"url": url})),
             rpc(org, away, "SendMessage", **sending(task_push_notification_config={"url": url})),
             rpc(org, away, "message/send", **sending(pushNotificationConfig={"url": url})))
    for told in doors:
        assert told["error"]["code"] == -32602, told
    for path, body in ((f"tasks/{task_id}/pushNotificationConfigs", {"url": url}),
                       ("message:send", sending(taskPushNotificationConfig={"url": url})),
                       ("message:stream", sending(taskPushNotificationConfig={"url": url}))):
        answer = org.ask("POST", f"/a2a/{away.id}/{path}", body)
        assert answer.status_code == 400 and answer.json()["error"]["status"] == "INVALID_ARGUMENT", answer.text
    assert rpc(org, away, "ListTaskPushNotificationConfigs", taskId=task_id)["result"]["configs"] == []
    assert len(org.ask("GET", f"/workspaces/{away.id}/activity").json()) == 1, "what is refused is not sent"


def test_a_receiver_leads_nowhere_else(org: Org, away: Resident, push_agents: PushAgents) -> None:
    reached = threading.Event()

    def inner(connection: socket.socket, head: bytes, body: bytes) -> None:
        reached.set()
        connection.sendall(answer_bytes("{}"))

    there = push_agents.start(inner)
    asked: list[bytes] = []

    def elsewhere(connection: socket.socket, head: bytes, body: bytes) -> None:
        asked.append(head)
        connection.sendall(answer_bytes("", status="307 Temporary Redirect", extra=f"Location: {there}\r\n"))

    task_id = rpc(org, away, "SendMessage", **sending(taskPushNotificationConfig={"url": push_agents.start(elsewhere)}))["result"]["task"]["id"]
    assert "result" in rpc(org, away, "CancelTask", id=task_id)
    wait_for("two attempts", lambda: len(asked) > 1)
    assert not reached.is_set()


def test_a_task_has_so_many_and_they_are_listed_page_by_page(org: Org, away: Resident) -> None:
    task_id = waiting(org, away)
    for number in range(16):
        made = rpc(org, away, "CreateTaskPushNotificationConfig", taskId=task_id, id=f"c-{number:02}", url="http://127.0.0.1:9/")
        assert made["result"]["id"] == f"c-{number:02}"
    assert "at most 16" in rpc(org, away, "CreateTaskPushNotificationConfig", taskId=task_id, url="http://127.0.0.1:9/")["error"]["message"]
    answer = org.ask("POST", f"/a2a/{away.id}/tasks/{task_id}/pushNotificationConfigs", {"url": "http://127.0.0.1:9/"})
    assert answer.status_code == 422, answer.text
    again = rpc(org, away, "CreateTaskPushNotificationConfig", taskId=task_id, id="c-03", url="http://127.0.0.1:9/again")
    assert again["result"]["url"].endswith("/again"), "one of the same id takes its place"
    seen: list[str] = []
    token = ""
    for _ in range(4):
        page = rpc(org, away, "ListTaskPushNotificationConfigs", taskId=task_id, pageSize=5, pageToken=token)["result"]
        seen += [each["id"] for each in page["configs"]]
        token = page["nextPageToken"]
        if not token:
            break
    assert sorted(seen) == [f"c-{number:02}" for number in range(16)]
    assert len(rpc(org, away, "tasks/pushNotificationConfig/list", id=task_id)["result"]) == 16


@pytest.mark.parametrize("config", [
    {"url": ""}, {"url": 7}, {}, {"url": "http://127.0.0.1:9/", "token": "a\r\nX-Workspace-ID: b"}, {"url": "http://127.0.0.1:9/", "token": "ä"},
    {"url": "http://127.0.0.1:9/", "token": "x" * 9000}, {"url": "http://127.0.0.1:9/", "id": "x" * 129},
    {"url": "http://127.0.0.1:9/", "id": "a\nb"}, {"url": "http://127.0.0.1:9/" + "x" * 2048},
    {"url": "http://127.0.0.1:9/", "authentication": {}}, {"url": "http://127.0.0.1:9/", "authentication": []},
    {"url": "http://127.0.0.1:9/", "authentication": {"scheme": "Be arer", "credentials": "c"}},
    {"url": "http://127.0.0.1:9/", "authentication": {"scheme": "Bearer", "credentials": "c\nX: y"}}])
def test_what_is_no_configuration_is_refused(org: Org, away: Resident, config: dict[str, Any]) -> None:
    task_id = waiting(org, away)
    assert rpc(org, away, "CreateTaskPushNotificationConfig", taskId=task_id, **config)["error"]["code"] == -32602
    assert rpc(org, away, "SendMessage", **sending(taskPushNotificationConfig=config))["error"]["code"] == -32602
    assert rpc(org, away, "ListTaskPushNotificationConfigs", taskId=task_id)["result"]["configs"] == []


def test_nobody_sees_or_changes_what_is_anothers(org: Org, away: Resident) -> None:
    mine, stranger = org.resident("mine"), org.resident("stranger")
    assert mine.register().status_code == stranger.register().status_code == 200
    task_id = waiting(org, away, mine.token)
    secret = {"token": "t-secret", "authentication": {"scheme": "Bearer", "credentials": "c-secret"}}
    made = rpc(org, away, "CreateTaskPushNotificationConfig", mine.token, taskId=task_id, id="mine", url="http://127.0.0.1:9/", **secret)
    assert made["result"] == {"id": "mine", "taskId": task_id, "url": "http://127.0.0.1:9/", **secret}
    assert rpc(org, away, "GetTaskPushNotificationConfig", mine.token, taskId=task_id, id="mine")["result"] == made["result"]
    for method, params in (("CreateTaskPushNotificationConfig", {"url": "http://127.0.0.1:9/"}), ("GetTaskPushNotificationConfig", {"id": "mine"}),
                           ("ListTaskPushNotificationConfigs", {}), ("DeleteTaskPushNotificationConfig", {"id": "mine"})):
        assert rpc(org, away, method, stranger.token, taskId=task_id, **params)["error"]["code"] == -32001
    # The agent itself and people see the task, and where it is told of; the secrets are its caller's.
    for token in (away.token, None):
        shown = rpc(org, away, "GetTaskPushNotificationConfig", token, taskId=task_id, id="mine")["result"]
        assert shown == {"id": "mine", "taskId": task_id, "url": "http://127.0.0.1:9/"}
    assert "error" in rpc(org, away, "DeleteTaskPushNotificationConfig", away.token, taskId=task_id, id="mine")
    assert "error" in rpc(org, away, "CreateTaskPushNotificationConfig", away.token, taskId=task_id, id="mine", url="http://127.0.0.1:9/x")
    assert rpc(org, away, "GetTaskPushNotificationConfig", mine.token, taskId=task_id, id="mine")["result"] == made["result"]
    assert rpc(org, away, "GetTaskPushNotificationConfig", mine.token, taskId=task_id, id="other")["error"]["code"] == -32001
    rows = json.dumps(org.ask("GET", f"/workspaces/{away.id}/activity").json())
    assert "secret" not in rows


def test_only_its_owner_and_people_see_all_of_an_address(org: Org, away: Resident) -> None:
    mine = org.resident("mine")
    assert mine.register().status_code == 200
    task_id = waiting(org, away, mine.token)
    url = "http://127.0.0.1:9/T0/secret?key=secret"
    rpc(org, away, "CreateTaskPushNotificationConfig", mine.token, taskId=task_id, id="hook", url=url)
    seen = {who: rpc(org, away, "GetTaskPushNotificationConfig", who, taskId=task_id, id="hook")["result"]["url"]
            for who in (mine.token, None, away.token)}
    assert seen == {mine.token: url, None: url, away.token: "http://127.0.0.1:9/"}
    listed = rpc(org, away, "ListTaskPushNotificationConfigs", away.token, taskId=task_id)
    assert "secret" not in json.dumps(listed)


def test_nobody_is_told_in_the_name_of_who_is_gone(org: Org, away: Resident, push_agents: PushAgents) -> None:
    told: list[bytes] = []

    def receive(connection: socket.socket, head: bytes, body: bytes) -> None:
        told.append(body)
        connection.sendall(answer_bytes("{}"))

    gone, stays = org.resident("gone"), org.resident("stays")
    assert gone.register().status_code == stays.register().status_code == 200
    tasks = {}
    for who in (gone, stays):
        tasks[who.id] = waiting(org, away, who.token)
        rpc(org, away, "CreateTaskPushNotificationConfig", who.token, taskId=tasks[who.id], url=push_agents.start(receive))
    assert org.ask("DELETE", f"/workspaces/{gone.id}?confirm=true").status_code == 200
    for task_id in tasks.values():
        rpc(org, away, "CancelTask", id=task_id)
    wait_for("the one who stays to be told", lambda: told)
    assert [tasks[stays.id].encode() in each for each in told] == [True]


def test_a_receiver_that_never_answers_holds_up_nobody(org: Org, away: Resident, push_agents: PushAgents) -> None:
    silent = push_agents.start(lambda connection, head, body: threading.Event().wait(30) and None)
    taken = threading.Event()

    def quick(connection: socket.socket, head: bytes, body: bytes) -> None:
        taken.set()
        connection.sendall(answer_bytes("{}"))

    for url in (silent, push_agents.start(quick)):
        task_id = rpc(org, away, "SendMessage", **sending(taskPushNotificationConfig={"url": url}))["result"]["task"]["id"]
        rpc(org, away, "CancelTask", id=task_id)
    assert taken.wait(10)


def test_it_goes_with_its_workspace(org: Org, push_agents: PushAgents) -> None:
    agent = org.resident("leaving")
    assert agent.register(url="http://127.0.0.1:9/", delivery_mode="push").status_code == 200
    task_id = waiting(org, agent)
    told: list[bytes] = []

    def receive(connection: socket.socket, head: bytes, body: bytes) -> None:
        told.append(body)
        connection.sendall(answer_bytes("{}"))

    assert "result" in rpc(org, agent, "CreateTaskPushNotificationConfig", taskId=task_id, url=push_agents.start(receive))
    assert org.ask("DELETE", f"/workspaces/{agent.id}?confirm=true").status_code == 200
    wait_for("the end", lambda: told)
    assert b"TASK_STATE_FAILED" in told[0]


def test_many_who_never_answer_keep_nobody_else_waiting(org: Org, away: Resident, push_agents: PushAgents) -> None:
    told = threading.Event()

    def hears(connection: socket.socket, head: bytes, body: bytes) -> None:
        told.set()
        connection.sendall(answer_bytes(""))

    with socket.create_server(("127.0.0.1", 0), backlog=64) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        crowd = [waiting(org, away) for _ in range(36)]
        for task_id in crowd:
            for number in range(16):
                made = rpc(org, away, "CreateTaskPushNotificationConfig", taskId=task_id, url=url, id=str(number))
                assert "result" in made, made
        other = waiting(org, away)
        there = push_agents.start(hears).replace("127.0.0.1", "localhost")
        made = rpc(org, away, "CreateTaskPushNotificationConfig", taskId=other, url=there)
        assert "result" in made, made
        for task_id in [*crowd, other]:
            assert "result" in rpc(org, away, "CancelTask", id=task_id)
        wait_for("the one who answers to be told", told.is_set, 10)


def test_an_agent_that_never_says_how_it_stands_holds_up_nobodys_news(org: Org, push_agents: PushAgents) -> None:
    """Tasks that go on are asked for; a crowd of them at one agent that takes each question and never answers it."""
    told = threading.Event()
    asked: list[bytes] = []

    def hears(connection: socket.socket, head: bytes, body: bytes) -> None:
        if b'"completed"' in body:
            told.set()
        connection.sendall(answer_bytes("{}"))

    def works(answers: bool) -> Any:
        def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
            call = json.loads(body)
            first = call["method"] in ("message/send", "SendMessage")
            if not first:
                asked.append(body)
                if not answers:
                    threading.Event().wait(25)
                    return
            state = "working" if first else "completed"
            task = {"kind": "task", "id": f"t-{call['params'].get('message', {}).get('messageId', call['params'].get('id', ''))}".replace("t-t-", "t-"),
                    "contextId": "c", "status": {"state": state}}
            connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": task})))
        return answer

    silent, quick = org.resident("silent"), org.resident("quick")
    assert silent.register(url=push_agents.start(works(False)), delivery_mode="push").status_code == 200
    assert quick.register(url=push_agents.start(works(True)), delivery_mode="push").status_code == 200
    receiver = push_agents.start(hears)

    def sends(to: Resident) -> None:
        sent = {"message": {"kind": "message", "role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": "?"}]},
                "configuration": {"pushNotificationConfig": {"url": receiver}}}
        assert "result" in rpc(org, to, "message/send", **sent)

    for _ in range(24):
        sends(silent)
    wait_for("the silent one to be asked", lambda: asked)
    sends(quick)
    wait_for("the end of the quick one's task", told.is_set, 15)
