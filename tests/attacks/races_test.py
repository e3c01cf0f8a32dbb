"""The same thing asked many times at the same moment happens once."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
import requests
from attackers import Org, PushAgents, answer_bytes, message

MANY = 16


def at_once(org: Org, ask: Callable[[Org, int], requests.Response]) -> list[requests.Response]:
    """The answers to `ask`, from as many connections, started together."""
    answers: dict[int, requests.Response] = {}
    barrier = threading.Barrier(MANY)

    def run(number: int) -> None:
        own = Org(org.stage)
        own.ask("GET", "/healthz")  # Connected before the start.
        barrier.wait()
        answers[number] = ask(own, number)
        own.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == MANY
    return list(answers.values())


def test_a_message_with_one_id_is_delivered_once(org: Org, push_agents: PushAgents) -> None:
    delivered: list[bytes] = []

    def answer(connection: socket.socket, head: bytes, body: bytes) -> None:
        delivered.append(body)
        time.sleep(0.1)  # Long enough for the others to come while it is under way.
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"parts": [{"text": "x"}]}})))

    agent = org.resident("once", max_concurrent_tasks=MANY)
    assert agent.register(url=push_agents.start(answer), delivery_mode="push").status_code == 200
    path = f"/workspaces/{agent.id}/a2a"
    answers = at_once(org, lambda own, _: own.ask("POST", path, message("same", "same")))
    assert len(delivered) == 1 and {a.status_code for a in answers} <= {200, 202}
    assert len(org.ask("GET", f"/workspaces/{agent.id}/activity").json()) == 1


def test_a_delegation_with_one_key_is_made_once(org: Org) -> None:
    asker, target = org.resident("asker"), org.resident("target")
    assert asker.register().status_code == 200 and target.register().status_code == 200
    answers = at_once(org, lambda own, _: own.ask("POST", f"/workspaces/{asker.id}/delegate", {
        "target_id": target.id, "task": "t", "idempotency_key": "k"}, token=asker.token))
    assert Counter(a.status_code for a in answers) == {202: 1, 200: MANY - 1}
    assert len({a.json()["delegation_id"] for a in answers}) == 1
    assert len(target.ask("GET", "/workspaces/SELF/activity").json()) == 1


def test_a_workspace_is_claimed_by_one(org: Org) -> None:
    made = org.ask("POST", "/workspaces", {"name": "claimed", "runtime": "external"}).json()["id"]
    answers = at_once(org, lambda own, number: own.ask("POST", "/registry/register", {
        "id": made, "agent_card": {"name": f"claimant {number}"}}, token=""))
    winners = [a for a in answers if a.status_code == 200]
    assert len(winners) == 1 and winners[0].json()["auth_token"]
    assert {a.status_code for a in answers} == {200, 401}


def test_two_workspaces_do_not_become_each_others_parent(org: Org) -> None:
    pair = [org.resident("one").id, org.resident("two").id]
    answers = at_once(org, lambda own, number: own.ask(
        "PATCH", f"/workspaces/{pair[number % 2]}", {"parent_id": pair[(number + 1) % 2]}))
    assert {a.status_code for a in answers} == {200, 409}
    parents = [org.ask("GET", f"/workspaces/{one}").json()["parent_id"] for one in pair]
    assert parents.count(None) == 1


@pytest.mark.parametrize("form", ["remove", "keep"])
def test_what_is_removed_stays_removed(org: Org, form: str) -> None:
    agent = org.resident("leaving")
    assert agent.register().status_code == 200
    answers = at_once(org, lambda own, number: own.ask("DELETE", f"/workspaces/{agent.id}") if number % 2 else own.ask(
        "POST", "/registry/register", {"id": agent.id, "agent_card": {"name": "back"}},
        token=agent.token if form == "remove" else None))
    assert {a.status_code for a in answers} <= {200, 410}
    assert org.ask("GET", f"/workspaces/{agent.id}").status_code == 410
    assert agent.beat().status_code == 410


def test_values_saved_while_the_key_changes_can_all_be_read(org: Org) -> None:
    agent = org.resident("keeper")
    assert agent.register().status_code == 200
    answers = at_once(org, lambda own, number: own.ask("POST", "/admin/secrets/rotate") if number % 4 == 0 else own.ask(
        "PUT", f"/workspaces/{agent.id}/secrets", {"key": f"K{number}", "value": f"v{number}"}, token=agent.token))
    assert {a.status_code for a in answers} <= {200, 409}
    values = agent.ask("GET", "/workspaces/SELF/secrets/values").json()
    assert {k: v for k, v in values.items() if k.startswith("K")} == {
        f"K{number}": f"v{number}" for number in range(MANY) if number % 4}
