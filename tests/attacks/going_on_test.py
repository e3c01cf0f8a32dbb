"""Work that an agent is at when it answers: what comes of it later is the message's outcome, whoever looks, without asking the agent."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
import requests
from attackers import Org, PushAgents, Resident
from delegations_test import Busy, task
from stage import wait_for


class Begun:
    """A message of a person to an agent that answers that it is at it."""

    def __init__(self, org: Org, agents: PushAgents, method: str = "message/send", state: str = "working") -> None:
        self.org = org
        self.busy = Busy(state)
        self.agent: Resident = org.resident("busy")
        assert self.agent.register(url=agents.start(self.busy), delivery_mode="push").status_code == 200
        new = method == "SendMessage"
        part = {"text": "count"} if new else {"kind": "text", "text": "count"}
        self.body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {"message": {
            "role": "ROLE_USER" if new else "user", "messageId": uuid.uuid4().hex, "parts": [part]}}}
        self.first = self.send().json()["result"]

    def send(self) -> requests.Response:
        answer = self.org.ask("POST", f"/a2a/{self.agent.id}", self.body)
        assert answer.status_code == 200, answer.text
        return answer

    def row(self) -> dict[str, Any]:
        return dict(self.org.ask("GET", f"/workspaces/{self.agent.id}/activity").json()[0])

    def answers(self) -> list[dict[str, Any]]:
        """What the page was told."""
        events = self.org.ask("GET", f"/events/{self.agent.id}?limit=100").json()
        return [event["payload"] for event in events if event["event_type"] == "A2A_RESPONSE"]

    def says(self, words: str) -> dict[str, Any]:
        wait_for("the agent's word to be recorded", lambda: words in str(self.row()["response_body"]))
        return self.row()


@pytest.mark.parametrize("method", ["message/send", "SendMessage"])
def test_the_end_of_long_work_is_what_everybody_finds(org: Org, push_agents: PushAgents, method: str) -> None:
    work = Begun(org, push_agents, method)
    new = method == "SendMessage"
    first = work.first["task"] if new else work.first
    assert first["status"]["state"] == ("TASK_STATE_WORKING" if new else "working")
    work.busy.stands = task("completed", made="three")
    row = work.says("three")
    assert row["status"] == "ok"
    result = row["response_body"]["result"]
    made = result["task"] if new else result
    assert row["response_body"]["id"] == 7 and row["response_body"]["jsonrpc"] == "2.0"
    assert made["status"]["state"] == ("TASK_STATE_COMPLETED" if new else "completed")
    assert made["artifacts"][0]["parts"] == [{"text": "three"} if new else {"kind": "text", "text": "three"}]
    asked = work.busy.asked.count("tasks/get")
    again = work.send().json()
    assert again["result"] == result and again["id"] == 7, "who asks again is told the end"
    wait_for("the page to be told both", lambda: len(work.answers()) == 2)
    assert ["three" in str(each["response_body"]) for each in work.answers()] == [True, False]
    listed = org.ask("POST", f"/a2a/{work.agent.id}", {"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {}}).json()["result"]["tasks"]
    assert [each["status"]["state"] for each in listed] == ["TASK_STATE_COMPLETED"]
    assert work.busy.asked.count("tasks/get") == asked and work.busy.asked.count("message/send") == 1


@pytest.mark.parametrize(("state", "status"), [("failed", "error"), ("rejected", "error"), ("canceled", "canceled"), ("input-required", "ok")])
def test_it_may_end_otherwise_or_need_something(org: Org, push_agents: PushAgents, state: str, status: str) -> None:
    work = Begun(org, push_agents, state="submitted")
    work.busy.stands = task(state, "out of ink")
    row = work.says("out of ink")
    assert row["status"] == status and row["response_body"]["result"]["status"]["state"] == state
    if status != "ok":
        assert "out of ink" in row["error_detail"]
    wait_for("the page to be told", lambda: work.answers()[0]["response_body"] == row["response_body"])


def test_a_restart_forgets_nothing_of_it(org: Org, push_agents: PushAgents) -> None:
    work = Begun(org, push_agents)
    org.stage.kill()
    work.busy.stands = task("completed", made="three")
    org.stage.start()
    assert work.says("three")["status"] == "ok"


def test_who_is_removed_while_at_it_ends_nothing_well(org: Org, push_agents: PushAgents) -> None:
    work = Begun(org, push_agents)
    seen = org.ask("GET", f"/workspaces/{work.agent.id}/activity").json()[0]["id"]
    assert org.ask("DELETE", f"/workspaces/{work.agent.id}").status_code == 200

    def told() -> bool:
        return any("removed" in str(each["response_body"]) for each in work.answers() if each["activity_id"] == seen)

    wait_for("it to be said", told)


def test_what_is_called_off_is_canceled_for_everybody(org: Org, push_agents: PushAgents) -> None:
    work = Begun(org, push_agents)
    answer = org.ask("POST", f"/a2a/{work.agent.id}", {"jsonrpc": "2.0", "id": 1, "method": "tasks/cancel", "params": {"id": work.row()["id"]}})
    assert answer.json()["result"]["status"]["state"] == "canceled"
    row = work.row()
    assert row["status"] == "canceled" and row["response_body"]["result"]["status"]["state"] == "canceled"


def test_an_agent_that_lost_its_task_has_failed_at_it(org: Org, push_agents: PushAgents) -> None:
    work = Begun(org, push_agents)
    work.busy.forgets = True
    wait_for("it to be given up", lambda: work.row()["status"] == "error", 90)
    assert "knows nothing of its task any more" in work.row()["error_detail"]
    told = org.ask("POST", f"/a2a/{work.agent.id}", {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"id": work.row()["id"]}}).json()["result"]
    assert told["status"]["state"] == "failed"


def test_an_end_that_is_heard_while_it_is_called_off_stands(org: Org, push_agents: PushAgents) -> None:
    work = Begun(org, push_agents)
    work.busy.stopped = task("working")
    work.busy.stopping.clear()
    answers: list[Any] = []
    calling = threading.Thread(target=lambda: answers.append(org.ask(
        "POST", f"/a2a/{work.agent.id}", {"jsonrpc": "2.0", "id": 1, "method": "tasks/cancel", "params": {"id": work.row()["id"]}})))
    calling.start()
    wait_for("the agent to be told", lambda: "tasks/cancel" in work.busy.asked)
    work.busy.stands = task("completed", made="three")
    work.says("three")
    work.busy.stopping.set()
    calling.join(30)
    assert not calling.is_alive()
    told = org.ask("POST", f"/a2a/{work.agent.id}", {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"id": work.row()["id"]}}).json()["result"]
    assert told["status"]["state"] == "completed" and "three" in str(told)
