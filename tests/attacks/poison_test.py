"""Text that the door takes but a store cannot keep must not get past the door, nor stop what others do."""

from __future__ import annotations

import json
import uuid

import pytest
from attackers import Org, PushAgents, answer_bytes, message, refused, says
from stage import wait_for

NUL = "a\x00b"


@pytest.mark.parametrize("field", ["current_task", "task", "sample_error", "runtime_state"])
def test_a_beat_with_a_nul_does_not_stop_the_presence_of_others(org: Org, field: str) -> None:
    poisoner, bystander = org.resident("poisoner"), org.resident("bystander")
    poisoner.register(), bystander.register()
    refused(poisoner.beat(**{field: NUL}), 400)
    assert bystander.beat(current_task=f"working on {field}").status_code == 200
    events = wait_for("the bystander's task in the log", lambda: [
        event for event in org.ask("GET", f"/events/{bystander.id}").json()
        if event["event_type"] == "TASK_UPDATED" and event["payload"]["current_task"] == f"working on {field}"], 5)
    assert len(events) == 1


ROUTES = [
    ("POST", "/workspaces", {"name": NUL, "runtime": "external"}),
    ("POST", "/workspaces", {"name": "fine", "runtime": "external", "secrets": {"K": NUL}}),
    ("PATCH", "/workspaces/SELF", {"role": NUL}),
    ("POST", "/registry/register", {"id": "SELF", "agent_card": {"name": NUL}}),
    ("POST", "/registry/update-card", {"workspace_id": "SELF", "agent_card": {"skills": [{"id": NUL}]}}),
    ("POST", "/workspaces/SELF/secrets", {"key": "K", "value": NUL}),
    ("POST", "/workspaces/SELF/notify", {"message": NUL}),
    ("POST", "/workspaces/SELF/activity", {"activity_type": "error", "request_body": {"deep": [NUL]}}),
    ("POST", "/workspaces/SELF/activity", {"activity_type": "error", "summary": NUL}),
    ("POST", "/workspaces/SELF/delegations/record", {"target_id": "SELF", "task": NUL, "delegation_id": str(uuid.uuid4())}),
    ("POST", "/workspaces/SELF/tokens", {"label": NUL}),
    ("POST", "/workspaces/SELF/a2a", message(NUL)), ("POST", "/workspaces/SELF/a2a", message("x", NUL)),
    ("POST", "/workspaces/SELF/a2a", message("x", contextId=NUL, metadata={NUL: 1}))]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_a_nul_is_refused_at_every_door(org: Org, method: str, path: str, body: dict[str, object]) -> None:
    resident = org.resident("writer")
    resident.register()
    filled = json.loads(json.dumps(body).replace("SELF", resident.id))
    before = org.ask("GET", f"/workspaces/{resident.id}").json(), len(org.ask("GET", "/workspaces").json())
    answer = refused(org.ask(method, path.replace("SELF", resident.id), filled), 400)
    assert "NUL" in str(answer["error"])
    after = org.ask("GET", f"/workspaces/{resident.id}").json(), len(org.ask("GET", "/workspaces").json())
    before[0].pop("uptime_seconds"), after[0].pop("uptime_seconds")
    assert before == after
    assert org.ask("GET", f"/workspaces/{resident.id}/activity").json() == []


def test_an_escaped_backslash_before_u0000_is_no_nul(org: Org) -> None:
    resident = org.resident("writer")
    resident.register()
    assert resident.ask("POST", "/workspaces/SELF/notify", {"message": r"C:\u0000"}).status_code == 200
    rows = resident.ask("GET", "/workspaces/SELF/activity").json()
    assert rows[0]["response_body"]["result"] == r"C:\u0000"


@pytest.mark.parametrize(("status", "body"), [
    ("200 OK", {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": NUL}}),
    ("200 OK", {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "long " * 100_000}}),
    ("500 Broken", {"error": NUL}), ("404 Lost", {"message": "x" * 500_000})])
def test_an_agent_whose_error_cannot_be_stored_still_gets_a_result_recorded(
        org: Org, push_agents: PushAgents, status: str, body: dict[str, object]) -> None:
    agent = org.resident("erring")
    url = push_agents.start(says(answer_bytes(json.dumps(body), status=status)))
    assert agent.register(url=url, delivery_mode="push").status_code == 200
    answer = org.ask("POST", f"/workspaces/{agent.id}/a2a", message("hello"))
    assert answer.status_code == {"200 OK": 200, "500 Broken": 502, "404 Lost": 404}[status]
    row = org.ask("GET", f"/workspaces/{agent.id}/activity").json()[0]
    assert row["status"] == "error" and 0 < len(row["error_detail"]) <= 8192 and "\x00" not in row["error_detail"]


@pytest.mark.parametrize("text", [NUL, "\x00"])
def test_an_agent_may_answer_with_a_nul_and_its_delegation_completes(org: Org, push_agents: PushAgents,
                                                                    text: str) -> None:
    asker, agent = org.resident("asker"), org.resident("binary")
    asker.register()
    url = push_agents.start(says(answer_bytes(json.dumps({
        "jsonrpc": "2.0", "id": 1, "result": {"parts": [{"kind": "text", "text": text}]}}))))
    assert agent.register(url=url, delivery_mode="push").status_code == 200
    asked = asker.ask("POST", "/workspaces/SELF/delegate", {"target_id": agent.id, "task": "read a binary file"})
    assert asked.status_code == 202
    path = f"/workspaces/SELF/delegations/{asked.json()['delegation_id']}?wait=10"
    found = asker.ask("GET", path).json()
    assert found["status"] == "completed" and "\x00" not in found["result"]
