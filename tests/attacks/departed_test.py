"""A workspace that is gone, or never was, takes nothing any more: not from its own token and not from an operator."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from attackers import Org, Resident, message, refused


@pytest.fixture(scope="module")
def gone(org: Org) -> Resident:
    made = org.resident("gone")
    assert made.register().status_code == 200
    assert org.ask("DELETE", f"/workspaces/{made.id}").status_code == 200
    return made


@pytest.fixture(scope="module")
def other(org: Org) -> Resident:
    made = org.resident("other")
    assert made.register().status_code == 200
    return made


WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "/workspaces/SELF", {"name": "back"}), ("DELETE", "/workspaces/SELF", None),
    ("POST", "/workspaces/SELF/pause", None), ("POST", "/workspaces/SELF/resume", None),
    ("POST", "/workspaces/SELF/external/rotate", None), ("POST", "/workspaces/SELF/tokens", {}),
    ("POST", "/admin/workspaces/SELF/tokens", {}), ("POST", "/workspaces/SELF/secrets", {"key": "A", "value": "b"}),
    ("PUT", "/workspaces/SELF/model", {"model": "m"}), ("POST", "/registry/register", {"id": "SELF", "agent_card": {"name": "n"}}),
    ("POST", "/registry/heartbeat", {"workspace_id": "SELF"}),
    ("POST", "/registry/update-card", {"workspace_id": "SELF", "agent_card": {"name": "n"}}),
    ("POST", "/workspaces/SELF/a2a", message("x")), ("POST", "/workspaces/SELF/activity", {"activity_type": "error"}),
    ("POST", "/workspaces/SELF/delegate", {"target_id": "OTHER", "task": "x"}),
    ("POST", "/workspaces/OTHER/delegate", {"target_id": "SELF", "task": "x"}),
    ("POST", "/workspaces/SELF/delegations/record",
     {"target_id": "OTHER", "task": "x", "delegation_id": str(uuid.uuid4())}),
    ("GET", "/workspaces/SELF/events/stream", None)]


def filled(body: Any, gone: str, other: str) -> Any:
    return {name: {"SELF": gone, "OTHER": other}.get(value, value) if isinstance(value, str) else value
            for name, value in body.items()} if isinstance(body, dict) else body


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_removed_workspace_takes_nothing(org: Org, gone: Resident, other: Resident, method: str, path: str,
                                           body: Any) -> None:
    before = org.ask("GET", "/events?limit=1").json()[0]["seq"]
    where = path.replace("SELF", gone.id).replace("OTHER", other.id)
    assert refused(org.ask(method, where, filled(body, gone.id, other.id)), 410)["code"] == "workspace_removed"
    # Its own token is told the same, where it may go at all.
    refused(org.ask(method, where, filled(body, gone.id, other.id), token=gone.token), 401, 410)
    assert org.ask("GET", "/events?limit=1").json()[0]["seq"] == before


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_an_unknown_workspace_takes_nothing(org: Org, other: Resident, method: str, path: str, body: Any) -> None:
    unknown = str(uuid.uuid4())
    before = org.ask("GET", "/events?limit=1").json()[0]["seq"]
    where = path.replace("SELF", unknown).replace("OTHER", other.id)
    refused(org.ask(method, where, filled(body, unknown, other.id)), 403, 404)
    refused(org.ask(method, where, filled(body, unknown, other.id), token=other.token), 401, 403, 404)
    assert org.ask("GET", "/events?limit=1").json()[0]["seq"] == before


def test_a_message_of_a_peer_is_not_answered_to_a_person(org: Org, other: Resident) -> None:
    asker = org.resident("asker")
    assert asker.register().status_code == 200
    delegated = asker.ask("POST", "/workspaces/SELF/delegate", {"target_id": other.id, "task": "count"}).json()
    row = other.ask("GET", "/workspaces/SELF/activity?type=a2a_receive").json()[0]
    assert row["source_id"] == asker.id
    answer = refused(other.ask("POST", "/workspaces/SELF/notify", {"message": "3", "reply_to": row["id"]}), 400)
    assert answer["code"] == "reply_to_peer"
    found = asker.ask("GET", f"/workspaces/SELF/delegations/{delegated['delegation_id']}").json()
    assert found["status"] == "dispatched"
    reply = message("3")
    reply["params"]["message"].update(role="agent", metadata={"reply_to": row["id"]})
    assert other.ask("POST", f"/workspaces/{asker.id}/a2a", reply).status_code == 200
    found = asker.ask("GET", f"/workspaces/SELF/delegations/{delegated['delegation_id']}?wait=5").json()
    assert found["status"] == "completed" and found["result"] == "3"
