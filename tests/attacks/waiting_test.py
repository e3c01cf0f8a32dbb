"""Messages that cannot go out now: how long they wait, in which order they go, and what ends them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

from attackers import Org, PushAgents, Resident, answer_bytes, message, says

PATIENCE = 30.0


def eventually(what: Callable[[], Any], wanted: Any) -> None:
    """Waits until `what` gives `wanted`; shows what it gave instead."""
    until = time.monotonic() + PATIENCE
    while (got := what()) != wanted:
        assert time.monotonic() < until, got
        time.sleep(0.05)


class Heard:
    """An agent that notes what it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[bytes] = []

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        request = json.loads(body)
        self.heads.append(head)
        self.bodies.append(request)
        self.texts.append(request["params"]["message"]["parts"][0]["text"])
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": "done"}),
                                        extra="Connection: close\r\n"))


def away(org: Org, push_agents: PushAgents, parent: str | None = None) -> tuple[Resident, socket.socket]:
    """An agent that is registered at an address where nobody listens, and that address."""
    place = push_agents.reserve()
    agent = org.resident("away", parent)
    assert agent.register(url=f"http://127.0.0.1:{place.getsockname()[1]}/a2a", delivery_mode="push").status_code == 200
    return agent, place


def send(org: Org, agent: Resident, text: str, **params: Any) -> dict[str, Any]:
    body = message(text)
    body["params"].update(params)
    answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def queued(org: Org, agent: Resident, receipt: dict[str, Any]) -> dict[str, Any]:
    return dict(org.ask("GET", f"/workspaces/{agent.id}/a2a/queue/{receipt['queue_id']}").json())


def test_an_agent_that_comes_back_gets_its_messages_in_order(org: Org, push_agents: PushAgents) -> None:
    agent, place = away(org, push_agents)
    texts = [f"m{i}" for i in range(12)]
    receipts = [send(org, agent, text) for text in texts]
    assert queued(org, agent, receipts[0])["attempts"] == 0, "nobody has seen it"
    heard = Heard()
    push_agents.start(heard, place)
    assert agent.beat().status_code == 200
    eventually(lambda: sorted(heard.texts), sorted(texts))
    assert heard.texts[0] == "m0", "the first one shows that the agent is there"
    eventually(lambda: {queued(org, agent, receipt)["status"] for receipt in receipts}, {"completed"})
    assert len(heard.texts) == len(texts), "none twice"


def test_an_agent_that_is_away_longer_than_its_tries_is_still_waited_for(org: Org, push_agents: PushAgents) -> None:
    agent, place = away(org, push_agents)
    receipt = send(org, agent, "hello")
    # Each beat says that it is there, and each time it is not.
    for _ in range(12):
        agent.beat()
        eventually(lambda: queued(org, agent, receipt)["status"], "queued")
    heard = Heard()
    push_agents.start(heard, place)
    # A beat that comes while the last try is still under way changes nothing; agents beat again.
    eventually(lambda: agent.beat().ok and queued(org, agent, receipt)["status"], "completed")
    assert heard.texts == ["hello"]


def test_what_expires_while_it_waits_is_not_delivered(org: Org, push_agents: PushAgents) -> None:
    agent, place = away(org, push_agents)
    body = message("late")
    body["params"]["expires_in_seconds"] = 1
    receipt = org.ask("POST", f"/workspaces/{agent.id}/a2a", body).json()
    eventually(lambda: queued(org, agent, receipt)["status"], "dropped")
    assert "expired" in queued(org, agent, receipt)["last_error"]
    heard = Heard()
    push_agents.start(heard, place)
    agent.beat()
    again = org.ask("POST", f"/workspaces/{agent.id}/a2a", body)
    assert again.status_code == org.ask("POST", f"/workspaces/{agent.id}/a2a", body).status_code >= 500
    assert heard.texts == []


def test_a_removed_agents_messages_and_delegations_end_with_it(org: Org, push_agents: PushAgents) -> None:
    boss = org.resident("boss")
    assert boss.register().status_code == 200
    agent, _ = away(org, push_agents, boss.id)
    receipt = send(org, agent, "hello")
    made = boss.ask("POST", "/workspaces/SELF/delegate", {"target_id": agent.id, "task": "count"}).json()
    assert org.ask("DELETE", f"/workspaces/{agent.id}?confirm=true").status_code == 200
    assert queued(org, agent, receipt)["status"] == "dropped"
    told = boss.ask("GET", f"/workspaces/SELF/delegations/{made['delegation_id']}").json()
    assert told["status"] == "failed" and "removed" in told["error"]


def test_what_an_agent_did_not_fetch_is_pushed_once_it_can_be(org: Org, push_agents: PushAgents) -> None:
    agent = org.resident("polling")
    assert agent.register().status_code == 200
    assert org.ask("POST", f"/workspaces/{agent.id}/a2a", message("kept")).json()["delivery_mode"] == "poll"
    heard = Heard()
    assert agent.register(url=push_agents.start(heard), delivery_mode="push").status_code == 200
    eventually(lambda: heard.texts, ["kept"])


def test_what_an_agent_asked_for_ends_when_it_registers_anew(org: Org, push_agents: PushAgents) -> None:
    agent = org.resident("patient")
    busy = push_agents.start(says(answer_bytes("{}", status="503 Service Unavailable", extra="Retry-After: 3600\r\n")))
    assert agent.register(url=busy, delivery_mode="push").status_code == 200
    send(org, agent, "hello")
    heard = Heard()
    assert agent.register(url=push_agents.start(heard), delivery_mode="push").status_code == 200
    eventually(lambda: heard.texts, ["hello"])
    assert org.ask("POST", f"/workspaces/{agent.id}/a2a", message("again")).status_code == 200


def test_a_message_names_itself_and_what_is_sent_for_it_follows_it(org: Org, push_agents: PushAgents) -> None:
    boss = org.resident("boss")
    heard = Heard()
    assert boss.register(url=push_agents.start(heard), delivery_mode="push").status_code == 200
    peer = org.resident("peer", boss.id)
    peer_heard = Heard()
    assert peer.register(url=push_agents.start(peer_heard), delivery_mode="push").status_code == 200
    # As agents send each other round: each message belongs to the one before it.
    last: dict[str, str] = {}
    stopped = None
    for turn in range(60):
        sender, target, ears = (boss, peer, peer_heard) if turn % 2 == 0 else (peer, boss, heard)
        answer = sender.ask("POST", f"/workspaces/{target.id}/a2a", message(f"turn {turn}"), headers=last)
        if answer.status_code != 200:
            stopped = answer
            break
        named = ears.bodies[-1]["params"]["metadata"]["activity_id"]
        assert f"X-Molecule-Activity-Id: {named}".encode() in ears.heads[-1]
        last = {"X-Molecule-Activity-Id": named}
    assert stopped is not None and stopped.status_code == 409 and stopped.json()["code"] == "loop_stopped"
    assert boss.ask("POST", f"/workspaces/{peer.id}/a2a", message("of its own")).status_code == 200


def test_a_hub_with_one_long_task_is_no_loop(org: Org, push_agents: PushAgents) -> None:
    hub = org.resident("hub")
    assert hub.register().status_code == 200
    assert org.ask("POST", f"/workspaces/{hub.id}/a2a", message("a long task")).status_code == 200
    peer = org.resident("peer", hub.id)
    assert peer.register(url=push_agents.start(Heard()), delivery_mode="push").status_code == 200
    for turn in range(40):
        assert hub.ask("POST", f"/workspaces/{peer.id}/a2a", message(f"{turn}")).status_code == 200
        assert peer.ask("POST", f"/workspaces/{hub.id}/a2a", message(f"{turn}")).status_code == 200
