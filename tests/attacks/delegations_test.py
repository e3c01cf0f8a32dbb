"""Work handed to a peer: what its answer means, whom it may be handed to, and what a key stands for."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from typing import Any

import pytest
import requests
from attackers import Org, PushAgents, Resident, answer_bytes, message, refused, says
from stage import wait_for


def task(state: str, said: str = "", made: str = "") -> dict[str, Any]:
    """A task in the form of 0.3."""
    status: dict[str, Any] = {"state": state}
    if said:
        status["message"] = {"kind": "message", "role": "agent", "messageId": "s", "parts": [{"kind": "text", "text": said}]}
    artifacts = [{"artifactId": "a", "parts": [{"kind": "text", "text": made}]}] if made else []
    return {"kind": "task", "id": "t", "contextId": "c", "status": status, "artifacts": artifacts}


def pair(org: Org, agents: PushAgents, result: Any) -> tuple[Resident, Resident]:
    """Who asks, and a peer that answers so."""
    asker = org.resident("asker")
    assert asker.register().status_code == 200
    peer = org.resident("peer", asker.id)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": result})
    assert peer.register(url=agents.start(says(answer_bytes(body))), delivery_mode="push").status_code == 200
    return asker, peer


def hand_over(asker: Resident, peer: Resident, text: str = "count", **fields: Any) -> dict[str, Any]:
    made = asker.ask("POST", "/workspaces/SELF/delegate", {"target_id": peer.id, "task": text, **fields})
    assert made.status_code == 202, made.text
    return dict(asker.ask("GET", f"/workspaces/SELF/delegations/{made.json()['delegation_id']}?wait=10").json())


FAILED = ["failed", "rejected", "canceled", "TASK_STATE_FAILED", "TASK_STATE_CANCELLED"]
UNFINISHED = ["input-required", "auth-required", "unknown"]
AT_IT = ["working", "submitted", "TASK_STATE_WORKING"]


@pytest.mark.parametrize("state", FAILED + UNFINISHED)
@pytest.mark.parametrize("said", ["", "which colour?"])
def test_a_task_that_is_not_done_is_no_result(org: Org, push_agents: PushAgents, state: str, said: str) -> None:
    asker, peer = pair(org, push_agents, task(state, said))
    told = hand_over(asker, peer)
    name = state.removeprefix("TASK_STATE_").lower().replace("cancelled", "canceled")
    assert told["status"] == ("canceled" if name == "canceled" else "failed") and "result" not in told
    assert said in told["error"] and "{" not in told["error"]
    assert name in told["error"]
    assert ("unfinished" in told["error"]) is (state in UNFINISHED)
    row = next(r for r in asker.ask("GET", "/workspaces/SELF/activity").json() if r["method"] == "delegate_result")
    assert row["status"] == ("canceled" if name == "canceled" else "error") and row["error_detail"] == told["error"]
    # The peer did answer, though with a failure: the row of the message says which.
    mail = next(r for r in peer.ask("GET", "/workspaces/SELF/activity").json() if r["method"] == "message/send")
    assert mail["status"] == ("canceled" if name == "canceled" else "error" if state in FAILED else "ok") and mail["response_body"]["result"]["id"] == "t"


class Busy:
    """An agent that answers that it is at it, and says how that stands when it is asked."""

    def __init__(self, state: str = "working") -> None:
        self.begun = task(state)
        self.stands = self.begun
        self.stopped = task("canceled")
        self.asked: list[str] = []
        self.forgets = False
        self.stopping = threading.Event()
        """A question to stop is answered once this is set."""
        self.stopping.set()

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        method = json.loads(body)["method"]
        self.asked.append(method)
        if method == "tasks/cancel":
            self.stopping.wait(20)
        if method == "tasks/get" and self.forgets:
            connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "no such task"}})))
            return
        result = self.begun if method == "message/send" else self.stopped if method == "tasks/cancel" else self.stands
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result})))


class AtIt:
    """Work that was handed to such an agent."""

    def __init__(self, org: Org, agents: PushAgents, state: str = "working") -> None:
        self.busy = Busy(state)
        self.asker = org.resident("asker")
        assert self.asker.register().status_code == 200
        self.peer = org.resident("peer", self.asker.id)
        assert self.peer.register(url=agents.start(self.busy), delivery_mode="push").status_code == 200
        made = self.hand_over()
        assert made.status_code == 202, made.text
        self.path = f"/workspaces/SELF/delegations/{made.json()['delegation_id']}"
        wait_for("the agent to have it", lambda: "message/send" in self.busy.asked)

    def hand_over(self) -> requests.Response:
        return self.asker.ask("POST", "/workspaces/SELF/delegate",
                              {"target_id": self.peer.id, "task": "count", "idempotency_key": "once"})

    def stands(self, wait: int = 0) -> dict[str, Any]:
        return dict(self.asker.ask("GET", f"{self.path}?wait={wait}").json())

    def results(self) -> list[dict[str, Any]]:
        rows = self.asker.ask("GET", "/workspaces/SELF/activity").json()
        return [row for row in rows if row["method"] == "delegate_result"]


@pytest.mark.parametrize("state", AT_IT)
def test_an_agent_that_is_at_it_is_asked_until_it_is_done(org: Org, push_agents: PushAgents, state: str) -> None:
    work = AtIt(org, push_agents, state)
    wait_for("the agent to be asked", lambda: "tasks/get" in work.busy.asked)
    told = work.stands()
    assert told["status"] == "dispatched" and "error" not in told and work.results() == []
    again = work.hand_over()
    assert again.status_code == 200 and again.json()["idempotent_hit"] is True, "the work is under way"
    work.busy.stands = task("completed", made="three")
    told = work.stands(wait=20)
    assert told["status"] == "completed" and told["result"] == "three" and "error" not in told
    assert [row["status"] for row in work.results()] == ["ok"]
    assert work.hand_over().json()["status"] == "completed" and work.busy.asked.count("message/send") == 1


@pytest.mark.parametrize(("state", "status"), [("failed", "failed"), ("canceled", "canceled"), ("input-required", "failed")])
def test_what_the_agent_says_later_is_how_it_ended(org: Org, push_agents: PushAgents, state: str, status: str) -> None:
    work = AtIt(org, push_agents)
    work.busy.stands = task(state, "out of ink")
    told = work.stands(wait=20)
    assert told["status"] == status and state in told["error"] and "out of ink" in told["error"]
    assert len(work.results()) == 1


def test_a_restart_forgets_nobody_who_is_at_it(org: Org, push_agents: PushAgents) -> None:
    work = AtIt(org, push_agents)
    wait_for("the answer", lambda: "tasks/get" in work.busy.asked)
    org.stage.kill()
    work.busy.stands = task("completed", made="three")
    org.stage.start()
    assert work.stands(wait=20)["result"] == "three"
    assert work.busy.asked.count("message/send") == 1


def test_who_is_at_it_is_told_to_stop(org: Org, push_agents: PushAgents) -> None:
    work = AtIt(org, push_agents)
    wait_for("the answer", lambda: "tasks/get" in work.busy.asked)
    assert work.asker.ask("POST", f"{work.path}/cancel").status_code == 200
    assert work.stands()["status"] == "canceled"
    wait_for("the agent to be told", lambda: "tasks/cancel" in work.busy.asked)
    assert work.stands()["status"] == "canceled" and len(work.results()) == 1


def test_work_that_was_called_off_stands_so_though_its_agent_goes_on(org: Org, push_agents: PushAgents) -> None:
    work = AtIt(org, push_agents)
    work.busy.stopped = task("working")
    wait_for("the answer", lambda: "tasks/get" in work.busy.asked)
    mail = [row for row in org.ask("GET", f"/workspaces/{work.peer.id}/activity").json() if row["method"] == "message/send"][0]
    tree = f"/workspaces/{work.peer.id}/tasks/{mail['id']}/tree"
    wait_for("its word to be noted", lambda: org.ask("GET", tree).json()["nodes"][0]["state"] == "working")
    assert work.asker.ask("POST", f"{work.path}/cancel").status_code == 200
    wait_for("the agent to be told", lambda: "tasks/cancel" in work.busy.asked)
    node = org.ask("GET", tree).json()["nodes"][0]
    assert (node["state"], node["standing"]) == ("canceled", "canceled")


def test_an_agent_that_is_removed_while_it_is_at_it_ends_the_work(org: Org, push_agents: PushAgents) -> None:
    work = AtIt(org, push_agents)
    wait_for("the answer", lambda: "tasks/get" in work.busy.asked)
    assert org.ask("DELETE", f"/workspaces/{work.peer.id}?confirm=true").status_code == 200
    told = work.stands(wait=20)
    assert told["status"] == "failed" and "working" in told["error"]


def test_a_question_back_does_not_begin_the_work_twice(org: Org, push_agents: PushAgents) -> None:
    work = AtIt(org, push_agents, "input-required")
    assert work.stands(wait=10)["status"] == "failed"
    again = work.hand_over()
    assert again.status_code == 200 and again.json()["status"] == "failed"
    assert work.busy.asked.count("message/send") == 1


DONE: dict[str, tuple[Any, str]] = {
    "a completed task": (task("completed", made="three"), "three"),
    "a completed task that says so": (task("completed", "three"), "three"),
    "a completed task of 1.0": ({"task": {"id": "t", "status": {"state": "TASK_STATE_COMPLETED", "message": {
        "role": "ROLE_AGENT", "messageId": "s", "parts": [{"text": "three"}]}}}}, "three"),
    "a message": ({"kind": "message", "role": "agent", "messageId": "r", "parts": [{"kind": "text", "text": "three"}]}, "three"),
    "a word": ("three", "three"),
    "an object with a status of its own": ({"status": "failed over", "text": "three"}, "three"),
    "a word of its own for what it made": ({"status": "success", "artifacts": [{"parts": [{"text": "three"}]}]}, "three")}


@pytest.mark.parametrize("kind", DONE)
def test_what_is_done_is_a_result(org: Org, push_agents: PushAgents, kind: str) -> None:
    result, text = DONE[kind]
    told = hand_over(*pair(org, push_agents, result))
    assert told["status"] == "completed" and told["result"] == text and "error" not in told


NO_RESULT: dict[str, tuple[str, str]] = {
    "a state that nobody knows": (json.dumps({"jsonrpc": "2.0", "id": 1, "result": task("polished", made="three")}), "polished"),
    "a state that nobody knows, in 1.0": ('{"jsonrpc":"2.0","id":1,"result":{"task":{"id":"t","status":{"state":"TASK_STATE_WEIRD"}}}}',
                                          "TASK_STATE_WEIRD"),
    "a task without a state": ('{"jsonrpc":"2.0","id":1,"result":{"kind":"task","id":"t","status":{}}}', "does not say its state"),
    "an envelope alone": ('{"jsonrpc":"2.0","id":1}', "neither a result nor an error"),
    "null": ('{"jsonrpc":"2.0","id":1,"result":null}', "null"),
    "a list for an envelope": ('[{"jsonrpc":"2.0","id":1,"result":"three"}]', "a list"),
    "a list for a result": ('{"jsonrpc":"2.0","id":1,"result":["three"]}', "a list"),
    "a result and an error": ('{"jsonrpc":"2.0","id":1,"result":"three","error":{"code":-32001,"message":"out of ink"}}', "out of ink")}


@pytest.mark.parametrize("kind", NO_RESULT)
def test_what_is_not_understood_is_no_result(org: Org, push_agents: PushAgents, kind: str) -> None:
    body, named = NO_RESULT[kind]
    asker = org.resident("asker")
    assert asker.register().status_code == 200
    peer = org.resident("peer", asker.id)
    assert peer.register(url=push_agents.start(says(answer_bytes(body))), delivery_mode="push").status_code == 200
    told = hand_over(asker, peer)
    assert told["status"] == "failed" and "result" not in told and named in told["error"]


def test_a_person_is_given_the_failed_task_and_its_row_says_that_it_failed(org: Org, push_agents: PushAgents) -> None:
    _, peer = pair(org, push_agents, task("failed", "out of ink"))
    for _ in range(2):
        answer = org.ask("POST", f"/workspaces/{peer.id}/a2a", message("print", "m"))
        assert answer.status_code == 200 and answer.json()["result"]["status"]["state"] == "failed"
    row = org.ask("GET", f"/workspaces/{peer.id}/activity").json()[0]
    assert row["status"] == "error" and "out of ink" in row["error_detail"]


def test_noted_work_obeys_the_rules_of_work_handed_over(org: Org) -> None:
    asker, stranger = org.resident("asker"), org.resident("stranger")
    peer, gone = org.resident("peer", asker.id), org.resident("gone", asker.id)
    hidden = org.resident("hidden", stranger.id)
    for each in (asker, stranger, peer, hidden):
        assert each.register().status_code == 200
    assert org.ask("DELETE", f"/workspaces/{gone.id}?confirm=true").status_code < 300
    before = org.ask("GET", "/events?limit=1").json()[0]["seq"]
    for target in (hidden.id, str(uuid.uuid4()), gone.id, asker.id):
        note = {"target_id": target, "task": "x", "delegation_id": str(uuid.uuid4())}
        handed = asker.ask("POST", "/workspaces/SELF/delegate", {"target_id": target, "task": "x"})
        noted = asker.ask("POST", "/workspaces/SELF/delegations/record", note)
        assert refused(noted) == refused(handed) and noted.status_code == handed.status_code
    assert org.ask("GET", "/events?limit=1").json()[0]["seq"] == before
    note = {"target_id": peer.id, "task": "x", "delegation_id": str(uuid.uuid4())}
    for _ in range(2):
        assert asker.ask("POST", "/workspaces/SELF/delegations/record", note).status_code == 202
    for change in ({"task": "y"}, {"target_id": stranger.id}):
        refused(asker.ask("POST", "/workspaces/SELF/delegations/record", {**note, **change}), 403, 409)


def test_what_is_reported_of_a_peer_obeys_the_same_rule(org: Org) -> None:
    asker, stranger = org.resident("asker"), org.resident("stranger")
    peer, gone = org.resident("peer", asker.id), org.resident("gone", asker.id)
    hidden = org.resident("hidden", stranger.id)
    assert asker.register().status_code == 200
    assert org.ask("DELETE", f"/workspaces/{gone.id}?confirm=true").status_code < 300
    for target in (hidden.id, str(uuid.uuid4()), gone.id):
        noted = asker.ask("POST", "/workspaces/SELF/delegations/record",
                          {"target_id": target, "task": "x", "delegation_id": str(uuid.uuid4())})
        told = asker.ask("POST", "/workspaces/SELF/activity", {"activity_type": "a2a_send", "target_id": target})
        assert refused(told) == refused(noted) and told.status_code == noted.status_code
    assert asker.ask("GET", "/workspaces/SELF/activity").json() == []
    for target in (peer.id, asker.id, None):
        told = asker.ask("POST", "/workspaces/SELF/activity", {"activity_type": "a2a_send", "target_id": target})
        assert told.status_code == 200, told.text


def test_an_access_check_says_what_a_message_would_be_told(org: Org) -> None:
    asker = org.resident("asker")
    peer, gone = org.resident("peer", asker.id), org.resident("gone", asker.id)
    assert org.ask("DELETE", f"/workspaces/{gone.id}?confirm=true").status_code < 300
    unknown = str(uuid.uuid4())
    for one, other, allowed in ((asker, peer.id, True), (asker, asker.id, True), (peer, gone.id, False),
                                (asker, gone.id, False), (asker, unknown, False)):
        body = {"caller_id": one.id, "target_id": other}
        assert one.ask("POST", "/registry/check-access", body).json() == {"allowed": allowed}
        back = {"caller_id": other, "target_id": one.id}
        assert org.ask("POST", "/registry/check-access", back).json() == {"allowed": allowed}
    assert org.ask("POST", "/registry/check-access", {"caller_id": unknown, "target_id": unknown}).json() == {"allowed": False}


def test_a_key_of_noted_work_stands_for_one_piece_of_work_too(org: Org, push_agents: PushAgents) -> None:
    asker, peer = pair(org, push_agents, "done")
    handed = hand_over(asker, peer, "buy milk", idempotency_key="k")

    def note(text: str, key: str, **fields: Any) -> Any:
        return asker.ask("POST", "/workspaces/SELF/delegations/record", {
            "target_id": peer.id, "task": text, "delegation_id": str(uuid.uuid4()), "idempotency_key": key, **fields})

    assert refused(note("sell the house", "k"), 409)["code"] == "idempotency_key_reused"
    same = note("buy milk", "k")
    assert same.status_code == 202 and same.json()["delegation_id"] == handed["delegation_id"]
    noted = note("walk the dog", "n")
    assert noted.status_code == 202 and "idempotent_hit" not in noted.json()
    assert refused(note("wash the dog", "n"), 409)["code"] == "idempotency_key_reused"
    assert note("walk the dog", "n").json()["delegation_id"] == noted.json()["delegation_id"]
    handing = {"target_id": peer.id, "task": "wash the dog", "idempotency_key": "n"}
    assert refused(asker.ask("POST", "/workspaces/SELF/delegate", handing), 409)["code"] == "idempotency_key_reused"
    for key in ("", "k" * 257):
        assert refused(note("walk the dog", key), 400)["code"] == "invalid_idempotency_key"


@pytest.mark.parametrize("first", ["completed", "failed"])
def test_an_ended_delegation_stays_as_it_ended(org: Org, first: str) -> None:
    asker = org.resident("asker")
    peer = org.resident("peer", asker.id)
    made = str(uuid.uuid4())
    assert asker.ask("POST", "/workspaces/SELF/delegations/record",
                     {"target_id": peer.id, "task": "x", "delegation_id": made}).status_code == 202

    def update(status: str, words: str) -> Any:
        name = "response_preview" if status == "completed" else "error"
        return asker.ask("POST", f"/workspaces/SELF/delegations/{made}/update", {"status": status, name: words})

    assert update(first, "three").status_code == 200
    seq = org.ask("GET", "/events?limit=1").json()[0]["seq"]
    again = update(first, "three")
    assert again.status_code == 200 and again.json()["status"] == first
    other = "failed" if first == "completed" else "completed"
    for status, words in ((other, "three"), (other, ""), (first, "four")):
        assert refused(update(status, words), 409)["code"] == "delegation_ended"
    told = asker.ask("GET", f"/workspaces/SELF/delegations/{made}").json()
    assert told["status"] == first and told["result" if first == "completed" else "error"] == "three"
    assert org.ask("GET", "/events?limit=1").json()[0]["seq"] == seq


def test_a_key_stands_for_one_piece_of_work(org: Org, push_agents: PushAgents) -> None:
    asker, peer = pair(org, push_agents, "done")
    other = org.resident("other", asker.id)
    assert other.register().status_code == 200
    first = hand_over(asker, peer, "buy milk", idempotency_key="k")
    same = asker.ask("POST", "/workspaces/SELF/delegate", {"target_id": peer.id, "task": "buy milk", "idempotency_key": "k"})
    assert same.status_code == 200 and same.json()["delegation_id"] == first["delegation_id"]
    for target, text in ((peer, "sell the house"), (other, "buy milk")):
        answer = refused(asker.ask("POST", "/workspaces/SELF/delegate",
                                   {"target_id": target.id, "task": text, "idempotency_key": "k"}), 409)
        assert answer["code"] == "idempotency_key_reused"
    # Another workspace's keys are its own.
    assert peer.ask("POST", "/workspaces/SELF/delegate",
                    {"target_id": other.id, "task": "anything", "idempotency_key": "k"}).status_code == 202


def test_a_failed_try_gives_its_key_to_another_of_the_same(org: Org, push_agents: PushAgents) -> None:
    asker, peer = pair(org, push_agents, task("rejected"))
    first = hand_over(asker, peer, idempotency_key="k")
    refused(asker.ask("POST", "/workspaces/SELF/delegate",
                      {"target_id": peer.id, "task": "other", "idempotency_key": "k"}), 409)
    assert hand_over(asker, peer, idempotency_key="k")["delegation_id"] != first["delegation_id"]


def replies(peer: Resident, asker: Resident, activity: str, text: str) -> requests.Response:
    body = message(text)
    body["params"]["message"]["metadata"] = {"reply_to": activity}
    return peer.ask("POST", f"/workspaces/{asker.id}/a2a", body)


def test_an_answer_for_which_nobody_waits_any_more_comes_as_a_message(org: Org, push_agents: PushAgents) -> None:
    asker, peer = pair(org, push_agents, task("input-required", "soon"))
    told = hand_over(asker, peer)
    assert told["status"] == "failed" and "unfinished" in told["error"]
    mail = next(r for r in peer.ask("GET", "/workspaces/SELF/activity").json() if r["method"] == "message/send")
    answer = replies(peer, asker, mail["id"], "the real answer")
    assert answer.status_code in (200, 202) and answer.json().get("status") != "recorded", answer.text
    inbox = asker.ask("GET", "/workspaces/SELF/activity?type=a2a_receive").json()
    assert any("the real answer" in json.dumps(row["request_body"]) for row in inbox)


def test_an_agent_that_is_at_it_may_answer_by_itself(org: Org, push_agents: PushAgents) -> None:
    work = AtIt(org, push_agents)
    wait_for("the answer", lambda: "tasks/get" in work.busy.asked)
    mail = next(r for r in work.peer.ask("GET", "/workspaces/SELF/activity").json() if r["method"] == "message/send")
    for again in (False, True):
        answer = replies(work.peer, work.asker, mail["id"], "the real answer")
        assert answer.json()["status"] == "recorded" and answer.json().get("duplicate", False) is again, answer.text
        told = work.stands()
        assert told["status"] == "completed" and told["result"] == "the real answer"
    assert len(work.results()) == 1
    other = replies(work.peer, work.asker, mail["id"], "and another thing")
    assert other.json().get("status") != "recorded" and work.stands()["result"] == "the real answer"


def test_an_answer_while_the_question_is_under_way_is_the_answer_and_a_repeat_is_one(
        org: Org, push_agents: PushAgents) -> None:
    asker = org.resident("asker")
    assert asker.register().status_code == 200
    peer = org.resident("peer", asker.id)
    answers: list[requests.Response] = []

    def answering(connection: socket.socket, head: bytes, body: bytes) -> None:
        activity = next(line.split(b": ")[1].decode() for line in head.split(b"\r\n")
                        if line.lower().startswith(b"x-molecule-activity-id"))
        reply = message("forty-two", "same-id")
        reply["params"]["message"]["metadata"] = {"reply_to": activity}
        for _ in range(2):
            answers.append(peer.ask("POST", f"/workspaces/{asker.id}/a2a", reply))
        connection.sendall(answer_bytes("busy", status="503 Service Unavailable"))

    assert peer.register(url=push_agents.start(answering), delivery_mode="push").status_code == 200
    told = hand_over(asker, peer)
    assert told["status"] == "completed" and told["result"] == "forty-two", told
    wait_for("both to be answered", lambda: len(answers) == 2)
    assert [answer.json()["status"] for answer in answers] == ["recorded", "recorded"]
    assert [answer.json().get("duplicate", False) for answer in answers] == [False, True]
