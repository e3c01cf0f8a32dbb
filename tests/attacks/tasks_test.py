"""Tasks: every message is one. Who sent it asks how it stands, lists what it sent and calls it off; nobody else learns of it."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from attackers import Answering, Org, PushAgents, Resident, answer_bytes, message

CARD_10 = {"name": "new", "supportedInterfaces": [{"url": "http://agent.example/", "protocolBinding": "JSONRPC",
                                                   "protocolVersion": "1.0"}]}


def told(result: dict[str, Any]) -> bytes:
    return answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}))


def error(code: int, text: str) -> bytes:
    return answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": text}}))


def task(state: str, task_id: str = "t-1", **more: Any) -> dict[str, Any]:
    return {"kind": "task", "id": task_id, "contextId": "c-1", "status": {"state": state}} | more


class Scripted:
    """An agent that answers each method with what stands beside it: a result, or bytes. What it was asked is kept."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "/"): value for name, value in answers.items()}
        self.asked: list[dict[str, Any]] = []

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        request = json.loads(body)
        self.asked.append(request)
        answer = self.answers[request["method"]]
        if callable(answer):
            answer = answer(request)
        connection.sendall(answer if isinstance(answer, bytes) else told(answer))

    def about(self, method: str) -> list[dict[str, Any]]:
        return [each["params"] for each in self.asked if each["method"] == method]


@pytest.fixture
def agent_of(org: Org, push_agents: PushAgents) -> Callable[..., Resident]:
    def make(answering: Answering, card: dict[str, Any] | None = None, name: str = "worker") -> Resident:
        agent = org.resident(name)
        made = agent.register(url=push_agents.start(answering), delivery_mode="push", agent_card=card or {"name": name})
        assert made.status_code == 200, made.text
        return agent
    return make


def ask(org: Org, agent: Resident, method: str, token: str | None = None, path: str = "/workspaces/{}/a2a",
        **params: Any) -> dict[str, Any]:
    answer = org.ask("POST", path.format(agent.id), {"jsonrpc": "2.0", "id": "q", "method": method, "params": params},
                     token=token)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["jsonrpc"] == "2.0" and body["id"] == "q"
    return body


def result(*args: Any, **params: Any) -> Any:
    body = ask(*args, **params)
    assert "result" in body, body
    return body["result"]


def number(*args: Any, **params: Any) -> int:
    code: int = ask(*args, **params)["error"]["code"]
    return code


def sent(org: Org, agent: Resident, text: str, token: str | None = None, **fields: Any) -> dict[str, Any]:
    answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message(text, f"m-{uuid.uuid4()}", **fields), token=token)
    assert answer.status_code in (200, 202), answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
def away(org: Org) -> Resident:
    """An agent that is registered and asleep: what is sent to it waits."""
    agent = org.resident("away")
    assert agent.register(url="http://127.0.0.1:9/", delivery_mode="push").status_code == 200
    assert org.ask("POST", f"/workspaces/{agent.id}/pause").status_code == 200
    return agent


@pytest.mark.parametrize("path", ["/workspaces/{}/a2a", "/a2a/{}"])
def test_what_waits_is_a_submitted_task_and_can_be_called_off(org: Org, away: Resident, path: str) -> None:
    task_id = sent(org, away, "later")["result"]["id"]
    now = result(org, away, "tasks/get", path=path, id=task_id)
    assert now["kind"] == "task" and now["id"] == task_id and now["status"]["state"] == "submitted"
    assert now["metadata"]["molecule"]["standing"] == "waiting" and now["metadata"]["molecule"]["since"]
    assert [each["parts"][0]["text"] for each in now["history"]] == ["later"]
    new = result(org, away, "GetTask", path=path, id=task_id, historyLength=0)
    assert new["status"]["state"] == "TASK_STATE_SUBMITTED" and "kind" not in new and "history" not in new
    off = result(org, away, "CancelTask", path=path, id=task_id)
    assert off["status"]["state"] == "TASK_STATE_CANCELED" and off["metadata"]["molecule"]["standing"] == "canceled"
    assert number(org, away, "CancelTask", path=path, id=task_id) == -32002
    row = org.ask("GET", f"/workspaces/{away.id}/activity").json()[0]
    assert row["status"] == "canceled" and row["mail"] == "dead" and "canceled" in row["error_detail"]
    item = org.ask("GET", f"/workspaces/{away.id}/a2a/queue/{task_id}").json()
    assert item["status"] == "dropped" and item["standing"] == "canceled"


def test_its_sender_who_asks_again_is_told_that_it_is_canceled(org: Org, away: Resident) -> None:
    body = message("later", f"m-{uuid.uuid4()}")
    first = org.ask("POST", f"/workspaces/{away.id}/a2a", body).json()
    result(org, away, "tasks/cancel", id=first["result"]["id"])
    again = org.ask("POST", f"/workspaces/{away.id}/a2a", body)
    assert again.status_code == 200 and again.json()["result"]["status"]["state"] == "canceled", again.text


def test_an_answered_message_is_a_completed_task_by_its_own_id_and_its_agents(
        org: Org, agent_of: Callable[..., Resident]) -> None:
    parts = [{"kind": "text", "text": "42"}]
    scripted = Scripted(message_send=task("completed", artifacts=[{"artifactId": "a", "parts": parts}]))
    agent = agent_of(scripted)
    assert sent(org, agent, "what?")["result"]["id"] == "t-1"
    row = org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]
    for task_id in ("t-1", row["id"]):
        now = result(org, agent, "tasks/get", id=task_id)
        assert now["id"] == task_id and now["status"]["state"] == "completed" and now["contextId"] == "c-1"
        assert now["artifacts"] == [{"artifactId": "a", "parts": parts}]
        assert now["metadata"]["molecule"]["standing"] == "answered"
        assert now["metadata"]["molecule"]["agent_task_id"] == "t-1"
    assert number(org, agent, "tasks/cancel", id="t-1") == -32002
    assert len(scripted.asked) == 1, "an agent is not asked about what is over"


def test_a_task_that_goes_on_is_asked_of_its_agent(org: Org, agent_of: Callable[..., Resident]) -> None:
    states = iter([task("working"), task("completed", artifacts=[{"artifactId": "a", "parts": [{"kind": "text", "text": "done"}]}])])
    scripted = Scripted(message_send=task("submitted"), tasks_get=lambda _: told(next(states)))
    agent = agent_of(scripted)
    assert sent(org, agent, "long work")["result"]["status"]["state"] == "submitted"
    now = result(org, agent, "GetTask", id="t-1")
    assert now["status"]["state"] == "TASK_STATE_WORKING" and now["metadata"]["molecule"]["standing"] == "seen"
    now = result(org, agent, "GetTask", id="t-1")
    assert now["status"]["state"] == "TASK_STATE_COMPLETED" and now["artifacts"][0]["parts"] == [{"text": "done"}]
    assert scripted.about("tasks/get") == [{"id": "t-1"}, {"id": "t-1"}]
    # And is remembered: it is over.
    assert result(org, agent, "tasks/get", id="t-1")["status"]["state"] == "completed"
    assert len(scripted.about("tasks/get")) == 2


def test_an_agent_that_cannot_be_asked_leaves_what_was_heard_last(org: Org, agent_of: Callable[..., Resident]) -> None:
    scripted = Scripted(message_send=task("working"), tasks_get=answer_bytes("down", status="500 Oh"))
    agent = agent_of(scripted)
    sent(org, agent, "long work")
    now = result(org, agent, "tasks/get", id="t-1")
    assert now["status"]["state"] == "working"
    assert "could not be asked" in now["metadata"]["molecule"]["note"] and now["metadata"]["molecule"]["known_at"]


def test_an_agent_is_asked_to_stop_in_its_own_generation(org: Org, agent_of: Callable[..., Resident]) -> None:
    new_task = {"id": "t-1", "contextId": "c-1", "status": {"state": "TASK_STATE_WORKING"}}
    stopped = new_task | {"status": {"state": "TASK_STATE_CANCELED", "message": {
        "role": "ROLE_AGENT", "messageId": "s", "parts": [{"text": "as you wish"}]}}}
    scripted = Scripted(SendMessage={"task": new_task}, CancelTask=stopped)
    agent = agent_of(scripted, CARD_10)
    sent(org, agent, "long work")
    off = result(org, agent, "tasks/cancel", id="t-1")
    assert off["status"]["state"] == "canceled" and off["status"]["message"]["parts"] == [{"kind": "text", "text": "as you wish"}]
    params = scripted.about("CancelTask")[0]
    assert params["id"] == "t-1" and params["metadata"]["context_id"] == "c-1"
    assert result(org, agent, "tasks/get", id="t-1")["status"]["state"] == "canceled"
    assert number(org, agent, "tasks/cancel", id="t-1") == -32002


def test_an_agent_that_says_no_goes_on(org: Org, agent_of: Callable[..., Resident]) -> None:
    agent = agent_of(Scripted(message_send=task("working"), tasks_cancel=error(-32002, "too late"),
                              tasks_get=task("working")))
    sent(org, agent, "long work")
    body = ask(org, agent, "tasks/cancel", id="t-1")
    assert body["error"]["code"] == -32002 and "too late" in body["error"]["message"]
    assert body["error"]["data"][0]["reason"] == "TASK_NOT_CANCELABLE"
    assert result(org, agent, "tasks/get", id="t-1")["status"]["state"] == "working"


def test_whoever_waits_is_told_at_once_that_it_was_stopped(org: Org, agent_of: Callable[..., Resident]) -> None:
    began, go = threading.Event(), threading.Event()

    def slow(_: dict[str, Any]) -> bytes:
        began.set()
        go.wait(60)
        return told(task("completed"))

    scripted = Scripted(message_send=slow, tasks_cancel=lambda asked: told(task("canceled", asked["params"]["id"])))
    agent = agent_of(scripted)
    sender = org.resident("sender")
    answers: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: answers.append(sent(org, agent, "long work", token=sender.token)))
    waiting.start()
    try:
        assert began.wait(20)
        activity = scripted.asked[0]["params"]["metadata"]["activity_id"]
        now = result(org, agent, "tasks/get", token=sender.token, id=activity)
        assert now["status"]["state"] == "working" and now["metadata"]["molecule"]["standing"] == "leased"
        off = result(org, agent, "tasks/cancel", token=sender.token, id=activity)
        assert off["status"]["state"] == "canceled"
        waiting.join(10)
        assert answers and answers[0]["result"]["status"]["state"] == "canceled", "while the agent still holds its request"
    finally:
        go.set()
        waiting.join(20)
    row = org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]
    assert row["status"] == "canceled", "and its late answer is recorded nowhere"


def test_nobody_else_learns_of_a_task(org: Org, away: Resident, agent_of: Callable[..., Resident]) -> None:
    agent = agent_of(Scripted(message_send=task("working"), tasks_get=task("working"), tasks_cancel=task("canceled")))
    sender, other = org.resident("sender"), org.resident("other")
    theirs = sent(org, away, "mine", token=sender.token)["result"]["id"]
    sent(org, agent, "mine", token=sender.token)
    for method in ("tasks/get", "tasks/cancel", "GetTask", "CancelTask"):
        assert number(org, away, method, token=other.token, id=theirs) == -32001
        assert number(org, agent, method, token=other.token, id="t-1") == -32001
        # By another endpoint neither, and what never was reads the same.
        assert number(org, agent, method, token=sender.token, id=theirs) == -32001
        assert number(org, away, method, token=sender.token, id=str(uuid.uuid4())) == -32001
    assert result(org, away, "ListTasks", token=other.token)["tasks"] == []
    assert result(org, away, "tasks/get", token=sender.token, id=theirs)["status"]["state"] == "submitted"
    assert result(org, away, "tasks/get", token=away.token, id=theirs)["status"]["state"] == "submitted"
    assert [each["id"] for each in result(org, away, "ListTasks", token=sender.token)["tasks"]] == [theirs]
    mine = sent(org, agent, "mine too", token=other.token)
    assert mine["result"]["id"] == "t-1", "an agent may give two senders one id"
    assert result(org, agent, "ListTasks", token=other.token)["totalSize"] == 1


def test_nobody_goes_on_with_anothers_task(org: Org, agent_of: Callable[..., Resident]) -> None:
    """Whoever could would be told all that was said in it, and act in its sender's name."""
    scripted = Scripted(message_send=task("input-required"))
    agent = agent_of(scripted)
    sender, other = org.resident("sender"), org.resident("other")
    own_id = sent(org, agent, "mine", token=sender.token)
    assert own_id["result"]["id"] == "t-1"
    activity = scripted.asked[0]["params"]["metadata"]["activity_id"]
    for named in ("t-1", activity):
        theirs = message("and now mine", f"m-{uuid.uuid4()}")
        theirs["params"]["message"]["taskId"] = named
        assert org.ask("POST", f"/workspaces/{agent.id}/a2a", theirs, token=other.token).json()["error"]["code"] == -32001
        over_http = {"message": {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": "x"}], "taskId": named}}
        refused = org.ask("POST", f"/a2a/{agent.id}/message:send", over_http, token=other.token)
        assert refused.status_code == 404 and refused.json()["error"]["details"][0]["reason"] == "TASK_NOT_FOUND", refused.text
    assert len(scripted.asked) == 1, "its agent never heard of it"
    assert result(org, agent, "ListTasks", token=other.token)["totalSize"] == 0
    for token in (sender.token, None):
        goes_on = message("here you are", f"m-{uuid.uuid4()}")
        goes_on["params"]["message"]["taskId"] = "t-1"
        assert org.ask("POST", f"/workspaces/{agent.id}/a2a", goes_on, token=token).json()["result"]["id"] == "t-1"


def test_nobody_goes_on_with_a_task_that_has_ended_or_is_of_another_conversation(org: Org, agent_of: Callable[..., Resident]) -> None:
    scripted = Scripted(message_send=task("input-required"))
    agent = agent_of(scripted)
    assert sent(org, agent, "begin")["result"]["id"] == "t-1"
    for path in (f"/workspaces/{agent.id}/a2a", f"/a2a/{agent.id}"):
        elsewhere = message("this one?", uuid.uuid4().hex, taskId="t-1", contextId="c-2")
        assert org.ask("POST", path, elsewhere).json()["error"]["code"] == -32602
    scripted.answers["message/send"] = task("completed")
    last = message("that one", "m-last", taskId="t-1", contextId="c-1")
    for _ in range(2):
        answer = org.ask("POST", f"/a2a/{agent.id}", last)
        assert answer.json()["result"]["status"]["state"] == "completed", "sent again it is the same message"
    assert len(scripted.about("message/send")) == 2
    for path in (f"/workspaces/{agent.id}/a2a", f"/a2a/{agent.id}"):
        more = message("and more", uuid.uuid4().hex, taskId="t-1")
        assert org.ask("POST", path, more).json()["error"]["code"] == -32004
    over_http = {"message": {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": "x"}], "taskId": "t-1"}}
    refused = org.ask("POST", f"/a2a/{agent.id}/message:send", over_http, headers={"A2A-Version": "1.0"})
    assert refused.status_code == 400 and refused.json()["error"]["details"][0]["reason"] == "UNSUPPORTED_OPERATION", refused.text
    assert len(scripted.about("message/send")) == 2, "its agent never heard of it"
    assert sent(org, agent, "unheard of", taskId="t-9")["result"]["id"] == "t-1", "what it was told elsewhere it knows itself"


@pytest.mark.parametrize("wrong", [0, -5, 1.5, "600", True, [60]])
def test_a_time_that_is_none_is_refused(org: Org, away: Resident, wrong: Any) -> None:
    asked = message("in time", uuid.uuid4().hex)
    asked["params"]["expires_in_seconds"] = wrong
    for path in (f"/workspaces/{away.id}/a2a", f"/a2a/{away.id}"):
        answer = org.ask("POST", path, asked)
        assert "expires_in_seconds must be a whole number" in answer.text and "result" not in answer.json(), answer.text
    assert result(org, away, "ListTasks")["tasks"] == []


def test_lists_are_newest_change_first_and_page_by_page(org: Org, away: Resident) -> None:
    ids = [sent(org, away, f"number {i}")["result"]["id"] for i in range(5)]
    result(org, away, "CancelTask", id=ids[1])
    expected = [ids[1], ids[4], ids[3], ids[2], ids[0]]
    whole = result(org, away, "ListTasks")
    assert [each["id"] for each in whole["tasks"]] == expected
    assert whole["nextPageToken"] == "" and whole["pageSize"] == 50 and whole["totalSize"] == 5
    assert all("history" not in each and "artifacts" not in each for each in whole["tasks"])
    seen, token = [], None
    while token != "":
        page = result(org, away, "ListTasks", pageSize=2, **({"pageToken": token} if token else {}))
        assert page["totalSize"] == 5 and page["pageSize"] == 2
        seen += [each["id"] for each in page["tasks"]]
        token = page["nextPageToken"]
    assert seen == expected
    canceled = result(org, away, "ListTasks", status="TASK_STATE_CANCELED", historyLength=1)
    assert [each["id"] for each in canceled["tasks"]] == [ids[1]]
    assert canceled["tasks"][0]["history"][0]["parts"][0]["text"] == "number 1"
    since = canceled["tasks"][0]["metadata"]["molecule"]["since"]
    assert [each["id"] for each in result(org, away, "ListTasks", statusTimestampAfter=since)["tasks"]] == [ids[1]]
    for wrong in ({"pageSize": 0}, {"pageSize": 101}, {"pageToken": "x"}, {"status": "asleep"}):
        assert number(org, away, "ListTasks", **wrong) == -32602


def test_lists_are_told_by_conversation_and_with_what_was_made(org: Org, agent_of: Callable[..., Resident]) -> None:
    agent = agent_of(Scripted(message_send=lambda asked: told(
        {"kind": "message", "role": "agent", "messageId": "r", "parts": asked["params"]["message"]["parts"]})))
    for text, context in (("one", "c-a"), ("two", "c-b"), ("three", "c-a")):
        body = message(text, f"m-{uuid.uuid4()}")
        body["params"]["message"]["contextId"] = context
        assert org.ask("POST", f"/workspaces/{agent.id}/a2a", body).status_code == 200
    page = result(org, agent, "ListTasks", contextId="c-a", includeArtifacts=True)
    assert [each["artifacts"][0]["parts"] for each in page["tasks"]] == [[{"text": "three"}], [{"text": "one"}]]
    assert all(each["contextId"] == "c-a" and each["status"]["state"] == "TASK_STATE_COMPLETED" for each in page["tasks"])


def test_a_large_page_ends_by_its_bytes_and_goes_on(org: Org, agent_of: Callable[..., Resident]) -> None:
    agent = agent_of(Scripted(message_send=lambda asked: told(
        {"kind": "message", "role": "agent", "messageId": "r", "parts": [{"kind": "text", "text": "x" * 1_500_000}]})))
    for i in range(5):
        sent(org, agent, f"number {i}")
    first = result(org, agent, "ListTasks", includeArtifacts=True)
    assert 0 < len(first["tasks"]) < 5 and first["totalSize"] == 5
    second = result(org, agent, "ListTasks", includeArtifacts=True, pageToken=first["nextPageToken"])
    assert {each["id"] for each in first["tasks"]}.isdisjoint(each["id"] for each in second["tasks"])


def test_what_a_polling_agent_is_late_with_is_recorded_nowhere(org: Org) -> None:
    poller = org.resident("poller")
    assert poller.register(delivery_mode="poll").status_code == 200
    sender = org.resident("sender")
    assert sender.register(delivery_mode="poll").status_code == 200
    mine = sent(org, poller, "from a peer", token=sender.token)["result"]["id"]
    ours = sent(org, poller, "from a person")["result"]["id"]
    for task_id, token in ((mine, sender.token), (ours, None)):
        assert result(org, poller, "tasks/cancel", token=token, id=task_id)["status"]["state"] == "canceled"
    rows = {row["id"]: row for row in poller.ask("GET", f"/workspaces/{poller.id}/activity?type=a2a_receive").json()}
    assert {rows[each]["status"] for each in (mine, ours)} == {"canceled"}
    reply = message("too late", f"m-{uuid.uuid4()}")
    reply["params"]["message"] |= {"role": "agent", "metadata": {"reply_to": mine}}
    late = poller.ask("POST", f"/workspaces/{sender.id}/a2a", reply)
    assert late.status_code == 200 and late.json()["status"] == "canceled", late.text
    noted = poller.ask("POST", f"/workspaces/{poller.id}/notify", {"message": "too late", "reply_to": ours})
    assert noted.status_code == 200 and noted.json()["status"] == "canceled", noted.text
    assert sender.ask("GET", f"/workspaces/{sender.id}/activity?type=a2a_receive").json() == []
    assert "too late" not in org.ask("GET", f"/workspaces/{poller.id}/activity").text


def test_a_delegation_whose_message_is_canceled_is_canceled(org: Org, away: Resident) -> None:
    asker = org.resident("asker")
    made = asker.ask("POST", f"/workspaces/{asker.id}/delegate", {"target_id": away.id, "task": "do it"}).json()
    page = result(org, away, "ListTasks", token=asker.token)
    result(org, away, "CancelTask", token=asker.token, id=page["tasks"][0]["id"])
    row = asker.ask("GET", f"/workspaces/{asker.id}/delegations/{made['delegation_id']}?wait=5").json()
    assert row["status"] == "canceled", row
    words = asker.ask("GET", f"/workspaces/{asker.id}/activity?type=a2a_receive").json()
    assert words[0]["method"] == "delegate_result" and words[0]["status"] == "canceled"


def test_a_streamed_task_is_known_by_its_agents_id_while_it_comes(org: Org, push_agents: PushAgents) -> None:
    go = threading.Event()
    asked: list[str] = []

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        request = json.loads(body)
        asked.append(request["method"])
        if request["method"] == "tasks/cancel":
            connection.sendall(told(task("canceled")))
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        connection.sendall(b"data: " + json.dumps({"jsonrpc": "2.0", "id": 1, "result": task("working")}).encode() + b"\n\n")
        go.wait(60)

    agent = org.resident("streamer")
    assert agent.register(url=push_agents.start(answer), delivery_mode="push",
                          agent_card={"name": "s", "capabilities": {"streaming": True}}).status_code == 200
    lines: list[str] = []

    def read() -> None:
        stream = requests.post(f"{org.stage.url}/workspaces/{agent.id}/a2a", json=message("go", "m-s") | {"method": "message/stream"},
                               headers={"Authorization": f"Bearer {org.admin}"}, stream=True, timeout=30)
        lines.extend(line.decode() for line in stream.iter_lines() if line.startswith(b"data:"))

    reading = threading.Thread(target=read)
    reading.start()
    try:
        deadline = time.monotonic() + 20
        while (body := ask(org, agent, "tasks/get", id="t-1")).get("error") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert body["result"]["status"]["state"] == "working" and body["result"]["metadata"]["molecule"]["standing"] == "seen"
        assert result(org, agent, "CancelTask", id="t-1")["status"]["state"] == "TASK_STATE_CANCELED"
        reading.join(15)
        assert not reading.is_alive(), "the stream ends with it"
    finally:
        go.set()
        reading.join(20)
    assert '"state":"canceled"' in lines[-1].replace(" ", ""), lines


def test_a_question_that_names_no_task_is_refused(org: Org, away: Resident) -> None:
    assert number(org, away, "tasks/get") == -32602


def resident_memory(pid: int) -> int:
    """In megabytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024


def test_who_subscribes_to_something_long_and_waits_holds_little(org: Org, away: Resident) -> None:
    task_id = sent(org, away, "x" * (6 << 20))["result"]["id"]
    before = resident_memory(org.stage.pid)
    held = []
    try:
        for _ in range(16):
            body = {"jsonrpc": "2.0", "id": "q", "method": "tasks/resubscribe", "params": {"id": task_id}}
            answer = requests.post(f"{org.stage.url}/a2a/{away.id}", json=body, stream=True, timeout=20,
                                   headers={"Authorization": f"Bearer {org.admin}"})
            lines = answer.iter_lines(chunk_size=1 << 20)
            assert any(len(line) > 6 << 20 for line in lines), "the task with its history"
            held.append((answer, lines))
        grown = resident_memory(org.stage.pid) - before
    finally:
        for answer, _ in held:
            answer.close()
    assert grown < 100, f"{grown} MB for 16 who wait"
