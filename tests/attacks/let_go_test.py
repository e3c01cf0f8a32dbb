"""Calling off what an agent is at that answers in one piece: it has told of no task that it could be asked to stop."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest
from attackers import Org, PushAgents, Resident, answer_bytes, message
from stage import wait_for


class AtWork:
    """An agent at one message until it may answer, or until nobody waits for it any more."""

    def __init__(self, says: dict[str, Any] | None) -> None:
        self.says = says  # When it is asked to stop; nothing: it does one thing at a time.
        self.may_answer, self.left, self.asked = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        request = json.loads(body)
        if request["method"] != "message/send":
            if self.says is not None:
                connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": request["id"], **self.says})))
            return
        self.asked.set()
        connection.settimeout(0.1)
        while not self.may_answer.is_set():
            try:
                if not connection.recv(1):
                    self.left.set()
                    return
            except TimeoutError:
                continue
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {
            "kind": "message", "messageId": "a", "role": "agent", "parts": [{"kind": "text", "text": "too late"}]}})))


class Asked:
    """A person's message to such an agent, on its way."""

    def __init__(self, org: Org, push_agents: PushAgents, at_work: AtWork) -> None:
        self.org, self.agent = org, org.resident("plain")
        made = self.agent.register(url=push_agents.start(at_work), delivery_mode="push", agent_card={"name": "plain"})
        assert made.status_code == 200, made.text
        self.told: list[Any] = []
        self.waiting = threading.Thread(target=self._ask)
        self.waiting.start()
        assert at_work.asked.wait(20)

    def _ask(self) -> None:
        self.told.append(self.org.ask("POST", f"/workspaces/{self.agent.id}/a2a", message("go", "m-let-go")).json())

    def row(self) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.org.ask("GET", f"/workspaces/{self.agent.id}/activity?type=a2a_receive").json()
        return rows[0]

    def cancel(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.org.ask("POST", f"/workspaces/{self.agent.id}/a2a", {
            "jsonrpc": "2.0", "id": "q", "method": "tasks/cancel", "params": {"id": self.row()["id"]}}).json()
        return answer


NOT_FOUND = {"error": {"code": -32001, "message": "Task not found"}}
NO_SUCH_METHOD = {"error": {"code": -32601, "message": "Method not found"}}
NO = {"error": {"code": -32002, "message": "not now"}}


@pytest.mark.parametrize("says", [NOT_FOUND, NO_SUCH_METHOD, None], ids=["no-task", "no-method", "busy"])
def test_what_its_agent_cannot_be_asked_about_is_over_and_its_connection_closed(
        org: Org, push_agents: PushAgents, says: dict[str, Any] | None) -> None:
    at_work = AtWork(says)
    asked = Asked(org, push_agents, at_work)
    try:
        task = asked.cancel()["result"]
        assert task["status"]["state"] == "canceled"
        assert "may go on for itself" in task["status"]["message"]["parts"][0]["text"]
        assert at_work.left.wait(10), "the connection is closed"
        asked.waiting.join(10)
        assert asked.told[0]["result"]["status"]["state"] == "canceled", asked.told
        assert asked.row()["status"] == "canceled"
    finally:
        at_work.may_answer.set()
        asked.waiting.join(20)
    # The next one goes out.
    assert wait_for("the next to be brought", lambda: said(org, asked.agent)) == "too late"


def said(org: Org, agent: Resident) -> str:
    answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("and now?", "m-next")).json()
    return str(answer.get("result", {}).get("parts", [{}])[0].get("text", ""))


def test_an_agent_that_says_no_keeps_it(org: Org, push_agents: PushAgents) -> None:
    at_work = AtWork(NO)
    asked = Asked(org, push_agents, at_work)
    try:
        assert asked.cancel()["error"]["code"] == -32002
        assert not at_work.left.is_set() and asked.waiting.is_alive()
    finally:
        at_work.may_answer.set()
        asked.waiting.join(20)
    assert asked.told[0]["result"]["parts"][0]["text"] == "too late"
