"""Dead letters: what ended without anybody's word is seen by people, who send it again or drop it, once and with a reason."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from attackers import Org, PushAgents, Resident, answer_bytes, message, refused


@pytest.fixture
def away(org: Org) -> Resident:
    agent = org.resident("away")
    assert agent.register(url="http://127.0.0.1:9/", delivery_mode="push").status_code == 200
    assert org.ask("POST", f"/workspaces/{agent.id}/pause").status_code == 200
    return agent


def expired(org: Org, agent: Resident, text: str, token: str | None = None) -> dict[str, Any]:
    """A message whose time passed while it waited: as a dead letter."""
    body = message(text, f"m-{uuid.uuid4()}")
    body["params"]["expires_in_seconds"] = 1
    taken = org.ask("POST", f"/workspaces/{agent.id}/a2a", body, token=token)
    assert taken.status_code == 202, taken.text
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for letter in org.ask("GET", f"/dead-letters?workspace_id={agent.id}").json()["items"]:
            if letter["id"] == taken.json()["queue_id"]:
                found: dict[str, Any] = letter
                return found
        time.sleep(0.05)
    raise AssertionError("it did not become a dead letter")


def decide(org: Org, letter: dict[str, Any], what: str, reason: Any = "the agent is back") -> Any:
    return org.ask("POST", f"/dead-letters/{letter['id']}/{what}", {"reason": reason})


def test_what_nobody_answered_is_seen(org: Org, away: Resident) -> None:
    sender = org.resident("sender")
    letter = expired(org, away, "for the drawer", token=sender.token)
    assert letter["standing"] == "expired" and letter["workspace_id"] == away.id and letter["source_id"] == sender.id
    assert "for the drawer" in letter["summary"] and letter["error"] and "fate" not in letter
    for token in (sender.token, away.token):
        refused(org.ask("GET", "/dead-letters", token=token), 403)
        refused(org.ask("POST", f"/dead-letters/{letter['id']}/drop", {"reason": "x"}, token=token), 403)


def test_one_is_sent_again_with_a_reason(org: Org, push_agents: PushAgents, away: Resident) -> None:
    letter = expired(org, away, "hello again")
    assert away.register(url=push_agents.start(lambda connection, head, body: connection.sendall(answer_bytes(
        '{"jsonrpc":"2.0","id":1,"result":{"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"at last"}]}}'))),
        delivery_mode="push").status_code == 200
    org.ask("POST", f"/workspaces/{away.id}/resume")
    assert decide(org, letter, "resend", " ").status_code == 400
    made = decide(org, letter, "resend")
    assert made.status_code == 200, made.text
    again = made.json()["sent_again_as"]
    deadline = time.monotonic() + 20
    row: dict[str, Any] = {}
    while row.get("status") != "ok" and time.monotonic() < deadline:
        row = next(each for each in org.ask("GET", f"/workspaces/{away.id}/activity").json() if each["id"] == again)
        time.sleep(0.05)
    assert row["status"] == "ok" and row["message_id"] != letter["id"], row
    assert "hello again" in str(row["request_body"]) and "at last" in str(row["response_body"])
    first = decide(org, letter, "resend")
    assert first.status_code == 409 and first.json()["code"] == "dead_letter_decided"
    assert org.ask("GET", f"/dead-letters?workspace_id={away.id}").json()["items"] == []
    decided = org.ask("GET", f"/dead-letters?workspace_id={away.id}&state=decided").json()["items"][0]
    assert decided["fate"] == "resent" and decided["reason"] == "the agent is back" and decided["sent_again_as"] == again
    assert decided["decided_by"] == "the admin token" and decided["decided_at"]
    told = [each for each in org.ask("GET", f"/workspaces/{away.id}/activity?type=dead_letter").json()]
    assert len(told) == 1 and "the agent is back" in told[0]["summary"] and told[0]["method"] == "resent"


def test_one_that_is_sent_again_has_a_new_life(org: Org, away: Resident) -> None:
    letter = expired(org, away, "a short life")
    again = decide(org, letter, "resend").json()["sent_again_as"]
    waiting = org.ask("GET", f"/workspaces/{away.id}/a2a/queue/{again}").json()
    assert waiting["status"] == "queued"
    lasts = datetime.fromisoformat(waiting["expires_at"]) - datetime.fromisoformat(waiting["enqueued_at"])
    assert lasts > timedelta(days=1), waiting


def test_one_is_dropped_once(org: Org, away: Resident) -> None:
    letter = expired(org, away, "old news")
    assert decide(org, letter, "drop", "nobody needs it").status_code == 200
    assert decide(org, letter, "drop").status_code == 409
    assert decide(org, letter, "resend").status_code == 409
    assert decide(org, letter | {"id": str(uuid.uuid4())}, "drop").status_code == 404


def test_the_list_goes_on(org: Org, away: Resident) -> None:
    ids = [expired(org, away, f"letter {i}")["id"] for i in range(3)]
    seen, path = [], f"/dead-letters?workspace_id={away.id}&limit=2"
    page = org.ask("GET", path).json()
    seen += [each["id"] for each in page["items"]]
    page = org.ask("GET", f"{path}&before_seq={page['next_before_seq']}").json()
    seen += [each["id"] for each in page["items"]]
    assert page["next_before_seq"] is None and seen == ids[::-1]
    refused(org.ask("GET", "/dead-letters?state=asleep"), 400)


def test_a_delegation_that_died_goes_on_with_its_letter(org: Org, push_agents: PushAgents) -> None:
    asker = org.resident("asker")
    assert asker.register().status_code == 200
    peer = org.resident("peer", asker.id)
    busy = push_agents.start(lambda connection, head, body: connection.sendall(answer_bytes("{}", status="502 Bad Gateway")))
    assert peer.register(url=busy, delivery_mode="push").status_code == 200
    taken = org.ask("POST", f"/workspaces/{asker.id}/a2a", message("please begin", f"m-{uuid.uuid4()}"))
    root = taken.json()["activity_id"]
    work = {"target_id": peer.id, "task": "count", "idempotency_key": "once"}
    made = asker.ask("POST", "/workspaces/SELF/delegate", work, headers={"X-Molecule-Activity-Id": root})
    assert made.status_code == 202, made.text
    path = f"/workspaces/SELF/delegations/{made.json()['delegation_id']}"
    deadline = time.monotonic() + 40
    while (told := asker.ask("GET", path).json())["status"] != "failed":
        assert time.monotonic() < deadline, told
        assert peer.register(url=busy, delivery_mode="push").status_code == 200  # What waits for it is due at once.
        time.sleep(0.05)
    first = told["task_id"]
    assert peer.register(url=push_agents.start(lambda connection, head, body: connection.sendall(answer_bytes(
        '{"jsonrpc":"2.0","id":1,"result":{"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"three"}]}}'))),
        delivery_mode="push").status_code == 200
    letter = org.ask("GET", f"/dead-letters?workspace_id={peer.id}").json()["items"][0]
    assert letter["id"] == first
    resent = decide(org, letter, "resend")
    assert resent.status_code == 200, resent.text
    told = asker.ask("GET", f"{path}?wait=10").json()
    assert told["status"] == "completed" and told["result"] == "three" and "error" not in told
    assert told["task_id"] == resent.json()["sent_again_as"] != first
    results = [row for row in asker.ask("GET", "/workspaces/SELF/activity").json() if row["method"] == "delegate_result"]
    assert [row["status"] for row in results] == ["ok", "error"], "who delegated it is told that it came to an end after all"
    tree = org.ask("GET", f"/workspaces/{asker.id}/tasks/{root}/tree").json()["nodes"]
    assert [(node["kind"], node["state"]) for node in tree[1:]] == [("delegation", "failed"), ("delegation", "completed")]
    again = asker.ask("POST", "/workspaces/SELF/delegate", work)
    assert again.status_code == 200 and again.json()["idempotent_hit"] is True
