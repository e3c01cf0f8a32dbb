"""What an agent finds in its inbox: a first fetch without a cursor, and messages as they were sent."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from attackers import Org, PushAgents, Resident, answer_bytes, message

INBOX = "/workspaces/SELF/activity?type=a2a_receive"


def words(rows: Any) -> list[str]:
    return [row["data"]["text"] for row in rows]


@pytest.fixture
def busy(org: Org) -> Resident:
    """Eight messages, of a person and of a peer, with notes of its own between them."""
    agent = org.resident("busy")
    assert agent.register().status_code == 200
    peer = org.resident("peer", agent.id)
    assert peer.register().status_code == 200
    for number in range(8):
        who = peer.token if number % 2 else None
        assert org.ask("POST", f"/workspaces/{agent.id}/a2a", message(f"m{number}"), token=who).status_code == 200
        assert agent.ask("POST", "/workspaces/SELF/notify", {"message": f"own {number}"}).status_code == 200
    return agent


def test_a_first_fetch_brings_the_newest_oldest_first_and_without_its_own(busy: Resident) -> None:
    assert words(busy.ask("GET", INBOX).json()) == [f"m{n}" for n in range(8)]
    page = busy.ask("GET", f"{INBOX}&limit=3").json()
    assert words(page) == ["m5", "m6", "m7"]
    # The last one is the cursor that nothing is behind yet.
    assert busy.ask("GET", f"{INBOX}&since_id={page[-1]['id']}").json() == []
    assert busy.org.ask("POST", f"/workspaces/{busy.id}/a2a", message("later")).status_code == 200
    assert words(busy.ask("GET", f"{INBOX}&since_id={page[-1]['id']}").json()) == ["later"]


def test_a_fetch_leaves_out_what_an_agent_wrote_about_itself(busy: Resident) -> None:
    """Whoever answered such a row would answer itself."""
    own = {"activity_type": "a2a_receive", "source_id": busy.id, "summary": "from me", "method": "message/send"}
    assert busy.ask("POST", "/workspaces/SELF/activity", own).status_code == 200
    assert busy.ask("POST", f"/workspaces/{busy.id}/a2a", message("to myself")).status_code == 200
    page = busy.ask("GET", INBOX).json()
    assert words(page) == [f"m{n}" for n in range(8)]
    assert words(busy.ask("GET", f"{INBOX}&since_id={page[0]['id']}").json()) == [f"m{n}" for n in range(1, 8)]
    assert words(busy.ask("GET", f"{INBOX}&since_secs=60").json()) == [f"m{n}" for n in range(8)]
    # What it delegated and what came of it is told by the platform in its peer's name.
    peer = busy.org.resident("peer", busy.id)
    assert peer.register().status_code == 200
    made = busy.ask("POST", "/workspaces/SELF/delegate", {"target_id": peer.id, "task": "x"}).json()["delegation_id"]
    assert busy.ask("POST", f"/workspaces/SELF/delegations/{made}/update",
                    {"status": "completed", "response_preview": "done"}).status_code == 200
    assert words(busy.ask("GET", INBOX).json())[-1] == "done"


def test_a_first_fetch_that_waits_is_ended_by_a_message_alone(org: Org) -> None:
    agent = org.resident("quiet")
    assert agent.register().status_code == 200
    assert agent.ask("POST", "/workspaces/SELF/notify", {"message": "own"}).status_code == 200
    assert agent.ask("GET", f"{INBOX}&wait=0").json() == []
    assert org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hi")).status_code == 200
    assert words(agent.ask("GET", f"{INBOX}&wait=10").json()) == ["hi"]


@pytest.mark.parametrize("query", ["&source=canvas", "&source=agent", "&order=desc", "&before_ts=2999-01-01T00:00:00Z"])
def test_who_looks_back_still_has_the_newest_first(busy: Resident, query: str) -> None:
    rows = busy.ask("GET", INBOX + query).json()
    assert len(rows) >= 4 and [row["seq"] for row in rows] == sorted((row["seq"] for row in rows), reverse=True)


def test_an_operator_has_the_newest_first_and_all_of_them(busy: Resident) -> None:
    rows = busy.org.ask("GET", INBOX.replace("SELF", busy.id)).json()
    assert len(rows) == 16 and rows[0]["seq"] > rows[-1]["seq"]


@pytest.mark.parametrize("context", [{}, {"contextId": "talk"}])
def test_a_message_has_the_conversation_that_its_sender_named(org: Org, push_agents: PushAgents,
                                                            context: dict[str, str]) -> None:
    came: list[dict[str, Any]] = []

    def keep(connection: socket.socket, head: bytes, body: bytes) -> None:
        came.append(json.loads(body)["params"]["message"])
        connection.sendall(answer_bytes('{"jsonrpc":"2.0","id":1,"result":"yes"}'))

    agent = org.resident("pushed")
    assert agent.register(url=push_agents.start(keep), delivery_mode="push").status_code == 200
    assert org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hi", **context)).status_code == 200
    assert [each.get("contextId") for each in came] == [context.get("contextId")]
